package apptest_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/verigate/verigate/internal/proc"
)

// fingerprint is a folder to the last bit: names, modes, sizes, times of change, contents.
func fingerprint(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		out[path] = fmt.Sprintf("%v %d %v %x", info.Mode(), info.Size(), info.ModTime(), sha256.Sum256(b))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// holdRefused runs a command that must refuse a folder: exit code 2, the reason told, nothing touched.
func holdRefused(t *testing.T, dir, reason string, command []string) {
	t.Helper()
	before := fingerprint(t, dir)
	p, err := proc.Start(nil, command[0], command[1:]...)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Kill()
	code, err := p.Wait(30 * time.Second)
	if err != nil || code != 2 || !strings.Contains(p.Output(), reason) || !strings.Contains(p.Output(), dir) {
		t.Errorf("%v: exit code %d, %v, want 2 naming %s and %q:\n%s", command, code, err, dir, reason, p.Output())
	}
	if after := fingerprint(t, dir); !maps.Equal(before, after) {
		t.Errorf("%v: the folder was changed", command)
	}
}

// TestFoldersThatAreNotOurs: a folder that is foreign, older, newer or damaged is refused by the gateway and by the tools
// with the reason, and left as it is to the last bit.
func TestFoldersThatAreNotOurs(t *testing.T) {
	home := filepath.Join(t.TempDir(), "demo")
	for range 2 {
		startAs(t, []string{program}, home, "--people", "2000", "--today", today).end(t)
	}
	replace := func(name, old, text string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			t.Helper()
			path := filepath.Join(dir, name)
			b, err := os.ReadFile(path)
			if err != nil || !bytes.Contains(b, []byte(old)) {
				t.Fatalf("%s: %q, %v", path, b, err)
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, bytes.Replace(b, []byte(old), []byte(text), 1), 0o640); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name, reason, tool string // tool: what verify says; empty: it reports findings instead
		change             func(t *testing.T, dir string)
	}{
		{"foreign", "this is not the folder of an audit log", "this is not the folder of an audit log", func(t *testing.T, dir string) {
			t.Helper()
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			if err := os.MkdirAll(filepath.Join(dir, "letters"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "letters", "a.txt"), []byte("dear"), 0o600); err != nil {
				t.Fatal(err)
			}
		}},
		{"newer", `format "2"`, "", replace("LOG", "format 1", "format 2")},
		{"older", `format "0"`, "", replace("LOG", "format 1", "format 0")},
		{"damaged LOG", "LOG file is damaged", "", replace("LOG", "nonce ", "nonse ")},
		{"damaged checkpoint", "checkpoint", "", replace("checkpoint", "\n2\n", "\n7\n")},
	} {
		t.Run(c.name, func(t *testing.T) {
			other := filepath.Join(t.TempDir(), "demo")
			if err := os.CopyFS(other, os.DirFS(home)); err != nil {
				t.Fatal(err)
			}
			for _, key := range []string{"keys", "."} { // a copy's secrets are as closed as the originals
				closeFiles(t, filepath.Join(other, key))
			}
			dir := filepath.Join(other, "audit")
			c.change(t, dir)
			holdRefused(t, dir, c.reason, []string{program, "demo", "--data", other, "--people", "2000", "--today", today,
				"--listen", freeAddr(t), "--admin", freeAddr(t), "--registry", freeAddr(t)})
			before := fingerprint(t, dir)
			for _, args := range [][]string{{"verify", dir}, {"find", dir}} {
				code, out := runToEnd(t, append([]string{"audit"}, args...)...)
				if code == 0 && args[0] == "verify" || c.tool != "" && (code != 2 || !strings.Contains(out, c.tool)) {
					t.Errorf("%v: exit code %d:\n%s", args, code, out)
				}
			}
			if after := fingerprint(t, dir); !maps.Equal(before, after) {
				t.Error("a tool that only reads changed the folder")
			}
		})
	}
}

func closeFiles(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && !strings.HasSuffix(path, ".seg") {
			err = os.Chmod(path, 0o600)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
