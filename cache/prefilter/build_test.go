package prefilter_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/verigate/verigate/cache/prefilter"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

var kinds = []identity.Kind{identity.KindID, identity.KindCode, identity.KindCard}

func build(t testing.TB, s *stand) *prefilter.Generation {
	t.Helper()
	g, err := prefilter.Build(context.Background(), s, prefilter.BuildConfig{Pause: time.Millisecond}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// live returns a filter that has everything it needs to say no.
func live(t testing.TB, g *prefilter.Generation) *prefilter.Filter {
	t.Helper()
	var cfg prefilter.Config
	config.Defaults(&cfg)
	cfg.CheckEvery = 0
	f := prefilter.New(cfg, prefilter.Deps{})
	f.Swap(g)
	_, version := f.Position()
	f.Resume(version)
	if !f.SetWatermark(version, time.Unix(1, 0), 0) {
		t.Fatal("the first watermark was refused")
	}
	return f
}

// denied tells whether f says that the key was never issued, at a time just after the first watermark.
func denied(f *prefilter.Filter, k identity.Key) bool {
	l := verify.Lookup{Now: verify.Instant{Mono: 1}, Keys: []identity.Key{k}, Held: make([]verify.Held, 1)}
	f.Screen(&l)
	return l.Held[0].State == verify.StateAbsent
}

func key(t testing.TB, kind identity.Kind, packed uint64) identity.Key {
	t.Helper()
	k, ok := identity.UnpackKey(kind, packed)
	if !ok {
		t.Fatalf("%d is not a packed %s", packed, kind)
	}
	return k
}

// deniedOf counts how many of n packed keys f denies, in batches as large as a batch call's.
func deniedOf(t testing.TB, f *prefilter.Filter, kind identity.Kind, n uint64, of func(uint64) uint64) (count uint64) {
	t.Helper()
	const batch = 500
	l := verify.Lookup{Now: verify.Instant{Mono: 1}}
	for i := uint64(0); i < n; {
		l.Keys = l.Keys[:0]
		for ; i < n && len(l.Keys) < batch; i++ {
			l.Keys = append(l.Keys, key(t, kind, of(i)))
		}
		l.Held = make([]verify.Held, len(l.Keys))
		f.Screen(&l)
		for _, h := range l.Held {
			if h.State == verify.StateAbsent {
				count++
			}
		}
	}
	return count
}

func TestNobodyIsDenied(t *testing.T) {
	s := newStand(manyPeople)
	f := live(t, build(t, s))
	for _, kind := range kinds {
		if n := deniedOf(t, f, kind, s.count[kind], s.keys[kind]); n != 0 {
			t.Errorf("%d identifiers of kind %s of the export are denied", n, kind)
		}
	}
}

func TestFalsePositiveRate(t *testing.T) {
	const fp, asked = 0.001, 2 * manyPeople
	s := newStand(manyPeople)
	f := live(t, build(t, s))
	for _, kind := range kinds {
		// Between two real numbers: what a typo in the last digit looks like.
		typo := func(i uint64) uint64 { return s.keys[kind](i/2) + 1 + i%2 }
		if rate := 1 - float64(deniedOf(t, f, kind, asked, typo))/asked; rate < fp*(1-fpMargin) || rate > fp*(1+fpMargin) {
			t.Errorf("%s: false-positive rate %.5f, want within %v of %v", kind, rate, fpMargin, fp)
		}
	}
}

func TestBuildRefuses(t *testing.T) {
	flip := func(at int) func([]byte) []byte {
		return func(b []byte) []byte { b[at] ^= 4; return b }
	}
	header := func(k string, v any) func(*stand) {
		return func(s *stand) { s.header = func(h map[string]any) { h[k] = v } }
	}
	for name, c := range map[string]struct {
		harm func(*stand)
		want string
	}{
		"bit flipped in a block":   {func(s *stand) { s.body = flip(100) }, "checksum"},
		"bit flipped in trailer":   {func(s *stand) { s.body = func(b []byte) []byte { return flip(len(b) - 1)(b) } }, "checksum over all blocks"},
		"count flipped in trailer": {func(s *stand) { s.body = func(b []byte) []byte { return flip(len(b) - 16)(b) } }, "were announced"},
		"half the keys":            {header("count", 5000), "announced"},
		"double the keys":          {header("count", 20000), "announced"},
		"no keys":                  {header("count", 0), "count is 0"},
		"endless keys":             {header("count", uint64(1)<<40), "cannot hold"},
		"other format":             {header("format", 2), "format 2"},
		"other kind":               {header("kind", "passport"), "kind is not id"},
		"no token":                 {header("feed_token", ""), "feed_token"},
		"no coverage":              {header("coverage", nil), "coverage"},
		"header not JSON":          {header("count", "many"), "header"},
		"endless header":           {header("registry", strings.Repeat("x", 1<<20)), "longer than"},
		"huge block":               {func(s *stand) { s.body = func(b []byte) []byte { binary.LittleEndian.PutUint32(b, 1<<30); return b } }, "more than"},
		"endless blocks": {func(s *stand) {
			s.body = func(b []byte) []byte { return bytes.Repeat(b[:len(b)-20], 3) } // the end never comes
		}, "more blocks than"},
		"starts in the middle":    {header("after", 3), "not at its beginning"},
		"one key over and over":   {func(s *stand) { s.keys[identity.KindID] = func(uint64) uint64 { return 7 } }, "counting keys"},
		"other registry half-way": {func(s *stand) { s.header = func(h map[string]any) { h["registry"] = h["kind"] } }, "registry"},
		"never whole":             {func(s *stand) { s.cut = func(_, n int) int { return min(n, 100) } }, "giving up after 3 tries"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(10_000)
			c.harm(s)
			g, err := prefilter.Build(context.Background(), s, prefilter.BuildConfig{Pause: time.Millisecond, Attempts: 3}, nil)
			if err == nil || g != nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

// Memory is taken by the number that an export announces: one that is far from what is expected is not even begun.
func TestBuildTakesNoMemoryForAnAbsurdExport(t *testing.T) {
	s := newStand(10_000)
	want := prefilter.Expect{Registry: "test"}
	want.Keys[identity.KindID] = 1000
	read := false
	_, err := prefilter.Build(t.Context(), s, prefilter.BuildConfig{Expect: want}, func(prefilter.Progress) { read = true })
	refused, ok := errors.AsType[*prefilter.Refused](err)
	if !ok || refused.Reason != prefilter.ReasonCount || read || s.calls != 1 {
		t.Errorf("got %v after %d requests; keys were read: %v", err, s.calls, read)
	}
}

func TestBuildResumes(t *testing.T) {
	s := newStand(100_000)
	s.block = 10_000
	blockBytes := 4 + int(s.block)*8 + 8
	s.cut = func(call, n int) int { return min(n, 3*blockBytes+17) } // three blocks and a bit at a time
	f := live(t, build(t, s))
	for _, kind := range kinds {
		if n := deniedOf(t, f, kind, s.count[kind], s.keys[kind]); n != 0 {
			t.Errorf("%d identifiers of kind %s of the export are denied", n, kind)
		}
	}
	want := []string{"id  0", "id s1 3", "id s1 6", "id s1 9", "code s1 0"}
	if got := s.asked[:len(want)]; strings.Join(got, ",") != strings.Join(want, ",") {
		t.Errorf("asked %q, want %q", got, want)
	}
}

func TestBuildRestartsWhenTheSnapshotIsGone(t *testing.T) {
	s := newStand(100_000)
	s.block = 10_000
	s.cut = func(call, n int) int {
		if call == 1 {
			s.snapshot = "s2"
			return n / 2
		}
		return n
	}
	g := build(t, s)
	for _, p := range g.Info().Filters {
		if p.Snapshot != "s2" {
			t.Errorf("%s is of snapshot %s, want s2", p.Kind, p.Snapshot)
		}
	}
}

func TestBuildStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	s := newStand(10_000)
	s.cut = func(int, int) int { cancel(); return 0 }
	_, err := prefilter.Build(ctx, s, prefilter.BuildConfig{Pause: time.Hour}, nil)
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v, want the broken export's error at once", err)
	}
}

func TestSaveAndOpen(t *testing.T) {
	s := newStand(50_000)
	g := build(t, s)
	path := filepath.Join(t.TempDir(), "all.filter")
	if err := g.Save(path); err != nil {
		t.Fatal(err)
	}
	o, err := prefilter.Open(path, prefilter.Expect{Registry: "test"})
	if err != nil {
		t.Fatal(err)
	}
	f := live(t, o)
	for _, kind := range kinds {
		if n := deniedOf(t, f, kind, s.count[kind], s.keys[kind]); n != 0 {
			t.Errorf("%d identifiers of kind %s are denied after a reload", n, kind)
		}
	}
	info := o.Info()
	if info.Keys != 150_000 || info.Watermark.Version != 100 || info.Registry != "test" || len(info.Filters) != 3 {
		t.Errorf("info is %+v", info)
	}
	if p := info.Filters[2]; info.Coverage["card"].Except[0] != "QN" || p.Snapshot != "s1" || p.Watermark.At.Format(time.RFC3339) != watermarkAt {
		t.Errorf("cards are %+v", p)
	}
}
