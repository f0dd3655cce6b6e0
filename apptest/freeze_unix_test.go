//go:build unix

package apptest_test

import (
	"os"
	"syscall"
)

// freeze stops a process where it stands, thaw lets it go on.
var freeze, thaw os.Signal = syscall.SIGSTOP, syscall.SIGCONT
