package clock

import (
	"sync"
	"sync/atomic"
	"time"
)

// sleeps finds out how long the machine slept. The monotonic clock of the operating system stands still while a machine
// is suspended or a virtual machine is stopped, and what is in memory would look as young afterwards as it was before.
// The wall clock goes on, or is put right soon after: where it runs ahead of the monotonic clock in one leap, that much
// time has passed unnoticed. A wall clock that somebody set forward cannot be told from it and ages everything for
// nothing, which does no harm; one that is set back is passed over.
type sleeps struct {
	offset atomic.Int64 // wall less monotonic time, as last seen
	slept  atomic.Int64 // all leaps together

	mu   sync.Mutex
	last int64 // monotonic time of the reading that changed anything last
}

const (
	leap    = int64(250 * time.Millisecond) // less is a clock being kept right
	fromNow = int64(366 * 24 * time.Hour)   // more is a clock that was never set, or another clock altogether
)

// count returns how long the machine had slept before a reading of both clocks.
func (s *sleeps) count(wall, mono int64) int64 {
	if d := wall - mono - s.offset.Load(); d > leap || d < -leap {
		s.leapt(wall-mono, mono)
	}
	return s.slept.Load()
}

func (s *sleeps) leapt(offset, mono int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := offset - s.offset.Load()
	if mono < s.last || d > fromNow || d < -fromNow { // a reading from before what is known already
		return
	}
	s.last = mono
	s.offset.Store(offset)
	if d > leap {
		s.slept.Add(d)
	}
}
