package prefilter_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/zeebo/xxh3"

	"github.com/verigate/verigate/cache/prefilter"
	"github.com/verigate/verigate/identity"
)

// saved returns a generation's file.
func saved(t testing.TB, s *stand) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f")
	if err := build(t, s).Save(path); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// reopened opens the bytes as a file and returns the reason for refusing them, "" if there is none.
func reopened(t testing.TB, b []byte, want prefilter.Expect) prefilter.Reason {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	g, err := prefilter.Open(path, want)
	if err == nil {
		return ""
	}
	var refused *prefilter.Refused
	if !errors.As(err, &refused) || g != nil {
		t.Fatalf("got %v, %v, want a refusal", g, err)
	}
	return refused.Reason
}

// reseal makes the header's checksum good again, as somebody would who writes files like ours.
func reseal(b []byte) []byte {
	header := b[:binary.LittleEndian.Uint32(b[12:])]
	clear(header[16:24])
	binary.LittleEndian.PutUint64(header[16:], xxh3.Hash(header))
	return b
}

func TestOpenRefusesDamage(t *testing.T) {
	good, other := saved(t, newStand(20_000)), saved(t, newStand(20_001))
	const keysAt = prefilter.HeaderSize + 2 + len("test") + 2 // after the registry's name, the kind and the probes
	le := binary.LittleEndian
	for name, c := range map[string]struct {
		harm func(b []byte) []byte
		want prefilter.Reason
	}{
		"nothing wrong":         {func(b []byte) []byte { return b }, ""},
		"empty":                 {func([]byte) []byte { return nil }, prefilter.ReasonTruncated},
		"a few bytes":           {func(b []byte) []byte { return b[:40] }, prefilter.ReasonTruncated},
		"half a header":         {func(b []byte) []byte { return b[:2000] }, prefilter.ReasonTruncated},
		"header only":           {func(b []byte) []byte { return b[:4096] }, prefilter.ReasonTruncated},
		"half the file":         {func(b []byte) []byte { return b[:len(b)/2] }, prefilter.ReasonTruncated},
		"one byte short":        {func(b []byte) []byte { return b[:len(b)-1] }, prefilter.ReasonTruncated},
		"one byte long":         {func(b []byte) []byte { return append(b, 0) }, prefilter.ReasonOversized},
		"another program's":     {func(b []byte) []byte { copy(b, "SQLite f"); return b }, prefilter.ReasonFormat},
		"another format":        {func(b []byte) []byte { le.PutUint32(b[8:], 2); return reseal(b) }, prefilter.ReasonFormat},
		"another hash":          {func(b []byte) []byte { le.PutUint32(b[32:], 2); return reseal(b) }, prefilter.ReasonHash},
		"half the keys":         {func(b []byte) []byte { le.PutUint64(b[keysAt:], 10_000); return reseal(b) }, prefilter.ReasonCount},
		"double the keys":       {func(b []byte) []byte { le.PutUint64(b[keysAt:], 40_000); return reseal(b) }, prefilter.ReasonCount},
		"no keys":               {func(b []byte) []byte { le.PutUint64(b[keysAt:], 0); return reseal(b) }, prefilter.ReasonFormat},
		"no probes":             {func(b []byte) []byte { b[keysAt-1] = 0; return reseal(b) }, prefilter.ReasonFormat},
		"a kind twice":          {func(b []byte) []byte { b[keysAt-2] = byte(identity.KindCard); return reseal(b) }, prefilter.ReasonFormat},
		"an unknown kind":       {func(b []byte) []byte { b[keysAt-2] = 9; return reseal(b) }, prefilter.ReasonFormat},
		"kinds missing":         {func(b []byte) []byte { le.PutUint32(b[36:], 2); return reseal(b) }, prefilter.ReasonFormat},
		"another header length": {func(b []byte) []byte { le.PutUint32(b[12:], 8192); return b }, prefilter.ReasonChecksum},
		"header length absurd":  {func(b []byte) []byte { le.PutUint32(b[12:], 1<<31); return b }, prefilter.ReasonFormat},
		"another's bits":        {func(b []byte) []byte { copy(b[4096:], other[4096:]); return b }, prefilter.ReasonChecksum},
		"all bits zero":         {func(b []byte) []byte { clear(b[4096:]); return b }, prefilter.ReasonChecksum},
	} {
		t.Run(name, func(t *testing.T) {
			if got := reopened(t, c.harm(bytes.Clone(good)), prefilter.Expect{}); got != c.want {
				t.Errorf("refused for %q, want %q", got, c.want)
			}
		})
	}
}

