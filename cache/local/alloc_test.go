//go:build !race

package local_test

import (
	"testing"

	"github.com/verigate/verigate/verify"
)

func TestHotPathAllocatesNothing(t *testing.T) {
	c := open(t, 4<<20, 1000)
	for n := range uint64(100) {
		fill(c, n, false)
	}
	l := lookup(1, 1, 2, 3, 1_000_000)
	again := func() {
		clear(l.Held)
		c.Recall(l)
	}
	again() // the lookup's own memory grows once
	if n := testing.AllocsPerRun(1000, again); n != 0 {
		t.Errorf("recalling three hits and a miss: %v allocations", n)
	}
	for i := range l.Held {
		l.Held[i].Source = verify.SourceRegistry
	}
	if n := testing.AllocsPerRun(1000, func() { c.Remember(l) }); n != 0 {
		t.Errorf("remembering what is known: %v allocations", n)
	}
}
