//go:build !unix

package main

import (
	"errors"
	"os"
)

var errLocked = errors.New("another process has it")

func lockFile(*os.File) error { return errors.New("locking a file needs a Unix system") }
