package clients

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/verigate/verigate/internal/watched"
)

// source is where a gateway's directory comes from. Only the loader calls it, one call at a time.
type source interface {
	// next looks whether there is a directory other than the one last told. It returns nil when there is nothing new to
	// say, also about a directory that was refused; an edition without a text when what is in force is there again. Its
	// error is an [awayError] when the place could not be asked at all.
	next(ctx context.Context) (*edition, error)
	// keep is told what is in force now.
	keep(e *edition) error
	// fallback is what to start with when the first look failed, and when it was last known to be right.
	fallback(reason error) (*edition, time.Time, error)
	name() string
	changes(s *Secrets) Store
	close() error
}

// edition is one version of a directory.
type edition struct {
	version string
	text    []byte
	sealed  []byte // as it came from Redis
	number  uint64 // in Redis
}

// fileSource watches a file.
type fileSource struct{ file *watched.File }

func newFileSource(path string) *fileSource { return &fileSource{file: directoryFile(path)} }

// next implements source.
func (s *fileSource) next(context.Context) (*edition, error) {
	if !s.file.Changed() {
		return nil, nil
	}
	raw, err := readFile(s.file)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(raw)
	return &edition{version: hex.EncodeToString(sum[:8]), text: raw}, nil
}

func (s *fileSource) keep(*edition) error { return nil }

func (s *fileSource) fallback(reason error) (*edition, time.Time, error) {
	return nil, time.Time{}, reason
}

func (s *fileSource) name() string { return s.file.Path }

func (s *fileSource) changes(secrets *Secrets) Store {
	return &FileStore{Path: s.file.Path, Secrets: secrets}
}

func (s *fileSource) close() error { return nil }

func directoryFile(path string) *watched.File { return &watched.File{Path: path, Limit: MaxFile} }

func readFile(f *watched.File) ([]byte, error) {
	raw, err := f.Read()
	if err != nil {
		return nil, fmt.Errorf("reading the caller directory: %w", err)
	}
	return raw, nil
}
