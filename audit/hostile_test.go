//go:build unix

package audit_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/verigate/verigate/audit"
	"github.com/verigate/verigate/config"
)

// within fails a test whose work does not end: a pipe nobody writes to, a device without an end.
func within(t *testing.T, what string, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); do() }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal(what + " does not end")
	}
}

// Whoever filled the folder may have put anything there; reading it ends, names the place and follows nothing out of it.
func TestHostileFolder(t *testing.T) {
	pipe := func(path string) error { return unix.Mkfifo(path, 0o600) }
	link := func(to string) func(string) error {
		return func(path string) error { return os.Symlink(to, path) }
	}
	huge := func(path string) error {
		b, err := os.ReadFile(path + ".was")
		if err != nil {
			return err
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			return err
		}
		return os.Truncate(path, 1<<40)
	}
	folder := func(path string) error { return os.Mkdir(path, 0o700) }
	outside := filepath.Join(t.TempDir(), "outside")
	write(t, outside, "not yours")
	for what, put := range map[string]func(string) error{"a pipe": pipe, "a device": link("/dev/zero"), "a link": link(outside), "a file without an end": huge, "a folder": folder} {
		t.Run(what, func(t *testing.T) {
			cfg := written(t, 3, 20)
			names := segmentsOf(t, cfg.Dir)
			for _, name := range []string{names[1], names[2], "seals", "checkpoints", "checkpoint", "lock", "cosigned", "next.tmp"} {
				path := filepath.Join(cfg.Dir, name)
				if err := os.Rename(path, path+".was"); err != nil && !os.IsNotExist(err) {
					t.Fatal(err)
				}
				if err := put(path); err != nil {
					if os.IsNotExist(err) {
						continue // nothing there to make longer
					}
					t.Fatal(err)
				}
				was := filepath.Join(t.TempDir(), "was")
				moved := os.Rename(path+".was", was) == nil
				within(t, "verifying "+name, func() {
					r, err := audit.Verify(context.Background(), audit.VerifyConfig{Dir: cfg.Dir})
					if err == nil && r.Sound() && name != "lock" && (name != "next.tmp" || what == "a pipe") {
						t.Errorf("%s may be %s", name, what)
					}
				})
				within(t, "searching beside "+name, func() {
					s := audit.Search{Dir: cfg.Dir, Visit: func(*audit.Found) error { return nil }, Problem: func(error) {}}
					if err := s.Run(context.Background()); err != nil {
						t.Errorf("%s: %v", name, err)
					}
				})
				if err := os.RemoveAll(path); err != nil {
					t.Fatal(err)
				}
				if moved {
					if err := os.Rename(was, path); err != nil {
						t.Fatal(err)
					}
				}
			}
			if b := readFile(t, outside); string(b) != "not yours" {
				t.Error("a file outside was changed")
			}
		})
	}
}

// A segment that is cut while it is searched is a problem of that segment, never the end of the process that searches:
// gateways look into their old segments for citizens.
func TestSegmentCutWhileSearched(t *testing.T) {
	cfg := settings(t, func(c *audit.Config) { c.SegmentSize = 1 << 20 })
	for range 2 {
		l := open(t, cfg)
		fill(t, l, 2000)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	first := filepath.Join(cfg.Dir, segmentsOf(t, cfg.Dir)[0])
	found, problems := 0, 0
	s := audit.Search{Dir: cfg.Dir, Problem: func(err error) {
		problems++
		if !strings.Contains(err.Error(), filepath.Base(first)) {
			t.Error(err)
		}
	}, Visit: func(*audit.Found) error {
		if found++; found == 1 {
			if err := os.Chmod(first, 0o600); err != nil {
				return err
			}
			return os.Truncate(first, 4096)
		}
		return nil
	}}
	if err := s.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if problems != 1 || found < 2000 {
		t.Errorf("%d problems, %d records found", problems, found)
	}
}

// Retention excuses what is missing only if the chain vouches for the event that says so, and only what was as old as
// it says.
func TestForgedHorizon(t *testing.T) {
	cases := map[string]struct {
		older  string
		sealed bool // the event is in the chain
	}{
		"behind the last link":        {"1d", false},
		"of segments that are young":  {"1d", true},
		"of a time that nobody sets":  {"1ms", true},
		"of a time that is no time":   {"long ago", true},
		"of less than a negative day": {"-900d", true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			cfg := settings(t, quick, func(c *audit.Config) {
				c.LinkEvery, c.Compress = config.Duration(time.Minute), config.Duration(300*24*time.Hour)
			})
			var clock clockAt
			at := noon
			if !c.sealed {
				at = noon.Add(-72 * time.Hour) // old enough, only the link is missing
			}
			clock.put(at)
			run := func(act func(*audit.Log)) {
				l, err := audit.Open(cfg, audit.Deps{Clock: clock.now})
				if err != nil {
					t.Fatal(err)
				}
				act(l)
				if err := l.Close(); err != nil {
					t.Fatal(err)
				}
			}
			for range 2 {
				run(func(l *audit.Log) { fill(t, l, 10) })
			}
			dir := cfg.Dir
			clock.put(noon.Add(time.Hour))
			run(func(l *audit.Log) {
				eventually(t, "a link", func() bool { return !strings.HasPrefix(l.Status().Linked, "0000000000") })
				if err := l.Event("retention", "gateway", "through", "2", "last_record", "24", "older_than", c.older); err != nil {
					t.Fatal(err)
				}
				if !c.sealed {
					dir = copyDir(t, cfg.Dir)
				}
			})
			for _, name := range segmentsOf(t, dir)[:2] {
				if err := os.Remove(filepath.Join(dir, name)); err != nil {
					t.Fatal(err)
				}
			}
			r := mustVerify(t, audit.VerifyConfig{Dir: dir})
			named(t, r, name, "00000000000000000001.seg")
			named(t, r, name, "00000000000000000002.seg")
		})
	}
}
