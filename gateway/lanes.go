package gateway

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/verigate/verigate/verify"
)

// lanes bounds how many requests are under way, and keeps the last free slots for those who go first: a lane takes a
// slot only while more than its spare are free. A free slot costs one atomic operation; only when there is none for its
// lane does a request queue, for a bounded time. Slots given back go to the first lane that waits, in order of arrival.
type lanes struct {
	free    atomic.Int64
	waiting atomic.Int64
	_       [48]byte
	spare   [verify.Lanes]int64
	wait    time.Duration
	places  int // how many of a lane may wait

	mu     sync.Mutex
	queues [verify.Lanes][]*waiter
	own    atomic.Bool // the batch lane's own slot is taken
}

type waiter struct {
	granted bool // under mu
	slot    chan struct{}
}

// newLanes makes n slots. Spare is how many of them each lane leaves for the lanes before it.
func newLanes(n, places int, wait time.Duration, spare [verify.Lanes]int64) *lanes {
	l := &lanes{spare: spare, wait: wait, places: places}
	l.free.Store(int64(n))
	return l
}

// take takes a slot, waiting for one if need be; false means that there was none in time.
func (l *lanes) take(lane verify.Lane) bool {
	if l.waiting.Load() == 0 && l.grab(lane) {
		return true
	}
	w, ok := l.join(lane)
	if w == nil {
		return ok
	}
	timer := time.NewTimer(l.wait)
	defer timer.Stop()
	select {
	case <-w.slot:
		return true
	case <-timer.C:
		return l.leave(w, lane)
	}
}

func (l *lanes) grab(lane verify.Lane) bool {
	for {
		free := l.free.Load()
		if free <= l.spare[lane] {
			return false
		}
		if l.free.CompareAndSwap(free, free-1) {
			return true
		}
	}
}

// join queues for a slot. Without a waiter it is settled at once: there was a slot, or there is no place to wait.
func (l *lanes) join(lane verify.Lane) (w *waiter, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.anybodyBefore(lane) && l.grab(lane) {
		return nil, true
	}
	if len(l.queues[lane]) >= l.places || l.wait <= 0 {
		return nil, false
	}
	w = &waiter{slot: make(chan struct{}, 1)}
	l.queues[lane] = append(l.queues[lane], w)
	l.waiting.Add(1)
	l.serve() // a slot may have been given back since, by somebody who saw nobody waiting
	return w, false
}

// anybodyBefore tells whether somebody of this lane or one before it waits already. Under mu.
func (l *lanes) anybodyBefore(lane verify.Lane) bool {
	for i := range lane + 1 {
		if len(l.queues[i]) > 0 {
			return true
		}
	}
	return false
}

// leave gives up waiting, unless a slot was granted at the last moment.
func (l *lanes) leave(w *waiter, lane verify.Lane) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if w.granted {
		return true
	}
	i := slices.Index(l.queues[lane], w)
	l.queues[lane] = slices.Delete(l.queues[lane], i, i+1)
	l.waiting.Add(-1)
	return false
}

// give gives a slot back.
func (l *lanes) give() {
	l.free.Add(1)
	if l.waiting.Load() > 0 {
		l.mu.Lock()
		l.serve()
		l.mu.Unlock()
	}
}

// serve grants what is free, lane by lane. Under mu.
func (l *lanes) serve() {
	for lane := range verify.Lane(verify.Lanes) {
		for len(l.queues[lane]) > 0 && l.grab(lane) {
			w := l.queues[lane][0]
			l.queues[lane] = slices.Delete(l.queues[lane], 0, 1)
			l.waiting.Add(-1)
			w.granted = true
			w.slot <- struct{}{}
		}
	}
}

// takeLast takes a slot for a chunk of a batch, and the one slot that is the batch lane's own when all others are kept
// from it, so that batches go on however busy the clinics are. It returns how to give the slot back; nil: none in time.
func (l *lanes) takeLast() (give func()) {
	if l.take(verify.LaneBatch) {
		return l.give
	}
	if l.own.CompareAndSwap(false, true) {
		return func() { l.own.Store(false) }
	}
	return nil
}

func (l *lanes) queued(lane verify.Lane) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.queues[lane])
}
