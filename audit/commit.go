package audit

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// committer makes records durable for many at once. One goroutine flushes again and again while anybody waits; who
// comes during a flush is served by the next. The disk's own latency is the batching window: waiting any longer on
// purpose only adds to it.
type committer struct {
	flush    func() error
	patience time.Duration // how long a flush may take before those who wait are sent away
	stalling func()        // called when it takes longer

	begun atomic.Uint64 // flushes begun
	kick  chan struct{}

	mu      sync.RWMutex
	changed *sync.Cond // on mu's read side, so that those who are woken do not queue for it
	done    uint64     // the last flush that ended well
	running bool       // a flush is under way
	stalled bool       // and takes too long
	err     error      // a flush failed: what the page cache holds is not known to be on disk any more
}

func newCommitter(flush func() error, patience time.Duration, stalling func()) *committer {
	c := &committer{flush: flush, patience: patience, stalling: stalling, kick: make(chan struct{}, 1)}
	c.changed = sync.NewCond(c.mu.RLocker())
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
		c.changed.Wait()
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
	for {
		select {
		case <-ctx.Done():
			c.set(func() { c.err = errClosed })
			return
		case <-c.kick:
		}
		n := c.begun.Add(1)
		c.set(func() { c.running = true })
		slow.Reset(c.patience)
		err := c.flush()
		slow.Stop()
		c.set(func() {
			if c.running, c.stalled = false, false; err == nil {
				c.done = n
			} else {
				c.err = err
			}
		})
		if err != nil {
			return // what is on disk is not known any more, and no later flush can tell
		}
	}
}

func (c *committer) isSlow() {
	told := false
	c.set(func() { c.stalled = c.running; told = c.running })
	if told {
		c.stalling()
	}
}

// set changes what waiters look at and wakes them.
func (c *committer) set(change func()) {
	c.mu.Lock()
	change()
	c.mu.Unlock()
	c.changed.Broadcast()
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
