// Package metric holds the counters, gauges and histograms that the hot path can afford: plain atomics, summed when
// somebody looks. Package telemetry publishes a [Set] as OpenTelemetry metrics; nothing here knows of that.
//
// All instruments are safe for concurrent use, allocate only when made, and work without a set (a nil *Set hands out
// instruments nobody reads), so a package under test needs no wiring. Label values come from closed sets: never an
// identifier, never a caller.
package metric

import (
	"math"
	"sync"
	"sync/atomic"
)

// Set is a collection of named instruments. The zero Set is ready to use.
type Set struct {
	mu          sync.Mutex
	instruments []Instrument
}

// Instrument is one named time series as a reader sees it. Exactly one of Counter, Gauge and Histogram is set.
type Instrument struct {
	Name, Help string
	Labels     []string // name, value, name, value, …
	Counter    *Counter
	Gauge      func() float64
	Histogram  *Histogram
}

// Counter only goes up. It is padded so that two counters never share a cache line.
type Counter struct {
	v atomic.Int64
	_ [56]byte
}

// Add adds n, which must not be negative.
func (c *Counter) Add(n int64) { c.v.Add(n) }

// Inc adds one.
func (c *Counter) Inc() { c.v.Add(1) }

// Value returns the count.
func (c *Counter) Value() int64 { return c.v.Load() }

// Histogram counts observations into buckets with the given upper bounds, in seconds or whatever its name says.
type Histogram struct {
	bounds []float64
	counts []atomic.Int64
	sum    atomic.Uint64 // math.Float64bits
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

// Snapshot returns the bounds, the count of each bucket (one more than bounds) and the sum of all observations.
func (h *Histogram) Snapshot() (bounds []float64, counts []uint64, sum float64) {
	counts = make([]uint64, len(h.counts))
	for i := range h.counts {
		counts[i] = uint64(h.counts[i].Load())
	}
	return h.bounds, counts, math.Float64frombits(h.sum.Load())
}

// LatencyBounds are bucket bounds in seconds from 50 µs to 10 s, right for a lookup.
var LatencyBounds = []float64{.00005, .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

// Counter makes and registers a counter; labels are name, value pairs.
func (s *Set) Counter(name, help string, labels ...string) *Counter {
	c := new(Counter)
	s.add(Instrument{Name: name, Help: help, Labels: labels, Counter: c})
	return c
}

// Gauge registers a function that is called when somebody looks; it must be quick and safe for concurrent use.
func (s *Set) Gauge(name, help string, read func() float64, labels ...string) {
	s.add(Instrument{Name: name, Help: help, Labels: labels, Gauge: read})
}

// Histogram makes and registers a histogram with the given upper bounds, in rising order.
func (s *Set) Histogram(name, help string, bounds []float64, labels ...string) *Histogram {
	h := &Histogram{bounds: bounds, counts: make([]atomic.Int64, len(bounds)+1)}
	s.add(Instrument{Name: name, Help: help, Labels: labels, Histogram: h})
	return h
}

// Instruments returns what is registered, in order of registration.
func (s *Set) Instruments() []Instrument {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Instrument(nil), s.instruments...)
}

func (s *Set) add(i Instrument) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.instruments = append(s.instruments, i)
}
