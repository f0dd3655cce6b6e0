package apptest_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/verigate/verigate/internal/proc"
)

// startWitness runs a witness to the log in a folder and returns what goes into audit.witnesses, and its folder.
func startWitness(t *testing.T, log string) (setting, dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "witness")
	p, err := proc.Start(nil, program, "audit", "witness", dir, "--log", filepath.Join(log, "LOG"), "--name", "ministry", "--listen", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if code, err := p.Stop(10 * time.Second); err != nil || code != 0 {
			t.Errorf("the witness ended with %d, %v:\n%s", code, err, p.Output())
		}
	})
	line := regexp.MustCompile(`(?m)^witness +(http://\S+ \S+)$`)
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if m := line.FindStringSubmatch(p.Output()); m != nil {
			return m[1], dir
		}
	}
	t.Fatalf("the witness printed\n%s", p.Output())
	return "", ""
}

func (g *gateway) awaitText(t *testing.T, path, want string) {
	t.Helper()
	var body string
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if body = string(g.get(t, g.Admin+path).body); strings.Contains(body, want) {
			return
		}
	}
	t.Fatalf("%s does not say %q: %s", path, want, body)
}

// TestWitnessSeesThroughARewrittenLog runs a gateway, a witness and a verifier, each a process of its own: what the
// witness cosigned proves the log, and shows that one put back from a copy and gone on with is not it.
func TestWitnessSeesThroughARewrittenLog(t *testing.T) {
	home := filepath.Join(t.TempDir(), "demo")
	log := filepath.Join(home, "audit")
	args := []string{"--people", "2000", "--today", today}
	startAs(t, []string{program}, home, args...).end(t)
	copied := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(copied, os.DirFS(log)); err != nil {
		t.Fatal(err)
	}
	setting, dir := startWitness(t, log)
	_, key, _ := strings.Cut(setting, " ")
	command := with("VERIGATE_AUDIT_WITNESSES="+setting, "VERIGATE_AUDIT_OFFER_EVERY=1s", "VERIGATE_AUDIT_CHECKPOINT_EVERY=1s", "VERIGATE_AUDIT_SEGMENT_SIZE=1MiB")
	s := samplesOf(t, "2000", "valid", 1, 9)[0]
	for range 2 {
		g := startAs(t, command, home, args...)
		if f := holdNative(g, s); f != "" {
			t.Fatal(f)
		}
		g.awaitText(t, "/audit/cosigned", "\n— ministry ")
		g.awaitText(t, "/metrics", `verigate_audit_offers_total{result="cosigned"}`)
		g.end(t)
	}
	kept, err := filepath.Glob(filepath.Join(dir, "*.checkpoints"))
	if err != nil || len(kept) != 1 {
		t.Fatalf("the witness kept %v, %v", kept, err)
	}
	verify := []string{"audit", "verify", log, "--checkpoint", kept[0], "--witness", key}
	if code, out := runToEnd(t, verify...); code != 0 || !strings.Contains(out, "cosigned  the newest at ") {
		t.Errorf("the true log: exit code %d:\n%s", code, out)
	}
	if err := os.Rename(log, log+".true"); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(log, os.DirFS(copied)); err != nil {
		t.Fatal(err)
	}
	liar := startAs(t, command, home, args...)
	liar.awaitText(t, "/status", "the log does not continue what the witness cosigned")
	liar.awaitText(t, "/metrics", `verigate_audit_offers_total{result="refused"}`)
	liar.end(t)
	if code, out := runToEnd(t, "audit", "verify", log); code != 0 {
		t.Errorf("without a witness nobody can tell: exit code %d:\n%s", code, out)
	}
	if code, out := runToEnd(t, verify...); code != 1 || !strings.Contains(out, "kept checkpoint") {
		t.Errorf("the rewritten log: exit code %d:\n%s", code, out)
	}
}
