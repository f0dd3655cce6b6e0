package apptest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/verigate/verigate/internal/demofile"
	"github.com/verigate/verigate/internal/proc"
)

// TestSecondDemoLeavesTheFirstAlone: whoever starts a demo once more on the same folder is told so, and the one that runs
// keeps its demo.json, without which no hand tool finds it.
func TestSecondDemoLeavesTheFirstAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "demo")
	startDemoIn(t, dir, "--people", "2000", "--today", today)
	want, err := demofile.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, people := range []string{"2000", "3000"} {
		second, err := proc.Start(nil, program, "demo", "--data", dir, "--people", people, "--today", today,
			"--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--registry", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(second.Kill)
		code, err := second.Wait(30 * time.Second)
		if err != nil || code != 2 || !strings.Contains(second.Output(), dir) {
			t.Errorf("a second demo of %s people ended with exit code %d, %v, want 2 naming the folder:\n%s", people, code, err, second.Output())
		}
		if got, err := demofile.Read(dir); err != nil || got != want {
			t.Errorf("after a second demo of %s people demo.json is %+v, %v", people, got, err)
		}
	}
}

// TestFilterBuildChecksFirst: what an operator got wrong is told before a nation's export is read, and a pipe gets no
// progress bar.
func TestFilterBuildChecksFirst(t *testing.T) {
	g := startDemo(t, "--people", "2000")
	out := filepath.Join(t.TempDir(), "n.vgf")
	for _, c := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"a folder that is not there", []string{"--out", filepath.Join(out, "none", "n.vgf")}, 2, "--out"},
		{"a rate that is none", []string{"--out", out, "--fp", "2"}, 2, "--fp 2"},
		{"sound", []string{"--out", out}, 0, out},
	} {
		p, err := proc.Start(nil, program, append([]string{"filter", "build", "--registry", g.Registry}, c.args...)...)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.Kill)
		code, err := p.Wait(30 * time.Second)
		if err != nil || code != c.code || !strings.Contains(p.Output(), c.want) || strings.Contains(p.Output(), "\n\n") || strings.HasPrefix(p.Output(), "\n") {
			t.Errorf("%s: exit code %d, %v, want %d naming %q in one line:\n%q", c.name, code, err, c.code, c.want, p.Output())
		}
	}
	beside, err := os.ReadDir(filepath.Dir(out))
	if err != nil || len(beside) != 1 {
		t.Errorf("beside the file lies something else: %v, %v", beside, err)
	}
}
