package apptest_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// program is the race-built program under test.
var program string

// today is the nation's date in every test, so that a failure can be had again tomorrow.
const today = "2026-06-15"

func TestMain(m *testing.M) { os.Exit(build(m)) }

func build(m *testing.M) int {
	dir, err := os.MkdirTemp("", "verigate-apptest-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "making a folder for the program:", err)
		return 1
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil { // one test runs the program as somebody else
		fmt.Fprintln(os.Stderr, "opening the program's folder:", err)
		return 1
	}
	program = filepath.Join(dir, "verigate")
	cmd := exec.Command("go", "build", "-race", "-o", program, "github.com/verigate/verigate/cmd/verigate")
	if out, err := cmd.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building the program: %v\n%s(the race detector needs cgo and a C compiler)\n", err, bytes.TrimSpace(out))
		return 1
	}
	// A race-built program waits a second before it exits, once for every command a test gives.
	if err := os.Setenv("GORACE", os.Getenv("GORACE")+" atexit_sleep_ms=0"); err != nil {
		fmt.Fprintln(os.Stderr, "setting GORACE:", err)
		return 1
	}
	return m.Run()
}
