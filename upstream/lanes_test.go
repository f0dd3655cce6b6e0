package upstream_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/internal/clock"
	"github.com/verigate/verigate/upstream"
	"github.com/verigate/verigate/verify"
)

func inLane(lane verify.Lane, keys ...int) *verify.Lookup {
	l := &verify.Lookup{Now: clock.System(), Held: make([]verify.Held, len(keys)), Lane: lane, Batch: lane == verify.LaneBatch}
	for _, n := range keys {
		k, ok := identity.NewKey(identity.KindCode, fmt.Sprintf("%010d", n))
		if !ok {
			panic(n)
		}
		l.Keys, l.Subjects = append(l.Keys, k), append(l.Subjects, hasher.Subject(k))
	}
	return l
}

// TestBatchesTakeUpTheirShare: however many rows wait, a clinic's question finds a free call at once, batches have no
// more calls on their way than their share, and all of it is answered in the end.
func TestBatchesTakeUpTheirShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &registryDouble{delay: 100 * time.Millisecond}
		a := newAsker(t, r, defaults(func(c *upstream.Config) { c.Concurrency, c.BatchSize, c.BatchShare = 8, 2, 0.25 }))
		defer a.Close()
		var wg sync.WaitGroup
		bulk := inLane(verify.LaneBatch)
		for i := range 40 {
			bulk.Keys = append(bulk.Keys, lookup(1000+i).Keys...)
			bulk.Subjects = append(bulk.Subjects, lookup(1000+i).Subjects...)
			bulk.Held = append(bulk.Held, verify.Held{})
		}
		wg.Go(func() { a.Ask(context.Background(), bulk) })
		synctest.Wait()
		if r.count() != 2 {
			t.Errorf("%d calls for batches at once, want 2 of 8", r.count())
		}
		began := time.Now()
		for i := range 6 {
			wg.Go(func() {
				a.Ask(context.Background(), inLane(verify.LaneClinic, i))
				if took := time.Since(began); took != 100*time.Millisecond {
					t.Errorf("a clinic's question took %v beside a batch", took)
				}
			})
		}
		wg.Wait()
		for i := range bulk.Held {
			if bulk.Held[i].State != verify.StateAbsent {
				t.Fatalf("row %d: %+v", i, bulk.Held[i])
			}
		}
	})
}

// TestAClinicBringsARowForward: a question that waits as a row of a batch goes with the clinic that asks it too.
func TestAClinicBringsARowForward(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &registryDouble{delay: 100 * time.Millisecond}
		a := newAsker(t, r, defaults(func(c *upstream.Config) { c.Concurrency, c.BatchSize = 1, 1 }))
		defer a.Close()
		var wg sync.WaitGroup
		wg.Go(func() { a.Ask(context.Background(), inLane(verify.LaneBatch, 1, 2, 3, 4, 5)) })
		synctest.Wait()
		began := time.Now()
		a.Ask(context.Background(), inLane(verify.LaneClinic, 5))
		if took := time.Since(began); took != 200*time.Millisecond {
			t.Errorf("took %v, want the call on its way and its own", took)
		}
		wg.Wait()
		if r.count() != 5 {
			t.Errorf("%d calls for five people", r.count())
		}
	})
}

// TestNoLaneStandsStill: with more clinics than calls for ever, a row of a batch is asked all the same.
func TestNoLaneStandsStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &registryDouble{delay: 10 * time.Millisecond}
		a := newAsker(t, r, defaults(func(c *upstream.Config) { c.Concurrency, c.BatchSize = 1, 1 }))
		defer a.Close()
		ctx, stop := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				for n := 0; ctx.Err() == nil; n++ {
					a.Ask(context.Background(), inLane(verify.LaneClinic, 10_000+4*n+i))
				}
			})
		}
		synctest.Wait()
		began := time.Now()
		for i := range 3 {
			for _, lane := range []verify.Lane{verify.LaneRegistration, verify.LaneBatch} {
				wg.Go(func() { a.Ask(context.Background(), inLane(lane, 100*int(lane)+i)) })
			}
		}
		time.Sleep(2 * time.Second)
		stop()
		wg.Wait()
		if waited := time.Since(began); waited > 3*time.Second {
			t.Errorf("waited %v", waited)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		asked, last := 0, 0
		for i, c := range r.calls {
			if c[0] == inLane(0, 102).Keys[0] || c[0] == inLane(0, 202).Keys[0] {
				asked, last = asked+1, i
			}
		}
		if asked != 2 || last > 120 {
			t.Errorf("%d of the two last rows were asked, the later one after %d calls", asked, last)
		}
	})
}
