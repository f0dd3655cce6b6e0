// Package metric holds the counters, gauges and histograms that the hot path can afford: plain atomics, summed when
// somebody looks. Package telemetry publishes a [Set] as OpenTelemetry metrics; nothing here knows of that.
//
// All instruments are safe for concurrent use, allocate only when made, and work without a set (a nil *Set hands out
// instruments nobody reads), so a package under test needs no wiring. Label values come from closed sets: never an
// identifier, never a caller.
package metric

import (
	"slices"
	"strings"
	"sync"
)

// Set is a collection of named instruments. The zero Set is ready to use. Making an instrument that the set already
// has, by name and labels, returns the one it has.
type Set struct {
	mu          sync.Mutex
	instruments []Instrument
	index       map[string]int // by identity
}

// Instrument is one named time series as a reader sees it. Exactly one of Counter, Count, Gauge and Histogram is set.
type Instrument struct {
	Name, Help string
	Labels     []string // name, value, name, value, …
	Counter    *Counter
	Count      func() int64 // a counter kept elsewhere
	Gauge      func() float64
	Histogram  *Histogram
}

// Counter makes and registers a counter; labels are name, value pairs.
func (s *Set) Counter(name, help string, labels ...string) *Counter {
	return s.add(Instrument{Name: name, Help: help, Labels: labels, Counter: new(Counter)}).Counter
}

// CounterFunc registers a count kept elsewhere (a library's statistics); read must never go down, must be quick and
// safe for concurrent use. Registering it again replaces it.
func (s *Set) CounterFunc(name, help string, read func() int64, labels ...string) {
	s.add(Instrument{Name: name, Help: help, Labels: labels, Count: read})
}

// Gauge registers a function that is called when somebody looks; it must be quick and safe for concurrent use.
// Registering it again replaces it.
func (s *Set) Gauge(name, help string, read func() float64, labels ...string) {
	s.add(Instrument{Name: name, Help: help, Labels: labels, Gauge: read})
}

// Histogram makes and registers a histogram with the given upper bounds, in rising order.
func (s *Set) Histogram(name, help string, bounds []float64, labels ...string) *Histogram {
	return s.add(Instrument{Name: name, Help: help, Labels: labels, Histogram: newHistogram(bounds)}).Histogram
}

// Instruments returns what is registered, in order of registration.
func (s *Set) Instruments() []Instrument {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.instruments)
}

// add registers i, or returns the instrument of the same kind that is registered under its name and labels already: a
// second one would make every scrape fail.
func (s *Set) add(i Instrument) Instrument {
	if len(i.Labels)%2 != 0 {
		panic("metric: labels of " + i.Name + " are not name, value pairs")
	}
	if s == nil {
		return i
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := i.identity()
	if at, ok := s.index[key]; ok {
		old := &s.instruments[at]
		if i.Counter != nil && old.Counter != nil || i.Histogram != nil && old.Histogram != nil {
			return *old
		}
		*old = i
		return i
	}
	if s.index == nil {
		s.index = map[string]int{}
	}
	s.index[key] = len(s.instruments)
	s.instruments = append(s.instruments, i)
	return i
}

func (i Instrument) identity() string { return i.Name + "\x00" + strings.Join(i.Labels, "\x00") }
