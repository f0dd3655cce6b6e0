package audit_test

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/verigate/verigate/audit"
)

// A folder that is not ours to write is refused with the reason, and left exactly as it was.
func TestOpenRefuses(t *testing.T) {
	put := func(t *testing.T, path string, b []byte) {
		t.Helper()
		_ = os.Remove(path)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	replace := func(name, old, text string) func(*testing.T, audit.Config) {
		return func(t *testing.T, cfg audit.Config) {
			path := filepath.Join(cfg.Dir, name)
			put(t, path, bytes.Replace(readFile(t, path), []byte(old), []byte(text), 1))
		}
	}
	change := func(name string, how func([]byte) []byte) func(*testing.T, audit.Config) {
		return func(t *testing.T, cfg audit.Config) {
			path := filepath.Join(cfg.Dir, name)
			put(t, path, how(readFile(t, path)))
		}
	}
	cases := []struct {
		name, want string
		damage     func(*testing.T, audit.Config)
	}{
		{"foreign", "this is not the folder of an audit log", func(t *testing.T, cfg audit.Config) {
			if err := os.RemoveAll(cfg.Dir); err != nil {
				t.Fatal(err)
			}
			if err := os.Mkdir(cfg.Dir, 0o700); err != nil {
				t.Fatal(err)
			}
			put(t, filepath.Join(cfg.Dir, "letter.txt"), []byte("hello"))
		}},
		{"foreign LOG", "this is not the folder of an audit log", change("LOG", func([]byte) []byte { return []byte("2026-11-21 started\n") })},
		{"newer", `format "2"`, replace("LOG", "format 1", "format 2")},
		{"older", `format "0"`, replace("LOG", "format 1", "format 0")},
		{"damaged LOG", "LOG file is damaged", replace("LOG", "nonce", "nunce")},
		{"another signing key", "signing key is not the one", func(t *testing.T, cfg audit.Config) {
			other := t.TempDir()
			if err := audit.EnsureKeys(other); err != nil {
				t.Fatal(err)
			}
			put(t, filepath.Join(cfg.Keys, "signing.key"), readFile(t, filepath.Join(other, "signing.key")))
		}},
		{"no signing key", "signing.key", func(t *testing.T, cfg audit.Config) { _ = os.Remove(filepath.Join(cfg.Keys, "signing.key")) }},
		{"another epoch key", "epoch-0001.key is not the key that epoch 1", func(t *testing.T, cfg audit.Config) {
			put(t, filepath.Join(cfg.Keys, "epoch-0001.key"), []byte(strings.Repeat("a", 40)))
		}},
		{"short epoch key", "epoch key 1 has 5 characters", func(t *testing.T, cfg audit.Config) {
			put(t, filepath.Join(cfg.Keys, "epoch-0001.key"), []byte("short"))
		}},
		{"damaged seal", "seals, offset 0: the seal of segment 1", change("seals", func(b []byte) []byte { b[30]++; return b })},
		{"seals cut back", "the log was cut back", change("seals", func(b []byte) []byte { return b[:len(b)/2] })},
		{"checkpoint of another log", "checkpoint: ", change("checkpoint", func(b []byte) []byte { return bytes.ToUpper(b) })},
		{"damaged open segment", "offset 568, record 20: the record is damaged", func(t *testing.T, cfg audit.Config) { crash(t, cfg, 10, 3, 40) }},
		{"missing segment", "00000000000000000003.seg is missing", func(t *testing.T, cfg audit.Config) {
			put(t, filepath.Join(cfg.Dir, "00000000000000000004.seg"), make([]byte, 1000))
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			cfg := settings(t, quick)
			for range 2 {
				l := open(t, cfg)
				fill(t, l, 5)
				if err := l.Close(); err != nil {
					t.Fatal(err)
				}
			}
			c.damage(t, cfg)
			before := snapshot(t, cfg.Dir)
			_, err := audit.Open(cfg, audit.Deps{})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), cfg.Dir) {
				t.Errorf("%v\nwant the folder and %q", err, c.want)
			}
			after := snapshot(t, cfg.Dir)
			delete(after, filepath.Join(cfg.Dir, "lock"))
			delete(before, filepath.Join(cfg.Dir, "lock"))
			if !maps.Equal(before, after) {
				t.Errorf("the folder was changed: %v, now %v", slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after)))
			}
		})
	}
}

