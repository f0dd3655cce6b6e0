package replace

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// File writes data to path; see [With].
func File(path string, data []byte) error {
	return With(path, func(w io.Writer) error { _, err := w.Write(data); return err })
}

// With has write fill a file beside path and renames it into place once it is on disk. A new file is for its owner only;
// one that replaces another keeps the other's mode, because readers under other users may have been let in. When write
// or anything else fails, path stays as it was and nothing is left behind; the error names path.
func With(path string, write func(io.Writer) error) (err error) {
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
	if err = write(f); err != nil {
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

// syncDir makes a rename durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
