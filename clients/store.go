package clients

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Store is the directory file as those see it who change it. Several programs may hold a store on the same file: a
// change is made under a lock beside it, and the file is replaced whole, so that a reader sees the old one or the new
// one and nothing between.
type Store struct {
	Path    string
	Secrets *Secrets
}

// Read returns the directory as it is now.
func (s *Store) Read() (*File, error) {
	raw, err := readFile(s.Path)
	if err != nil {
		return nil, err
	}
	f, err := Decode(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Path, err)
	}
	return f, nil
}

// Update reads the directory, lets change work on it and puts the result in place. If change fails, or its result
// would not be accepted by [Decode], the file stays as it is. A file that does not exist is made.
func (s *Store) Update(change func(*File) error) error {
	unlock, err := lockFile(s.Path + ".lock")
	if err != nil {
		return fmt.Errorf("locking the caller directory: %w", err)
	}
	defer unlock()
	f, err := s.Read()
	if errors.Is(err, fs.ErrNotExist) {
		f, err = new(File), nil
	}
	if err != nil {
		return err
	}
	if err := change(f); err != nil {
		return err
	}
	var out bytes.Buffer
	if err := f.Encode(&out); err != nil {
		return err
	}
	if _, err := Decode(bytes.NewReader(out.Bytes())); err != nil {
		return fmt.Errorf("the change is refused: %w", err)
	}
	return replaceFile(s.Path, out.Bytes())
}

// replaceFile writes data beside path and renames it into place, on disk before it returns. Only the owner may read it.
func replaceFile(path string, data []byte) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
			err = fmt.Errorf("writing %s: %w", path, err)
		}
	}()
	if _, err = f.Write(data); err != nil {
		return err
	}
	if err = keepMode(f, path); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// keepMode gives the new file the mode of the one it replaces: a gateway under another user may have been let in.
func keepMode(f *os.File, path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // os.CreateTemp made it 0600
	}
	if err != nil {
		return err
	}
	return f.Chmod(info.Mode().Perm())
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
