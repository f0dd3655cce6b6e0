//go:build !race

package cache_test

import (
	"testing"
	"time"

	"github.com/verigate/verigate/verify"
)

func TestALocalHitAllocatesNothing(t *testing.T) {
	h := newHouse(t, nil)
	h.learn(1, present(5, time.Second))
	l := lookup(2*time.Second, 1)
	ctx := t.Context()
	if n := testing.AllocsPerRun(1000, func() {
		l.Held[0] = verify.Held{}
		h.Recall(ctx, l)
	}); n != 0 || !l.Held[0].Settled() {
		t.Errorf("%v allocations, %+v", n, l.Held[0])
	}
}
