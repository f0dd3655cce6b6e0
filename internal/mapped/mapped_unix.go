//go:build unix

package mapped

import (
	"fmt"
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

// Release gives back what [Anonymous] returned; nobody may hold a view of it any more.
func Release(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	return syscall.Munmap(b)
}
