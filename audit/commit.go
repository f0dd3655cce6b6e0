package audit

import (
	"sync"
	"sync/atomic"
	"time"
)

// committer makes records durable for many at once. One goroutine flushes the disk again and again while anybody
// waits; who comes during a flush is served by the next. The disk's own latency is the batching window: waiting any
// longer on purpose only adds to it.
type committer struct {
	begun atomic.Uint64 // flushes begun
	kick  chan struct{}

	mu      sync.RWMutex
	changed *sync.Cond // on mu's read side, so that those who are woken do not queue for it
	done    uint64     // the last flush that ended well
	stalled bool       // the flush under way takes too long
	err     error      // a flush failed: what the page cache holds is not known to be on disk any more
}

func (c *committer) init() {
	c.kick = make(chan struct{}, 1)
	c.changed = sync.NewCond(c.mu.RLocker())
}

// wait returns when a flush that began after the call has ended.
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
	case c.err != nil:
		return errFailed
	case c.done < ticket:
		return errStalled
	}
	return nil
}

// set changes what waiters look at and wakes them.
func (c *committer) set(change func()) {
	c.mu.Lock()
	change()
	c.mu.Unlock()
	c.changed.Broadcast()
}

// run flushes until kick is closed.
func (l *Log) run() {
	defer l.tasks.Done()
	c := &l.commit
	stall := time.AfterFunc(time.Hour, func() {
		c.set(func() { c.stalled = true })
		l.raise(errStalled)
	})
	stall.Stop()
	var segments []*segment
	for range c.kick {
		n := c.begun.Add(1)
		stall.Reset(l.cfg.StallTimeout.Std())
		began := time.Now()
		segments = l.writing(segments[:0])
		err := syncAll(segments)
		stall.Stop()
		l.count.flush.Observe(time.Since(began).Seconds())
		if err != nil {
			_ = l.fail(err)
		}
		c.set(func() {
			c.done, c.stalled = n, false
			if err != nil {
				c.err, c.done = err, n-1
			}
		})
	}
}

// writing returns the segments that are not sealed, appended to buf.
func (l *Log) writing(buf []*segment) []*segment {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append(buf, l.unsealed...)
}

func syncAll(segments []*segment) error {
	for _, s := range segments {
		if err := s.sync(); err != nil {
			return err
		}
	}
	return nil
}
