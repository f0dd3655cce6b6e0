//go:build !unix

package apptest_test

import "os"

// Nothing stops a process here: sending these fails, and the test with it.
var freeze, thaw os.Signal = os.Interrupt, os.Interrupt
