package prefilter_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/verigate/verigate/cache/prefilter"
	"github.com/verigate/verigate/identity"
)

func check(t *testing.T, s *stand, g *prefilter.Generation, absent uint64) map[string]prefilter.KindCheck {
	t.Helper()
	found, err := prefilter.Check(context.Background(), s, g, prefilter.CheckConfig{Absent: absent}, nil)
	if err != nil {
		t.Fatal(err)
	}
	byKind := make(map[string]prefilter.KindCheck)
	for _, k := range found {
		byKind[k.Kind] = k
	}
	return byKind
}

func TestCheckFindsNothingInASoundFilter(t *testing.T) {
	s := newStand(manyPeople)
	g, err := prefilter.Build(context.Background(), s, prefilter.BuildConfig{FP: 0.02}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for kind, k := range check(t, s, g, 3*manyPeople/2) {
		if k.Denied != 0 || k.Keys != manyPeople || k.Version != 100 {
			t.Errorf("%s: %+v", kind, k)
		}
		// A seventh of what is drawn are real numbers, or the register is not competent for them.
		if k.Absent < manyPeople*3/10 || k.Absent > manyPeople*6/10 {
			t.Errorf("%s: %d never-issued identifiers were asked, about %d were wanted", kind, k.Absent, manyPeople/2)
		}
		if fp := k.FP(); fp < k.Design*(1-fpMargin) || fp > k.Design*(1+fpMargin) {
			t.Errorf("%s: false-positive rate %.5f, made for %v", kind, fp, k.Design)
		}
	}
}

// What a check counts is what is wrong, neither more nor less.
func TestCheckCountsEveryDenial(t *testing.T) {
	const missing = 321
	s := newStand(50_000)
	g, err := prefilter.Build(context.Background(), s, prefilter.BuildConfig{FP: 1e-9}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.count[identity.KindCode] += missing
	s.snapshot, s.version = "s2", 101
	got := check(t, s, g, 0)
	for kind, want := range map[string]uint64{"id": 0, "code": missing, "card": 0} {
		if k := got[kind]; k.Denied != want || k.Absent != 0 || k.Version != 101 {
			t.Errorf("%s: %+v, want %d denied", kind, k, want)
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		harm func(*stand)
		want string
	}{
		"another registry":   {func(s *stand) { s.registry = "other" }, `registry "other"`},
		"a damaged export":   {func(s *stand) { s.body = func(b []byte) []byte { b[100] ^= 1; return b } }, "checksum"},
		"one that says less": {func(s *stand) { s.count[identity.KindID] = 0 }, "count is 0"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(1000)
			g := build(t, s)
			c.harm(s)
			if _, err := prefilter.Check(context.Background(), s, g, prefilter.CheckConfig{Pause: time.Millisecond}, nil); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
