//go:build !race

package nation_test

import (
	"testing"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/registry/nation"
)

// The export walks a hundred million people and a look-up must not cost what is not looked at.
func TestNothingIsAllocatedPerKey(t *testing.T) {
	n := newNation(t, nation.MaxPeople, 1)
	var p nation.Person
	n.Person(12_345_678, &p)
	keys := keysOf(t, &p)
	dst := make([]uint64, 0, 4_000)
	got := testing.AllocsPerRun(20, func() {
		for _, k := range keys {
			n.Find(k)
			n.FindBorn(k)
		}
		n.Glance(1_000)
		for kind := identity.KindID; kind < identity.Kinds; kind++ {
			n.AppendKeys(kind, 5_000_000, 5_001_000, dst)
		}
	})
	if got != 0 {
		t.Errorf("%v allocations", got)
	}
}
