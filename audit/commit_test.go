package audit_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/verigate/verigate/audit"
)

// disk is a flush that takes as long as it is told and counts.
type disk struct {
	takes   atomic.Int64
	flushes atomic.Int64
	err     atomic.Pointer[error]
}

func (d *disk) flush() error {
	time.Sleep(time.Duration(d.takes.Load()))
	d.flushes.Add(1)
	if err := d.err.Load(); err != nil {
		return *err
	}
	return nil
}

// every is the least time between flushes in these tests.
const every = 2 * time.Millisecond

func committed(t *testing.T, d *disk, body func(c *audit.Committer, stalls *atomic.Int64)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var stalls atomic.Int64
		c := audit.NewCommitter(d.flush, every, time.Second, func() { stalls.Add(1) })
		ctx, stop := context.WithCancel(t.Context())
		go c.Run(ctx)
		body(c, &stalls)
		stop()
		synctest.Wait()
	})
}

// Everybody who waits during a flush is served by the next one: two flushes for a thousand.
func TestGroupCommit(t *testing.T) {
	d := new(disk)
	d.takes.Store(int64(time.Millisecond))
	committed(t, d, func(c *audit.Committer, _ *atomic.Int64) {
		var wg sync.WaitGroup
		began := time.Now()
		for range 1000 {
			wg.Go(func() {
				if err := c.Wait(); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n, took := d.flushes.Load(), time.Since(began); n > 2 || took > every+time.Millisecond {
			t.Errorf("%d flushes in %v, want at most 2", n, took)
		}
	})
}

// A record alone is flushed at once; a stream of them shares flushes that are at least so long apart.
func TestFlushesAreApart(t *testing.T) {
	d := new(disk)
	committed(t, d, func(c *audit.Committer, _ *atomic.Int64) {
		time.Sleep(time.Second)
		began := time.Now()
		for range 100 {
			if err := c.Wait(); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took != 99*every || d.flushes.Load() != 100 {
			t.Errorf("%d flushes in %v, want the first at once and the others %v apart", d.flushes.Load(), took, every)
		}
	})
}

// Nobody is told "durable" by a flush that began before it asked.
func TestFlushUnderWayIsNotEnough(t *testing.T) {
	d := new(disk)
	d.takes.Store(int64(10 * time.Millisecond))
	committed(t, d, func(c *audit.Committer, _ *atomic.Int64) {
		go func() { _ = c.Wait() }()
		time.Sleep(5 * time.Millisecond) // the first flush is half done
		began := time.Now()
		if err := c.Wait(); err != nil || time.Since(began) != 15*time.Millisecond {
			t.Errorf("%v after %v, want nothing after 15ms", err, time.Since(began))
		}
	})
}

// A disk that hangs sends its waiters away after a while, new ones at once, and is forgiven when it answers.
func TestStall(t *testing.T) {
	d := new(disk)
	d.takes.Store(int64(5 * time.Second))
	committed(t, d, func(c *audit.Committer, stalls *atomic.Int64) {
		began := time.Now()
		if err := c.Wait(); !errors.Is(err, audit.ErrStalled) || time.Since(began) != time.Second {
			t.Errorf("%v after %v, want a stall after 1s", err, time.Since(began))
		}
		if err := c.Wait(); !errors.Is(err, audit.ErrStalled) || time.Since(began) != time.Second {
			t.Errorf("the next: %v after %v, want a stall at once", err, time.Since(began))
		}
		d.takes.Store(int64(time.Millisecond))
		time.Sleep(5 * time.Second)
		if err := c.Wait(); err != nil {
			t.Errorf("after it answered: %v", err)
		}
		if n := stalls.Load(); n != 1 {
			t.Errorf("the alarm was raised %d times", n)
		}
	})
}

// After a failed flush nothing is durable any more, whatever later flushes would say.
func TestFailedFlush(t *testing.T) {
	d := new(disk)
	broken := errors.New("input/output error")
	d.err.Store(&broken)
	committed(t, d, func(c *audit.Committer, _ *atomic.Int64) {
		for range 3 {
			if err := c.Wait(); !errors.Is(err, broken) {
				t.Errorf("%v, want the disk's error", err)
			}
			d.err.Store(nil)
		}
	})
}
