package metric

import (
	"math"
	"sync/atomic"
	"time"
)

// Histogram counts observations into buckets with the given upper bounds, in seconds or whatever its name says.
type Histogram struct {
	bounds []float64
	counts []atomic.Int64
	sum    atomic.Uint64 // math.Float64bits
}

// LatencyBounds are bucket bounds in seconds from 50 µs to 10 s, right for a lookup.
var LatencyBounds = []float64{.00005, .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

func newHistogram(bounds []float64) *Histogram {
	return &Histogram{bounds: bounds, counts: make([]atomic.Int64, len(bounds)+1)}
}

// Observe adds one observation.
func (h *Histogram) Observe(v float64) {
	i := 0
	for i < len(h.bounds) && v > h.bounds[i] {
		i++
	}
	h.counts[i].Add(1)
	for {
		old := h.sum.Load()
		if h.sum.CompareAndSwap(old, math.Float64bits(math.Float64frombits(old)+v)) {
			return
		}
	}
}

// ObserveDuration adds one observation in seconds.
func (h *Histogram) ObserveDuration(d time.Duration) { h.Observe(d.Seconds()) }

// Snapshot returns the bounds, the count of each bucket (one more than bounds) and the sum of all observations. The
// caller owns counts; bounds are shared and must not be changed.
func (h *Histogram) Snapshot() (bounds []float64, counts []uint64, sum float64) {
	counts = make([]uint64, len(h.counts))
	for i := range h.counts {
		counts[i] = uint64(h.counts[i].Load())
	}
	return h.bounds, counts, math.Float64frombits(h.sum.Load())
}
