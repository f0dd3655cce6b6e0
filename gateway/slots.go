package gateway

import (
	"sync/atomic"
	"time"
)

// slots bounds how many requests are under way. A free slot costs one atomic addition; only when none is free do
// requests queue, each for a bounded time, and slots are handed over in order of arrival.
type slots struct {
	free    atomic.Int64 // negative: so many wait
	_       [56]byte
	handed  chan struct{} // one element per slot promised to a waiter
	wait    time.Duration
	waiting int64 // how many may wait
}

func newSlots(n, waiting int, wait time.Duration) *slots {
	s := &slots{handed: make(chan struct{}, n+waiting), wait: wait, waiting: int64(waiting)}
	s.free.Store(int64(n))
	return s
}

// take takes a slot, waiting for one if need be; false means that there was none in time.
func (s *slots) take() bool {
	left := s.free.Add(-1)
	if left >= 0 {
		return true
	}
	if -left > s.waiting || s.wait <= 0 {
		return s.leave()
	}
	timer := time.NewTimer(s.wait)
	defer timer.Stop()
	select {
	case <-s.handed:
		return true
	case <-timer.C:
		return s.leave()
	}
}

// leave gives up waiting. When no waiter is unserved any more, a slot is already promised to this one: it takes it.
func (s *slots) leave() bool {
	for {
		free := s.free.Load()
		if free >= 0 {
			<-s.handed
			return true
		}
		if s.free.CompareAndSwap(free, free+1) {
			return false
		}
	}
}

// give gives a slot back, to whoever waits first.
func (s *slots) give() {
	if s.free.Add(1) <= 0 {
		s.handed <- struct{}{}
	}
}
