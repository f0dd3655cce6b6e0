//go:build !unix

package registry

import (
	"errors"
	"os"
)

func lockFile(*os.File) error { return errors.New("locking a file needs a Unix system") }
