package apptest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestNewcomersFirstLookup starts the demo as `make run` does and runs what the READMEs and the demo itself tell a
// newcomer to type.
func TestNewcomersFirstLookup(t *testing.T) {
	home := t.TempDir() // stands for the clone: data/demo and bin/verigate below it
	g := startDemoIn(t, filepath.Join(home, "data", "demo"))
	if err := os.Mkdir(filepath.Join(home, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(program, filepath.Join(home, "bin", "verigate")); err != nil {
		t.Fatal(err)
	}
	for _, where := range []string{"README.md", "README.vi.md", "the demo's greeting"} {
		t.Run(where, func(t *testing.T) {
			script := greetingCurl(g.Output())
			if strings.HasSuffix(where, ".md") {
				script = strings.ReplaceAll(readmeCurl(t, where), "http://127.0.0.1:8080", g.Gateway)
			}
			cmd := exec.Command("sh", "-c", script)
			cmd.Dir = home
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), `"outcome":"match"`) {
				t.Errorf("%s\nanswered %v: %s", script, err, out)
			}
		})
	}
}

// readmeCurl returns the first shell block with a curl line in it.
func readmeCurl(t *testing.T, name string) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", name))
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range strings.Split(string(page), "```sh\n")[1:] {
		if block, _, _ = strings.Cut(block, "```"); strings.Contains(block, "curl ") {
			return block
		}
	}
	t.Fatalf("%s shows no curl line", name)
	return ""
}

// greetingCurl returns the curl command, continued lines included, that the demo printed.
func greetingCurl(output string) string {
	_, rest, _ := strings.Cut(output, "curl ")
	line := "curl "
	for l := range strings.Lines(rest) {
		line += l
		if !strings.HasSuffix(strings.TrimRight(l, "\r\n"), `\`) {
			break
		}
	}
	return line
}