func TestOpenRefusesEveryFlippedBit(t *testing.T) {
	good := saved(t, newStand(1000))
	rnd := rand.New(rand.NewPCG(1, 2))
	used := prefilter.HeaderSize + int(binary.LittleEndian.Uint32(good[52:]))
	for at := range used {
		bad := bytes.Clone(good)
		bad[at] ^= 1 << rnd.IntN(8)
		if reopened(t, bad, prefilter.Expect{}) == "" {
			t.Fatalf("a bit flipped in byte %d of the header passes", at)
		}
	}
	words := 1798 // bytes of 1000 keys at 14.38 bits, the last word whole
	for range 200 {
		bad := bytes.Clone(good)
		at := 4096 + rnd.IntN(words)
		bad[at] ^= 1 << rnd.IntN(8)
		if got := reopened(t, bad, prefilter.Expect{}); got != prefilter.ReasonChecksum {
			t.Fatalf("a bit flipped in byte %d of the filter: refused for %q", at, got)
		}
	}
}

func TestOpenRefusesTheUnexpected(t *testing.T) {
	good := saved(t, newStand(20_000)) // registry test, version 100
	expect := func(edit func(*prefilter.Expect)) prefilter.Expect {
		e := prefilter.Expect{Registry: "test"}
		for k := identity.KindID; k < identity.Kinds; k++ {
			e.Version[k], e.Keys[k] = 100, 20_000
		}
		edit(&e)
		return e
	}
	for name, c := range map[string]struct {
		edit func(*prefilter.Expect)
		want prefilter.Reason
	}{
		"as expected":          {func(*prefilter.Expect) {}, ""},
		"another registry":     {func(e *prefilter.Expect) { e.Registry = "other" }, prefilter.ReasonRegistry},
		"older watermark":      {func(e *prefilter.Expect) { e.Version[identity.KindCard] = 101 }, prefilter.ReasonWatermark},
		"a little growth":      {func(e *prefilter.Expect) { e.Keys[identity.KindID] = 19_000 }, ""},
		"half of the expected": {func(e *prefilter.Expect) { e.Keys[identity.KindCode] = 40_000 }, prefilter.ReasonCount},
		"twice the expected":   {func(e *prefilter.Expect) { e.Keys[identity.KindCode] = 10_000 }, prefilter.ReasonCount},
	} {
		t.Run(name, func(t *testing.T) {
			if got := reopened(t, good, expect(c.edit)); got != c.want {
				t.Errorf("refused for %q, want %q", got, c.want)
			}
		})
	}
	if _, err := prefilter.Open(filepath.Join(t.TempDir(), "none"), prefilter.Expect{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file gives %v", err)
	}
}

func TestSaveReplacesWholeFilesOnly(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	for _, people := range []uint64{1000, 2000} {
		if err := build(t, newStand(people)).Save(path); err != nil {
			t.Fatal(err)
		}
	}
	g, err := prefilter.Open(path, prefilter.Expect{})
	if err != nil || g.Info().Keys != 6000 {
		t.Errorf("got %v with %v", g, err)
	}
	if err := build(t, newStand(10)).Save(filepath.Join(dir, "no such folder", "f")); err == nil {
		t.Error("saving into a missing folder succeeded")
	}
	left, _ := os.ReadDir(dir)
	if len(left) != 1 {
		t.Errorf("%d files are left, want the generation alone", len(left))
	}
}

// A process that is killed while it saves leaves half a generation behind each time.
func TestSaveClearsAwayWhatTheKilledLeft(t *testing.T) {
	dir := t.TempDir()
	old := time.Now().Add(-2 * time.Hour)
	for name, at := range map[string]time.Time{".f-123": old, ".f-456": time.Now(), ".f-notes": old, ".g-123": old, "f-123": old} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(path, []byte("half"), 0o600), os.Chtimes(path, at, at)); err != nil {
			t.Fatal(err)
		}
	}
	if err := build(t, newStand(1000)).Save(filepath.Join(dir, "f")); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*f*"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range left {
		left[i] = filepath.Base(left[i])
	}
	if want := []string{".f-456", ".f-notes", "f", "f-123"}; !slices.Equal(left, want) {
		t.Errorf("left are %v, want %v", left, want)
	}
}

// TestWhatBecomesOfTheFileChangesNothing overwrites the file of a generation in use in place, as cp does, and cuts it.
func TestWhatBecomesOfTheFileChangesNothing(t *testing.T) {
	other := saved(t, newStand(5000))
	for name, harm := range map[string]func(path string) error{
		"another written over it": func(path string) error { return os.WriteFile(path, other, 0o600) },
		"cut":                     func(path string) error { return os.Truncate(path, 0) },
		"removed":                 os.Remove,
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(20_000)
			path := filepath.Join(t.TempDir(), "f")
			if err := build(t, s).Save(path); err != nil {
				t.Fatal(err)
			}
			g, err := prefilter.Open(path, prefilter.Expect{})
			if err != nil {
				t.Fatal(err)
			}
			if err := harm(path); err != nil {
				t.Fatal(err)
			}
			if n := deniedOf(t, live(t, g), identity.KindID, 20_000, s.keys[identity.KindID]); n != 0 {
				t.Errorf("%d are denied", n)
			}
		})
	}
}
