package replace_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/verigate/verigate/internal/replace"
)

func TestReplaces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for _, step := range []struct {
		text  string
		chmod os.FileMode // after writing
		mode  os.FileMode // as written
	}{{"first", 0o640, 0o600}, {"second, longer", 0o644, 0o640}, {"", 0o644, 0o644}} {
		if err := replace.File(path, []byte(step.text)); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != step.mode {
			t.Errorf("%q: mode %v (%v), want %v", step.text, info.Mode(), err, step.mode)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != step.text {
			t.Errorf("got %q (%v), want %q", got, err, step.text)
		}
		if err := os.Chmod(path, step.chmod); err != nil {
			t.Fatal(err)
		}
	}
}

// A write that fails half-way leaves the old file and no other.
func TestFailureLeavesTheOldFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := replace.File(path, []byte("old")); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	err := replace.With(path, func(w io.Writer) error {
		if _, err := io.WriteString(w, "ne"); err != nil {
			return err
		}
		return broken
	})
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "old" {
		t.Errorf("the file holds %q (%v)", got, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}

func TestMissingFolder(t *testing.T) {
	if err := replace.File(filepath.Join(t.TempDir(), "none", "file"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
