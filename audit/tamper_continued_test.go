package audit_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/verigate/verigate/audit"
	"github.com/verigate/verigate/config"
)

// Who has the keys too can cut a log back and go on with it as if nothing had been; only a checkpoint that somebody
// else kept shows it, and between which segments.
func TestTruncatedAndContinued(t *testing.T) {
	cfg := written(t, 2, 100)
	early := copyDir(t, cfg.Dir)
	more := func(dir string) {
		c := cfg
		c.Dir = dir
		l := open(t, c)
		fill(t, l, 100)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	more(cfg.Dir)
	kept := readFile(t, filepath.Join(cfg.Dir, "checkpoints"))
	more(early)
	more(early)

	if r := mustVerify(t, audit.VerifyConfig{Dir: early}); !r.Sound() {
		t.Errorf("without the kept checkpoints nobody can tell: %v", r.Findings)
	}
	r := mustVerify(t, audit.VerifyConfig{Dir: early, Checkpoints: kept})
	if len(r.Findings) != 1 || !strings.Contains(r.Findings[0].Reason, "between segment 3 and segment 3") {
		t.Errorf("with them: %v", r.Findings)
	}
	if r := mustVerify(t, audit.VerifyConfig{Dir: cfg.Dir, Checkpoints: kept}); !r.Sound() {
		t.Errorf("the true log: %v", r.Findings)
	}
	// A checkpoint that went through mail or an editor is still one; a text that is none accuses nobody.
	text := string(kept)
	for name, mailed := range map[string]string{
		"line ends of Windows": strings.ReplaceAll(text, "\n", "\r\n"), "last line unfinished": strings.TrimSpace(text),
		"blank lines": "\n" + text + "\n\n" + text, "marked as UTF-8": "\ufeff" + text,
	} {
		r, err := audit.Verify(t.Context(), audit.VerifyConfig{Dir: cfg.Dir, Checkpoints: []byte(mailed)})
		if err != nil || !r.Sound() {
			t.Errorf("%s: %v, %v", name, r, err)
		}
	}
	for _, foreign := range []string{"hello\n", text + "hello\n", strings.Split(text, "— ")[0]} {
		if r, err := audit.Verify(t.Context(), audit.VerifyConfig{Dir: cfg.Dir, Checkpoints: []byte(foreign)}); err == nil || !strings.Contains(err.Error(), "is not a signed checkpoint") {
			t.Errorf("%q: %v, %v", foreign, r, err)
		}
	}
}

// live makes a log that is being written, links and a checkpoint included, and returns a copy of its folder as a crash
// would leave it, with the newest checkpoint.
func live(t *testing.T) (cfg audit.Config, dir string, kept []byte) {
	t.Helper()
	cfg = settings(t, func(c *audit.Config) {
		c.SegmentSize, c.LinkEvery, c.Checkpoint = 512<<10, config.Duration(100*time.Millisecond), config.Duration(100*time.Millisecond)
	})
	l := open(t, cfg)
	fill(t, l, 100)
	for l.Checkpoint() == nil {
		time.Sleep(10 * time.Millisecond)
	}
	kept = l.Checkpoint()
	fill(t, l, 100)
	dir = copyDir(t, cfg.Dir)
	if err := os.Remove(filepath.Join(dir, "checkpoint")); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return cfg, dir, kept
}

// A segment that was being written is as well covered, its unused rest included.
func TestLiveSegmentIsCovered(t *testing.T) {
	_, dir, _ := live(t)
	name := segmentsOf(t, dir)[0]
	whole := readFile(t, filepath.Join(dir, name))
	offs, lens, types := audit.Frames(whole)
	end := offs[len(offs)-1] + lens[len(lens)-1]
	if !slices.Contains(types, audit.TypeLink) || len(whole) != 512<<10 {
		t.Fatalf("%v, %d bytes: not what this test needs", types, len(whole))
	}
	if r := mustVerify(t, audit.VerifyConfig{Dir: dir}); !r.Sound() {
		t.Fatal(r.Findings)
	}
	for i := range 3 * *places {
		at := []int{rand.IntN(len(whole)), rand.IntN(end), end + rand.IntN(4096)}[i%3]
		b := bytes.Clone(whole)
		b[at] ^= byte(1 + rand.IntN(255))
		r := tampered(t, audit.VerifyConfig{Dir: dir}, map[string][]byte{name: b})
		if at%8 == 3 && len(r.Notes) > 0 {
			continue // the bit that publishes a record; without it the record looks as if a crash had come between
		}
		named(t, r, fmt.Sprintf("byte %d, end %d", at, end), name)
	}
}

// A checkpoint that was kept vouches also for the segment that was being written: cutting it back is found.
func TestLiveSegmentCutBack(t *testing.T) {
	_, dir, kept := live(t)
	name := segmentsOf(t, dir)[0]
	b := readFile(t, filepath.Join(dir, name))
	offs, _, types := audit.Frames(b)
	first := slices.Index(types, audit.TypeLink)
	for _, i := range []int{0, 1, first / 2, first} {
		cut := bytes.Clone(b)
		clear(cut[offs[i]:])
		if r := tampered(t, audit.VerifyConfig{Dir: dir}, map[string][]byte{name: cut}); !r.Sound() {
			t.Errorf("cut to %d records, nobody kept anything: %v", i, r.Findings)
		}
		r := tampered(t, audit.VerifyConfig{Dir: dir, Checkpoints: kept}, map[string][]byte{name: cut})
		named(t, r, fmt.Sprintf("cut to %d records", i), "kept checkpoint")
	}
}

// Who has the keys cuts the log back to any record and goes on with it as after a crash: nobody can tell, but for who
// kept a checkpoint of what was there.
func TestCutBackAndContinuedWithTheKeys(t *testing.T) {
	cfg, dir, kept := live(t)
	name := segmentsOf(t, dir)[0]
	whole := readFile(t, filepath.Join(dir, name))
	offs, _, types := audit.Frames(whole)
	last := slices.Index(types, audit.TypeLink) // the kept checkpoint vouches for what the first link covers, or more
	for range *places {
		i := rand.IntN(last)
		c := cfg
		c.Dir = copyDir(t, dir)
		b := bytes.Clone(whole)
		clear(b[offs[i]:])
		if err := os.WriteFile(filepath.Join(c.Dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := audit.Open(c, audit.Deps{})
		if err != nil {
			t.Fatal(err)
		}
		fill(t, l, 300)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if r := mustVerify(t, audit.VerifyConfig{Dir: c.Dir}); !r.Sound() {
			t.Fatalf("cut back to %d records: a forger with the keys was clumsy: %v", i, r.Findings)
		}
		r := mustVerify(t, audit.VerifyConfig{Dir: c.Dir, Checkpoints: kept})
		named(t, r, fmt.Sprintf("cut back to %d records", i), "kept checkpoint")
		if !strings.Contains(fmt.Sprint(r.Findings), name) {
			t.Errorf("cut back to %d records: the segment is not named: %v", i, r.Findings)
		}
	}
}
