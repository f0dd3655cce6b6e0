package prefetch_test

import (
	"testing"

	"github.com/verigate/verigate/internal/prefetch"
)

// TestOfReadsNothing: it must not fault where a load would, nor change what is there.
func TestOfReadsNothing(t *testing.T) {
	prefetch.Of[int](nil)
	x := [8]int{1, 2, 3}
	prefetch.Of(&x)
	prefetch.Of(&x[7])
	if x != [8]int{1, 2, 3} {
		t.Errorf("%v was changed", x)
	}
	if n := testing.AllocsPerRun(100, func() { prefetch.Of(&x) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
