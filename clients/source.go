package clients

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"time"
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

// fileSource watches a file. A file system without notifications (network, container mounts) is the normal case for this
// file, so it is looked at rather than listened to.
type fileSource struct {
	path    string
	seen    stamp
	growing stamp // of a file written in place, until it has looked the same twice
}

// stamp tells whether a file is worth reading again.
type stamp struct {
	modified time.Time
	size     int64
	info     os.FileInfo
}

func (s stamp) same(t stamp) bool {
	return s.info != nil && t.info != nil && os.SameFile(s.info, t.info) && s.size == t.size && s.modified.Equal(t.modified)
}

// inPlace tells whether s is the file t as somebody wrote into it.
func (s stamp) inPlace(t stamp) bool {
	return s.info != nil && t.info != nil && os.SameFile(s.info, t.info)
}

// next implements source. A file that was replaced is whole; one that was written in place may not be yet, and has to
// look the same twice.
func (s *fileSource) next(context.Context) (*edition, error) {
	now, err := stampOf(s.path)
	if err != nil {
		s.seen = stamp{}
		return nil, err
	}
	if now.same(s.seen) {
		return nil, nil
	}
	if now.inPlace(s.seen) && !now.same(s.growing) {
		s.growing = now
		return nil, nil
	}
	raw, err := readFile(s.path)
	if err != nil {
		return nil, err
	}
	s.seen = now
	sum := sha256.Sum256(raw)
	return &edition{version: hex.EncodeToString(sum[:8]), text: raw}, nil
}

func (s *fileSource) keep(*edition) error { return nil }

func (s *fileSource) fallback(reason error) (*edition, time.Time, error) {
	return nil, time.Time{}, reason
}

func (s *fileSource) name() string { return s.path }

func (s *fileSource) changes(secrets *Secrets) Store {
	return &FileStore{Path: s.path, Secrets: secrets}
}

func (s *fileSource) close() error { return nil }

func stampOf(path string) (stamp, error) {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}, fmt.Errorf("reading the caller directory: %w", err)
	}
	return stamp{modified: info.ModTime(), size: info.Size(), info: info}, nil
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the caller directory: %w", err)
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading the caller directory: %w", err)
	}
	if len(raw) > MaxFile {
		return nil, fmt.Errorf("reading the caller directory: %s is longer than %d MiB", path, MaxFile>>20)
	}
	return raw, nil
}
