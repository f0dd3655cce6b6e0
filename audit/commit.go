package audit

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// committer makes records durable for many at once. One goroutine flushes again and again while anybody waits; who
// comes during a flush is served by the next. A fast disk left to itself would be flushed thousands of times a second
// for a few records each, which costs more processor time than answering them: so there is a least time from the begin
// of one to the begin of the next.
type committer struct {
	flush    func() error
	every    time.Duration // from one flush to the next, at least
	patience time.Duration // how long a flush may take before those who wait are sent away
	stalling func()        // called when it takes longer

	begun atomic.Uint64 // flushes begun
	kick  chan struct{}

	mu      sync.RWMutex
	turns   [2]*sync.Cond // who waits for flush n waits at n%2; on mu's read side, so that the woken do not queue for it
	done    uint64        // the last flush that ended well
	running bool          // a flush is under way
	stalled bool          // and takes too long
	err     error         // a flush failed: what the page cache holds is not known to be on disk any more
}

func newCommitter(flush func() error, every, patience time.Duration, stalling func()) *committer {
	c := &committer{flush: flush, every: every, patience: patience, stalling: stalling, kick: make(chan struct{}, 1)}
	c.turns = [2]*sync.Cond{sync.NewCond(c.mu.RLocker()), sync.NewCond(c.mu.RLocker())}
	return c
}

// wait returns when a flush that began after the call has ended. It does not allocate.
func (c *committer) wait() error {
	ticket := c.begun.Load() + 1
	select {
	case c.kick <- struct{}{}:
	default:
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	for c.done < ticket && !c.stalled && c.err == nil {
		c.turns[ticket%2].Wait()
	}
	switch {
	case c.done >= ticket:
		return nil
	case c.err != nil:
		return c.err
	}
	return errStalled
}

// run flushes until ctx ends; who waits then is sent away.
func (c *committer) run(ctx context.Context) {
	slow := time.AfterFunc(time.Hour, c.isSlow)
	defer slow.Stop()
	next := time.NewTimer(0)
	defer next.Stop()
	for c.due(ctx, next.C) {
		n := c.begun.Add(1)
		next.Reset(c.every)
		c.begin(slow)
		err := c.flush()
		slow.Stop()
		c.end(n, err)
		if err != nil {
			return // what is on disk is not known any more, and no later flush can tell
		}
	}
	c.end(0, errClosed)
}

// due waits until a flush may begin and somebody wants one; false when there will be none.
func (c *committer) due(ctx context.Context, next <-chan time.Time) bool {
	select {
	case <-next:
	case <-ctx.Done():
		return false
	}
	select {
	case <-c.kick:
		return true
	case <-ctx.Done():
		return false
	}
}

func (c *committer) begin(slow *time.Timer) {
	c.mu.Lock()
	c.running = true
	c.mu.Unlock()
	slow.Reset(c.patience)
}

// end tells those who waited for flush n, or everybody when there is more to tell.
func (c *committer) end(n uint64, err error) {
	c.mu.Lock()
	all := c.stalled || err != nil
	if c.running, c.stalled = false, false; err == nil {
		c.done = n
	} else {
		c.err = err
	}
	c.mu.Unlock()
	c.turns[n%2].Broadcast()
	if all {
		c.turns[(n+1)%2].Broadcast()
	}
}

func (c *committer) isSlow() {
	c.mu.Lock()
	c.stalled = c.running
	told := c.stalled
	c.mu.Unlock()
	if !told {
		return
	}
	for _, turn := range c.turns {
		turn.Broadcast()
	}
	c.stalling()
}

// slow tells whether the flush under way takes too long.
func (c *committer) slow() bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.stalled
}

// flush puts on disk what was published in the segments that are being written; only the committer calls it.
func (l *Log) flush() error {
	began := time.Now()
	l.mu.Lock()
	l.flushing = append(l.flushing[:0], l.unsealed...)
	l.mu.Unlock()
	err := l.syncAll(l.flushing)
	l.count.flush.Observe(time.Since(began).Seconds())
	return err
}

// flushNow is flush for everybody else.
func (l *Log) flushNow() error {
	l.mu.Lock()
	segments := slices.Clone(l.unsealed)
	l.mu.Unlock()
	return l.syncAll(segments)
}

func (l *Log) syncAll(segments []*segment) error {
	for _, s := range segments {
		if err := s.sync(); err != nil {
			return l.fail(err)
		}
	}
	return nil
}