// crash puts a segment into the folder as a crash leaves it, with n records, and changes a byte of one of them.
func crash(t *testing.T, cfg audit.Config, n, record, at int) {
	t.Helper()
	l := open(t, cfg)
	fill(t, l, n)
	names := segmentsOf(t, cfg.Dir)
	name := names[len(names)-1]
	b := readFile(t, filepath.Join(cfg.Dir, name))
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	offs, _, _ := audit.Frames(b)
	first := audit.Seq(b[offs[0]:])
	b[offs[record]+at]++
	// The seal and its checkpoint were never written.
	for file, lines := range map[string]int{"seals": 1, "checkpoints": 1} {
		whole := readFile(t, filepath.Join(cfg.Dir, file))
		if err := os.WriteFile(filepath.Join(cfg.Dir, file), whole[:len(whole)*(len(names)-lines)/len(names)], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_ = os.Remove(filepath.Join(cfg.Dir, "checkpoint"))
	_ = os.Remove(filepath.Join(cfg.Dir, name))
	if err := os.WriteFile(filepath.Join(cfg.Dir, name), b, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s begins with record %d", name, first)
}

// Two writers on one folder would ruin it: the second is refused.
func TestOpenTwice(t *testing.T) {
	cfg := settings(t, quick)
	open(t, cfg)
	if _, err := audit.Open(cfg, audit.Deps{}); err == nil || !strings.Contains(err.Error(), "another process writes this log") {
		t.Errorf("%v", err)
	}
}

// A segment torn at any place, as a crash or a copy of a crashed disk leaves it, is sound and mentioned; the next start
// repairs it, and what was whole before the tear is kept.
func TestTornTail(t *testing.T) {
	cfg, dir, _ := live(t)
	name := segmentsOf(t, dir)[0]
	whole := readFile(t, filepath.Join(dir, name))
	offs, lens, types := audit.Frames(whole)
	end := offs[len(offs)-1] + lens[len(lens)-1]
	linked := offs[slices.Index(types, audit.TypeLink)]
	tears := map[string]func(at int) []byte{
		"cut off": func(at int) []byte { return whole[:at] },
		"claimed, unwritten": func(at int) []byte {
			i, _ := slices.BinarySearch(offs, at)
			i = min(i, len(offs)-1)
			b := bytes.Clone(whole)
			b[offs[i]+3] |= 0x80
			clear(b[offs[i]+8:])
			return b
		},
		"claimed by two, marked by the second": func(at int) []byte {
			b := bytes.Clone(whole)
			i, _ := slices.BinarySearch(offs, at)
			if i > len(offs)-2 {
				return b // nobody behind it
			}
			clear(b[offs[i]:])
			copy(b[offs[i+1]:], whole[offs[i+1]:offs[i+1]+4])
			b[offs[i+1]+3] |= 0x80
			return b
		},
		"a lost sector": func(at int) []byte { // the power went before it was written
			b := bytes.Clone(whole)
			clear(b[(at+511)/512*512:])
			return b
		},
	}
	for what, tear := range tears {
		t.Run(what, func(t *testing.T) {
			for range 8 {
				at := linked + 80 + rand.IntN(end-linked-80)
				kept, _ := slices.BinarySearch(offs, at) // the frames that begin before it; the last may be torn
				c := cfg
				c.Dir = copyDir(t, dir)
				holdTorn(t, c, name, tear(at), kept-1)
			}
		})
	}
}

// holdTorn checks one torn segment: verify finds it sound, opening repairs it and says so, and no whole record is lost.
func holdTorn(t *testing.T, cfg audit.Config, name string, b []byte, kept int) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(cfg.Dir, name), b, 0o600); err != nil {
		t.Fatal(err)
	}
	torn := mustVerify(t, audit.VerifyConfig{Dir: cfg.Dir})
	if !torn.Sound() || torn.Last < uint64(kept) {
		t.Fatalf("%d frames of %d; %v", torn.Last, kept, torn.Findings)
	}
	l := open(t, cfg)
	fill(t, l, 5)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	r := mustVerify(t, audit.VerifyConfig{Dir: cfg.Dir})
	if !r.Sound() || r.Decisions != torn.Decisions+5 {
		t.Errorf("repaired: %d decisions, want %d; %v", r.Decisions, torn.Decisions+5, r.Findings)
	}
	if !slices.ContainsFunc(events(t, cfg.Dir), func(e audit.Event) bool { return e.Kind == "recovered" }) {
		t.Error("the repair is not written down")
	}
}
