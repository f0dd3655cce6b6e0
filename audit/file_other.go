//go:build !unix

package audit

import (
	"errors"
	"os"
)

var errNoMapping = errors.New("the audit log needs a Unix system")

func mapFile(*os.File, int) ([]byte, error) { return nil, errNoMapping }

func mapMemory(size int) ([]byte, error) { return nil, errNoMapping }

func mapReadOnly(f *os.File, size int) ([]byte, error) {
	b := make([]byte, size)
	_, err := f.ReadAt(b, 0)
	return b, err
}

func unmap([]byte) {}

func lockDir(string) (*os.File, error) { return nil, errNoMapping }

func beingWritten(string) bool { return false }
