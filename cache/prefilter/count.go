package prefilter

import (
	"fmt"
	"math"
	"math/bits"
)

func countOnes(words []uint64) uint64 {
	n := 0
	for _, w := range words {
		n += bits.OnesCount64(w)
	}
	return uint64(n)
}

// checkCount compares the keys a filter says it holds with what its bits say. The estimate from the number of bits set
// is within a few thousandths for any filter of use, so a filter of half or double the keys cannot pass.
func (p *part) checkCount(ones uint64) error {
	n := float64(p.keys)
	allowed := 0.02*n + 4*math.Sqrt(n) + 8
	if got := estimate(p.m(), p.k, ones); math.Abs(got-n) > allowed {
		return fmt.Errorf("counting keys: its bits are those of about %.0f keys, %d were announced", got, p.keys)
	}
	return nil
}
