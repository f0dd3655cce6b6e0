package audit

import (
	"context"
	"os"
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

	kick chan struct{}
	next atomic.Pointer[turn] // of the flush that has not begun

	mu      sync.Mutex
	now     *turn // of the flush under way; nil: there is none
	stalled bool  // it takes too long
}

// turn is a flush as those see it who wait for it. Everything but over is guarded by the committer's lock until over is
// closed.
type turn struct {
	over    chan struct{}
	settled bool
	err     error
}

func newTurn() *turn { return &turn{over: make(chan struct{})} }

// settle lets everybody go who waits for the turn; only the first time counts.
func (t *turn) settle(err error) {
	if !t.settled {
		t.settled, t.err = true, err
		close(t.over)
	}
}

func newCommitter(flush func() error, every, patience time.Duration, stalling func()) *committer {
	c := &committer{flush: flush, every: every, patience: patience, stalling: stalling, kick: make(chan struct{}, 1)}
	c.next.Store(newTurn())
	return c
}

// wait returns when a flush that began after the call has ended. It fails when that flush fails or does not end in time;
// what was written may then still reach the disk, but nobody may be answered on it.
func (c *committer) wait() error {
	t := c.next.Load()
	select {
	case c.kick <- struct{}{}:
	default:
	}
	<-t.over
	return t.err
}

// run flushes while somebody waits, until ctx ends or a flush fails.
func (c *committer) run(ctx context.Context) {
	slow := time.AfterFunc(time.Hour, c.isSlow)
	defer slow.Stop()
	next := time.NewTimer(0)
	defer next.Stop()
	for c.due(ctx, next.C) {
		c.begin()
		next.Reset(c.every)
		slow.Reset(c.patience)
		err := c.flush()
		slow.Stop()
		c.end(err)
		if err != nil {
			c.shut(err) // what is on disk is not known any more, and no later flush can tell
			return
		}
	}
	c.shut(errClosed)
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

// begin makes the next turn the one under way: who comes from now on waits for the one after it.
func (c *committer) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.next.Swap(newTurn())
}

func (c *committer) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now.settle(err)
	c.now = nil
	if c.stalled {
		c.stalled = false
		c.next.Store(newTurn())
	}
}

// shut sends everybody away who waits and who comes.
func (c *committer) shut(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next.Load().settle(err)
}

// isSlow sends everybody away who waits, and who comes before the flush under way has ended.
func (c *committer) isSlow() {
	c.mu.Lock()
	if c.stalled = c.now != nil; c.stalled {
		c.now.settle(errStalled)
		c.next.Load().settle(errStalled)
	}
	told := c.stalled
	c.mu.Unlock()
	if told {
		c.stalling()
	}
}

// slow tells whether the flush under way takes too long.
func (c *committer) slow() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stalled
}

// flush puts on disk what was published in the segments that are being written; only the committer calls it.
func (l *Log) flush() error {
	began := time.Now()
	l.mu.Lock()
	l.flushing = append(l.flushing[:0], l.unsealed...)
	l.mu.Unlock()
	err := l.syncAll(l.flushing, l.flusher.sync)
	l.count.flush.Observe(time.Since(began).Seconds())
	return err
}

// flushNow is flush for everybody else.
func (l *Log) flushNow() error {
	l.mu.Lock()
	segments := slices.Clone(l.unsealed)
	l.mu.Unlock()
	return l.syncAll(segments, syncData)
}

func (l *Log) syncAll(segments []*segment, sync func(*os.File) error) error {
	for _, s := range segments {
		if err := s.syncTo(0, sync); err != nil {
			return l.fail(err)
		}
	}
	return nil
}
