package gateway_test

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/verigate/verigate/gateway"
	"github.com/verigate/verigate/internal/clock"
	"github.com/verigate/verigate/verify"
)

const (
	clinicLane, middleLane, batchLane = verify.LaneClinic, verify.LaneRegistration, verify.LaneBatch
)

var noSpare [verify.Lanes]int64

func TestSlotsWaitABoundedTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := gateway.NewSlots(1, 1, time.Second, noSpare)
		if !s.Take(clinicLane) {
			t.Fatal("the first slot was not there")
		}
		began := time.Now()
		if s.Take(clinicLane) {
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
		if !s.Take(clinicLane) || time.Since(began) != 300*time.Millisecond {
			t.Errorf("the slot given back was not handed over: %v", time.Since(began))
		}
		s.Give()
		if s.Free() != 1 || s.Waiting() != 0 {
			t.Errorf("%d free, %d waiting in the end", s.Free(), s.Waiting())
		}
	})
}

func TestSlotsRefuseAtOnceWhenTooManyWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := gateway.NewSlots(1, 2, time.Second, noSpare)
		s.Take(clinicLane)
		for range 2 {
			go s.Take(clinicLane)
		}
		synctest.Wait()
		began := time.Now()
		if s.Take(clinicLane) || time.Since(began) != 0 {
			t.Errorf("the third waiter waited %v", time.Since(began))
		}
		time.Sleep(2 * time.Second)
		s.Give()
		if s.Free() != 1 || s.Waiting() != 0 {
			t.Errorf("%d free, %d waiting in the end", s.Free(), s.Waiting())
		}
	})
}

// TestSlotsAreNeverLostNorDoubled races takers of all lanes whose patience ends just when slots come back.
func TestSlotsAreNeverLostNorDoubled(t *testing.T) {
	const n = 5
	s := gateway.NewSlots(n, 100, 20*time.Microsecond, [verify.Lanes]int64{0, 1, 2})
	var inside, most, served atomic.Int64
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for range 2000 {
				if !s.Take(verify.Lane(i % verify.Lanes)) {
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
	if most.Load() > n || s.Free() != n || s.Waiting() != 0 || served.Load() == 0 {
		t.Errorf("%d inside at once, %d free and %d waiting in the end, %d served", most.Load(), s.Free(), s.Waiting(), served.Load())
	}
}

// TestAFullBatchLaneKeepsNoClinicWaiting: however many batches and registrations there are, the slots that are spared
// for clinics are there at once, and batches go on all the same.
func TestAFullBatchLaneKeepsNoClinicWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := gateway.NewSlots(10, 1000, time.Second, [verify.Lanes]int64{0, 3, 6})
		var batches, middle atomic.Int64
		for range 100 {
			go func() {
				if s.Take(batchLane) {
					batches.Add(1)
				}
			}()
		}
		synctest.Wait()
		for range 100 {
			go func() {
				if s.Take(middleLane) {
					middle.Add(1)
				}
			}()
		}
		synctest.Wait()
		if batches.Load() != 4 || middle.Load() != 3 {
			t.Fatalf("%d batches and %d registrations hold slots, want 4 and 3", batches.Load(), middle.Load())
		}
		began := time.Now()
		for i := range 3 {
			if !s.Take(clinicLane) || time.Since(began) != 0 {
				t.Fatalf("clinic %d waited %v", i, time.Since(began))
			}
		}
		give := s.TakeLast()
		if give == nil {
			t.Fatal("batches do not go on")
		}
		if s.TakeLast() != nil {
			t.Error("the batches have two slots of their own")
		}
		give()
	})
}

// TestClinicsAreServedFirst: of those who wait the clinics go first, then registrations, whoever came first.
func TestClinicsAreServedFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := gateway.NewSlots(1, 10, time.Minute, noSpare)
		s.Take(clinicLane)
		var mu sync.Mutex
		var order []verify.Lane
		for _, lane := range []verify.Lane{batchLane, middleLane, clinicLane, batchLane, clinicLane} {
			go func() {
				if s.Take(lane) {
					mu.Lock()
					order = append(order, lane)
					mu.Unlock()
					s.Give()
				}
			}()
			synctest.Wait()
		}
		s.Give()
		synctest.Wait()
		if want := []verify.Lane{clinicLane, clinicLane, middleLane, batchLane, batchLane}; !slices.Equal(order, want) {
			t.Errorf("served %v, want %v", order, want)
		}
	})
}

// TestBatchesRunBesideOthersOneAtATime: alone they run on all processors without a rest; beside others one at a time,
// for the share of the time that is theirs, and never not at all.
func TestBatchesRunBesideOthersOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const share, chunk = 0.2, time.Millisecond
		p := gateway.NewPacer(share, 2, clock.System)
		var running, most, done atomic.Int64
		stop := make(chan struct{})
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				enter, leave := p.Seat()
				for {
					select {
					case <-stop:
						return
					default:
					}
					enter()
					now := running.Add(1)
					for m := most.Load(); now > m && !most.CompareAndSwap(m, now); m = most.Load() {
					}
					time.Sleep(chunk)
					running.Add(-1)
					done.Add(1)
					leave()
				}
			})
		}
		time.Sleep(time.Second)
		if alone := done.Load(); alone < 1990 || most.Load() != 2 {
			t.Errorf("alone: %d chunks in a second, %d at once; want 2000 and 2", alone, most.Load())
		}
		p.Noticed(clock.System())
		time.Sleep(20 * time.Millisecond) // those who run finish
		most.Store(0)
		done.Store(0)
		for range 20 {
			p.Noticed(clock.System())
			time.Sleep(100 * time.Millisecond)
		}
		if beside := done.Load(); most.Load() != 1 || beside < 380 || beside > 420 {
			t.Errorf("beside others: %d chunks in two seconds, %d at once; want 400 and 1", beside, most.Load())
		}
		time.Sleep(2 * time.Second)
		done.Store(0)
		time.Sleep(time.Second)
		if alone := done.Load(); alone < 1900 {
			t.Errorf("alone again: %d chunks in a second, want 2000", alone)
		}
		close(stop)
		wg.Wait()
	})
}
