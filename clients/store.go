package clients

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/verigate/verigate/internal/replace"
)

// Store is where the directory is kept, as those see it who change it: a file or Redis. Several programs may hold a
// store on the same place at the same time; no change is lost.
type Store interface {
	// Read returns the directory as it is now.
	Read(ctx context.Context) (*File, error)
	// Update lets change work on the directory and puts the result in place in one step. It may call change again, on a
	// directory that somebody else has changed meanwhile. If change fails, or its result would not be accepted by
	// [Decode], everything stays as it is. A directory that does not exist is made.
	Update(ctx context.Context, change func(*File) error) error
}

// ErrChangeRefused is what a change gives whose result is not a sound directory.
var ErrChangeRefused = errors.New("the change is refused")

// FileStore keeps the directory in a file. A change is made under a lock beside it, and the file is replaced whole, so
// that a reader sees the old one or the new one and nothing between.
type FileStore struct {
	Path    string
	Secrets *Secrets // for those who change entries; the store itself needs none
}

// Read implements [Store].
func (s *FileStore) Read(context.Context) (*File, error) {
	raw, err := readFile(directoryFile(s.Path))
	if err != nil {
		return nil, err
	}
	f, err := Decode(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Path, err)
	}
	return f, nil
}

// Update implements [Store]. It calls change once.
func (s *FileStore) Update(ctx context.Context, change func(*File) error) error {
	unlock, err := lockFile(s.Path + ".lock")
	if err != nil {
		return fmt.Errorf("locking the caller directory: %w", err)
	}
	defer unlock()
	f, err := s.Read(ctx)
	if errors.Is(err, fs.ErrNotExist) {
		f, err = new(File), nil
	}
	if err != nil {
		return err
	}
	if err := change(f); err != nil {
		return err
	}
	raw, err := encodeSound(f)
	if err != nil {
		return err
	}
	return replace.File(s.Path, raw)
}

// encodeSound returns the text of a directory that [Decode] accepts. It holds the entries to the same rules without
// reading the text again, which would take as long as all the rest.
func encodeSound(f *File) ([]byte, error) {
	faults, seen := new(faultList), newUniqueness()
	for i, e := range f.Entries {
		err := e.Validate()
		if err == nil {
			err = seen.add(e)
		}
		if err != nil {
			faults.add(i+2, err) // below the header
		}
	}
	var out bytes.Buffer
	if err := f.Encode(&out); err != nil {
		return nil, err
	}
	n := 0
	for line := range bytes.Lines(out.Bytes()) {
		if n++; len(line) >= maxLine {
			faults.add(n, fmt.Errorf("longer than %d KiB", maxLine>>10))
		}
	}
	if out.Len() > MaxFile {
		faults.add(n, fmt.Errorf("the directory is longer than %d MiB", MaxFile>>20))
	}
	if err := faults.err(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrChangeRefused, err)
	}
	return out.Bytes(), nil
}
