package audit_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/verigate/verigate/audit"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/verify"
)

// places is how many random places each kind of tampering is tried at.
const places = 100

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
		for range places {
			b := bytes.Clone(whole)
			at := rand.IntN(len(b))
			b[at] ^= byte(1 + rand.IntN(255))
			r := tampered(t, audit.VerifyConfig{Dir: cfg.Dir}, map[string][]byte{e.Name(): b})
			named(t, r, fmt.Sprintf("byte %d of %d", at, len(b)), e.Name())
			for _, f := range r.Findings {
				if f.File == e.Name() && strings.HasSuffix(f.File, ".seg") && f.Offset > int64(at) {
					t.Errorf("byte %d of %s: the place named, %d, is behind it", at, e.Name(), f.Offset)
				}
			}
		}
	}
}

// A forger who knows the format and makes checksums, and sequence numbers right is found by the chain, in the segment.
func TestForgedSegments(t *testing.T) {
	cfg := written(t, 3, 300)
	names := segmentsOf(t, cfg.Dir)
	forgeries := map[string]func(b []byte, offs, lens []int, i int) []byte{
		"edited": func(b []byte, offs, lens []int, i int) []byte {
			f := b[offs[i] : offs[i]+lens[i]]
			f[20+rand.IntN(lens[i]-30)] ^= byte(1 + rand.IntN(255))
			audit.Rehash(f)
			return b
		},
		"deleted": func(b []byte, offs, lens []int, i int) []byte {
			b = slices.Delete(b, offs[i], offs[i]+lens[i])
			return renumber(b)
		},
		"deleted, not renumbered": func(b []byte, offs, lens []int, i int) []byte {
			return slices.Delete(b, offs[i], offs[i]+lens[i])
		},
		"reordered": func(b []byte, offs, lens []int, i int) []byte {
			j := i + 1 + rand.IntN(3)
			if j >= len(offs)-1 || lens[i] != lens[j] {
				i, j = 5, 7
			}
			x, y := b[offs[i]:offs[i]+lens[i]], b[offs[j]:offs[j]+lens[j]]
			tmp := bytes.Clone(x)
			copy(x, y)
			copy(y, tmp)
			return renumber(b)
		},
		"inserted": func(b []byte, offs, lens []int, i int) []byte {
			return renumber(slices.Insert(b, offs[i], bytes.Clone(b[offs[1]:offs[1]+lens[1]])...))
		},
		"cut off":            func(b []byte, _, _ []int, _ int) []byte { return b[:rand.IntN(len(b))] },
		"cut off at a frame": func(b []byte, offs, _ []int, i int) []byte { return b[:offs[i]] },
		"emptied":            func([]byte, []int, []int, int) []byte { return []byte{} },
		"grown":              func(b []byte, _, _ []int, _ int) []byte { return append(b, make([]byte, 1+rand.IntN(4096))...) },
		"a tail of zeros":    func(b []byte, offs, _ []int, i int) []byte { clear(b[offs[i]:]); return b },
	}
	for what, forge := range forgeries {
		t.Run(what, func(t *testing.T) {
			for range places {
				name := names[rand.IntN(len(names))]
				b := readFile(t, filepath.Join(cfg.Dir, name))
				offs, lens, types := audit.Frames(b)
				i := rand.IntN(len(offs))
				for types[i] != audit.TypeDecision {
					i = rand.IntN(len(offs))
				}
				r := tampered(t, audit.VerifyConfig{Dir: cfg.Dir}, map[string][]byte{name: forge(b, offs, lens, i)})
				named(t, r, fmt.Sprintf("record %d", i), name)
			}
		})
	}
}

// renumber gives the frames of a segment rising sequence numbers and right checksums.
func renumber(b []byte) []byte {
	offs, lens, _ := audit.Frames(b)
	if len(offs) == 0 {
		return b
	}
	first := audit.Seq(b[offs[0]:])
	for i := range offs {
		audit.SetSeq(b[offs[i]:offs[i]+lens[i]], first+uint64(i))
	}
	return b
}

// Files that are removed, exchanged, renamed or slipped in are found.
func TestForgedFolder(t *testing.T) {
	cfg := written(t, 4, 50)
	names := segmentsOf(t, cfg.Dir)
	file := func(name string) []byte { return readFile(t, filepath.Join(cfg.Dir, name)) }
	cut := func(name string, share int) []byte { b := file(name); return b[:len(b)*share/4] }
	cases := map[string]struct {
		files map[string][]byte
		named string
	}{
		"first segment removed":       {map[string][]byte{names[0]: nil}, names[0]},
		"middle segment removed":      {map[string][]byte{names[1]: nil}, names[1]},
		"last segment removed":        {map[string][]byte{names[3]: nil}, names[3]},
		"segments exchanged":          {map[string][]byte{names[1]: file(names[2]), names[2]: file(names[1])}, names[1]},
		"segment repeated":            {map[string][]byte{names[2]: file(names[1])}, names[2]},
		"segment added":               {map[string][]byte{"00000000000000000005.seg": file(names[3])}, "00000000000000000005.seg"},
		"segment of zeros":            {map[string][]byte{names[2]: make([]byte, 4096)}, names[2]},
		"seals removed":               {map[string][]byte{"seals": nil}, "seals"},
		"seals cut by one":            {map[string][]byte{"seals": cut("seals", 3)}, "seals"},
		"seals and last segment gone": {map[string][]byte{"seals": cut("seals", 3), names[3]: nil}, "checkpoints"},
		"checkpoints removed":         {map[string][]byte{"checkpoints": nil}, "checkpoints"},
		"checkpoints cut by two":      {map[string][]byte{"checkpoints": cut("checkpoints", 2)}, "checkpoints"},
		"newest checkpoint removed":   {map[string][]byte{"checkpoint": nil}, "checkpoint"},
		"newest checkpoint aged":      {map[string][]byte{"checkpoint": cut("checkpoints", 1)}, "checkpoint"},
		"LOG removed":                 {map[string][]byte{"LOG": nil}, "LOG"},
		"LOG of another log":          {map[string][]byte{"LOG": readFile(t, filepath.Join(written(t, 1, 1).Dir, "LOG"))}, "LOG"},
		"lock filled":                 {map[string][]byte{"lock": []byte("x")}, "lock"},
		"a file slipped in":           {map[string][]byte{"notes.txt": []byte("x")}, "notes.txt"},
		"a used file being prepared":  {map[string][]byte{"next.tmp": append(make([]byte, 4000), 7)}, "next.tmp"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			named(t, tampered(t, audit.VerifyConfig{Dir: cfg.Dir}, c.files), name, c.named)
		})
	}
	if r := mustVerify(t, audit.VerifyConfig{Dir: cfg.Dir}); !r.Sound() {
		t.Errorf("put back: %v", r.Findings)
	}
}

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
	for i := range 3 * places {
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
