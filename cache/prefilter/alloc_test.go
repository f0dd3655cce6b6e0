//go:build !race

package prefilter_test

import (
	"testing"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

func TestScreenAllocatesNothing(t *testing.T) {
	s := newStand(10_000)
	f := live(t, build(t, s))
	for name, k := range map[string]identity.Key{
		"maybe":       key(t, identity.KindID, s.keys[identity.KindID](3)),
		"no":          key(t, identity.KindID, s.keys[identity.KindID](3)+1),
		"not covered": key(t, identity.KindID, 200_000_000_000),
	} {
		l := verify.Lookup{Now: verify.Instant{Mono: 1}, Keys: []identity.Key{k}, Held: make([]verify.Held, 1)}
		if n := testing.AllocsPerRun(1000, func() {
			l.Held[0] = verify.Held{}
			f.Screen(&l)
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestAddAllocatesNothing(t *testing.T) {
	f := live(t, build(t, newStand(1000)))
	keys := []identity.Key{key(t, identity.KindID, 50_000_000_000)}
	if n := testing.AllocsPerRun(1000, func() { f.Add(101, keys) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
