package audit_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/verigate/verigate/audit"
	"github.com/verigate/verigate/verify"
)

// places is how many random places each kind of tampering is tried at; `make faults` tries a hundred.
var places = flag.Int("places", 10, "random places each kind of tampering is tried at")

func fill(t testing.TB, l *audit.Log, n int) {
	t.Helper()
	for i := range n {
		d := decision(byte(i))
		d.RequestID[4], d.RequestID[5] = byte(i>>8), byte(rand.Uint32())
		if err := l.Record(context.Background(), []verify.Decision{d}); err != nil {
			t.Fatal(err)
		}
	}
}

// written makes a stopped log of several segments and returns its settings.
func written(t testing.TB, segments, records int) audit.Config {
	t.Helper()
	cfg := settings(t, func(c *audit.Config) { c.SegmentSize = 1 << 20 })
	for range segments {
		l := open(t, cfg)
		fill(t, l, records)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return cfg
}

// copyDir copies a log's folder as it lies there, whoever writes it.
func copyDir(t testing.TB, from string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "audit")
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return to
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// tampered runs verify on a folder in which the files are as given (nil: removed) and puts them back.
func tampered(t testing.TB, cfg audit.VerifyConfig, files map[string][]byte) *audit.Report {
	t.Helper()
	for name, b := range files {
		path := filepath.Join(cfg.Dir, name)
		old, err := os.ReadFile(path)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		existed := err == nil
		_ = os.Remove(path)
		if b != nil {
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		defer func() {
			_ = os.Remove(path)
			if existed {
				if err := os.WriteFile(path, old, 0o600); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	return mustVerify(t, cfg)
}

// named fails unless the report names the file, or a later one that depends on it.
func named(t testing.TB, r *audit.Report, what, file string) {
	t.Helper()
	for _, f := range r.Findings {
		if f.File == file {
			return
		}
	}
	t.Errorf("%s: %s is not named; findings: %v", what, file, r.Findings)
}

func segmentsOf(t testing.TB, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".seg") {
			names = append(names, e.Name())
		}
	}
	return names
}

// A changed byte anywhere in any file is found, and the file is named; inside a segment the place is not behind it.
func TestEveryByteIsCovered(t *testing.T) {
	cfg := written(t, 3, 200)
	entries, err := os.ReadDir(cfg.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		whole := readFile(t, filepath.Join(cfg.Dir, e.Name()))
		if len(whole) == 0 {
			continue
		}
		for range *places {
			b := bytes.Clone(whole)
			at := rand.IntN(len(b))
			b[at] ^= byte(1 + rand.IntN(255))
			r := tampered(t, audit.VerifyConfig{Dir: cfg.Dir}, map[string][]byte{e.Name(): b})
			named(t, r, fmt.Sprintf("byte %d of %d", at, len(b)), e.Name())
			for _, f := range r.Findings {
				if f.File == e.Name() && strings.HasSuffix(f.File, ".seg") && f.Sound > int64(at) {
					t.Errorf("byte %d of %s: the place named begins behind it, at %d", at, e.Name(), f.Sound)
				}
			}
		}
	}
}

// What is not the folder of a log, or of another format, cannot be verified, and is told so.
func TestVerifyCannotRead(t *testing.T) {
	newer := written(t, 1, 1).Dir
	for _, name := range segmentsOf(t, newer) {
		if err := os.Remove(filepath.Join(newer, name)); err != nil {
			t.Fatal(err)
		}
	}
	log := readFile(t, filepath.Join(newer, "LOG"))
	if err := os.WriteFile(filepath.Join(newer, "LOG"), bytes.Replace(log, []byte("format 1"), []byte("format 2"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	foreign := t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, "letter.txt"), []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{
		filepath.Join(t.TempDir(), "none"): "no such file", t.TempDir(): "no LOG file", foreign: "no LOG file", newer: `format "2"`,
	} {
		if _, err := audit.Verify(context.Background(), audit.VerifyConfig{Dir: dir}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want it to say %q", dir, err, want)
		}
	}
}

// snapshot returns the names, sizes and contents of a folder.
func snapshot(t testing.TB, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out[path] = string(readFile(t, path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
