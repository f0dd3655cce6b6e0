//go:build unix

package mapped

import (
	"fmt"
	"os"
	"syscall"
)

// Anonymous returns n bytes of zeroed memory outside the Go heap; pages that are never touched cost nothing. [Release]
// gives it back.
func Anonymous(n int) ([]byte, error) {
	if n == 0 {
		return nil, nil
	}
	b, err := syscall.Mmap(-1, 0, n, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("reserving %d bytes of memory: %w", n, err)
	}
	return b, nil
}

// File returns a read-only view of the first n bytes of f, which may be closed afterwards. [Release] ends it. Writing
// to the view, or cutting the file short while it is in use, crashes the process.
func File(f *os.File, n int) ([]byte, error) {
	if n == 0 {
		return nil, nil
	}
	b, err := syscall.Mmap(int(f.Fd()), 0, n, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("mapping %s: %w", f.Name(), err)
	}
	return b, nil
}

// Release gives back what [Anonymous] or [File] returned; nobody may hold a view of it any more.
func Release(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	return syscall.Munmap(b)
}
