package watched_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/verigate/verigate/internal/watched"
)

// TestChanged walks one file through its life.
func TestChanged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	write := func(text string) func() error { return func() error { return os.WriteFile(path, []byte(text), 0o600) } }
	replace := func(text string) func() error {
		return func() error {
			if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
				return err
			}
			return os.Rename(path+".new", path)
		}
	}
	nothing := func() error { return nil }
	f := &watched.File{Path: path, Limit: 10}
	steps := []struct {
		name    string
		do      func() error
		changed bool
		read    bool   // read it after looking
		text    string // what is read; "": an error
	}{
		{"not there", nothing, true, true, ""},
		{"made", write("one"), true, true, "one"},
		{"left alone", nothing, false, false, ""},
		{"written in place", write("two, half"), false, false, ""},
		{"still being written", write("two whole."), false, false, ""},
		{"settled", nothing, true, true, "two whole."},
		{"replaced", replace("three"), true, true, "three"},
		{"left alone again", nothing, false, false, ""},
		{"too long", replace("more than ten"), true, true, ""},
		{"told once", nothing, false, false, ""},
		{"gone", func() error { return os.Remove(path) }, true, true, ""},
	}
	for _, s := range steps {
		if err := s.do(); err != nil {
			t.Fatal(err)
		}
		if got := f.Changed(); got != s.changed {
			t.Errorf("%s: changed %v, want %v", s.name, got, s.changed)
		}
		if !s.read {
			continue
		}
		text, err := f.Read()
		if (err == nil) != (s.text != "") || string(text) != s.text {
			t.Errorf("%s: read %q, %v", s.name, text, err)
		}
	}
}
