//go:build !unix

package mapped

import (
	"fmt"
	"io"
	"os"
)

// Anonymous returns n zeroed bytes; here they are ordinary memory.
func Anonymous(n int) ([]byte, error) { return make([]byte, n), nil }

// File returns a copy of the first n bytes of f.
func File(f *os.File, n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(io.NewSectionReader(f, 0, int64(n)), b); err != nil {
		return nil, fmt.Errorf("reading %s: %w", f.Name(), err)
	}
	return b, nil
}

// Release does nothing here: the garbage collector gives the memory back.
func Release([]byte) error { return nil }
