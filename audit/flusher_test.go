package audit_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/verigate/verigate/audit"
)

// TestFlusher flushes in the background and, once the kernel has refused to, in the foreground.
func TestFlusher(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	flusher := audit.NewFlusher()
	defer flusher.Close()
	flush := func() {
		for range 100 {
			if _, err := io.WriteString(f, "x"); err != nil {
				t.Fatal(err)
			}
			if err := flusher.Sync(f); err != nil {
				t.Fatal(err)
			}
		}
	}
	flush()
	if err := flusher.Sync(w); err == nil {
		t.Error("a pipe cannot be flushed")
	}
	flush()
	_ = f.Close()
	if err := flusher.Sync(f); err == nil {
		t.Error("a closed file cannot be flushed")
	}
}
