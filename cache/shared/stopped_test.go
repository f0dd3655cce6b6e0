//go:build unix

package shared_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/verigate/verigate/cache/cachetest"
	"github.com/verigate/verigate/cache/shared"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/verify"
)

// A write that a stopped Redis carries out long after would make an old record look young: it is never confirmed.
func TestLateWritesAreNotBelieved(t *testing.T) {
	r := cachetest.Redis(t)
	s := open(t, r.Addr, func(c *shared.Config) {
		c.WriteTimeout, c.BreakerFailures = config.Duration(200*time.Millisecond), 1000
	})
	cachetest.Eventually(t, "the scripts to be known", func() bool {
		s.fill(1, 5, []byte("warm"))
		return s.Status().Fills["stored"] > 0
	})
	other, c := open(t, r.Addr, nil), client(t, r.Addr)
	// Not every write that is given up has reached the server's socket: repeat until one was carried out late.
	cachetest.Eventually(t, "Redis to write late", func() bool {
		s.get(1) // a connection is open
		signal(t, r, syscall.SIGSTOP)
		s.fill(2, 5, []byte("late"))
		signal(t, r, syscall.SIGCONT)
		return c.DBSize(t.Context()).Val() == 2
	})
	if h := other.get(2); h.State != verify.StateUnknown || other.Status().Recalled["pending"] != 1 {
		t.Errorf("a late write is believed: %+v, recalled is %v", h, other.Status().Recalled)
	}
	cachetest.Eventually(t, "a fill in time", func() bool {
		s.fill(2, 5, []byte("in time"))
		return other.get(2).State == verify.StatePresent
	})
}

func TestAStoppedRedisHoldsNobodyUp(t *testing.T) {
	r := cachetest.Redis(t)
	s := open(t, r.Addr, func(c *shared.Config) {
		c.Timeout, c.WriteTimeout, c.FillQueue, c.InvalidationQueue = config.Duration(20*time.Millisecond), config.Duration(time.Second), 4, 4
		c.BreakerFailures = 1000
	})
	s.fill(1, 5, []byte("record"))
	signal(t, r, syscall.SIGSTOP)
	defer signal(t, r, syscall.SIGCONT)
	if h := s.get(1); h.State != verify.StateUnknown || s.Status().Recalled["error"] != 1 {
		t.Errorf("got %+v from a stopped server, recalled is %v", h, s.Status().Recalled)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 1000 { // far more than the queues hold
			l := lookup(s.Now(), 2)
			l.Held[0] = verify.Held{State: verify.StatePresent, Source: verify.SourceRegistry, Version: 5, Learned: s.Now().Mono}
			s.Remember(l)
			s.Invalidate(l.Subjects, 6)
		}
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("a stopped server holds up whoever remembers")
	}
	if st := s.Status(); st.Fills["dropped"] == 0 || st.Invalidations["dropped"] == 0 {
		t.Errorf("fills %v, invalidations %v: want some dropped", st.Fills, st.Invalidations)
	}
}
