package gateway_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/verigate/verigate/gateway"
)

func TestSlotsWaitABoundedTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := gateway.NewSlots(1, 1, time.Second)
		if !s.Take() {
			t.Fatal("the first slot was not there")
		}
		began := time.Now()
		if s.Take() {
			t.Error("a second slot out of one")
		}
		if waited := time.Since(began); waited != time.Second {
			t.Errorf("waited %v", waited)
		}
		go func() {
			time.Sleep(300 * time.Millisecond)
			s.Give()
		}()
		began = time.Now()
		if !s.Take() || time.Since(began) != 300*time.Millisecond {
			t.Errorf("the slot given back was not handed over: %v", time.Since(began))
		}
		s.Give()
		if s.Free() != 1 {
			t.Errorf("%d free in the end", s.Free())
		}
	})
}

func TestSlotsRefuseAtOnceWhenTooManyWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := gateway.NewSlots(1, 2, time.Second)
		s.Take()
		for range 2 {
			go s.Take()
		}
		synctest.Wait()
		began := time.Now()
		if s.Take() || time.Since(began) != 0 {
			t.Errorf("the third waiter waited %v", time.Since(began))
		}
		time.Sleep(2 * time.Second)
		s.Give()
		if s.Free() != 1 {
			t.Errorf("%d free in the end", s.Free())
		}
	})
}

// TestSlotsAreNeverLostNorDoubled races takers whose patience ends just when slots come back.
func TestSlotsAreNeverLostNorDoubled(t *testing.T) {
	const n = 3
	s := gateway.NewSlots(n, 100, 20*time.Microsecond)
	var inside, most, served atomic.Int64
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 2000 {
				if !s.Take() {
					continue
				}
				now := inside.Add(1)
				for m := most.Load(); now > m && !most.CompareAndSwap(m, now); m = most.Load() {
				}
				served.Add(1)
				inside.Add(-1)
				s.Give()
			}
		})
	}
	wg.Wait()
	if most.Load() > n || s.Free() != n || served.Load() == 0 {
		t.Errorf("%d inside at once, %d free in the end, %d served", most.Load(), s.Free(), served.Load())
	}
}
