package budget_test

import (
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/verigate/verigate/clients/budget"
	"github.com/verigate/verigate/verify"
)

// BenchmarkAskAndCharge asks and charges for 13,000 callers in random order: one look-up in three is of a new patient, the
// others of one of the last thousand; 2 % are odd.
func BenchmarkAskAndCharge(b *testing.B) {
	for _, bc := range []struct {
		name        string
		staff, idle bool
	}{{"nothing but finding the caller and the subject", false, true}, {"callers", false, false}, {"callers and staff", true, false}} {
		b.Run(bc.name, func(b *testing.B) {
			c := newClock()
			budgets, work := benchWork(b, c, bc.staff)
			now, sum := c.read(), byte(0)
			b.ReportAllocs()
			b.ResetTimer()
			for i := 0; b.Loop(); i++ {
				w := &work[i%len(work)]
				// A request has all this at hand when it comes to its budget; here it is cold, and is to be told apart.
				sum += w.caller.ID[0] + w.subject[0] + byte(w.x.a.Outcome) + byte(w.caller.Slot+int(w.caller.People))
				if bc.idle {
					continue
				}
				if v := budgets.Ask(now, w.caller, w.staff, w.subject, w.x.q.Key); v.Refusal == verify.RefusalNone {
					budgets.Charge(now, w.caller, w.staff, w.subject, &w.x.q, &w.x.a)
				}
			}
			runtime.KeepAlive(sum)
		})
	}
}

// BenchmarkAskAndChargeParallel is the same on all cores.
func BenchmarkAskAndChargeParallel(b *testing.B) {
	c := newClock()
	budgets, work := benchWork(b, c, false)
	now := c.read()
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(p *testing.PB) {
		for i := rand.IntN(len(work)); p.Next(); i++ {
			w := &work[i%len(work)]
			if v := budgets.Ask(now, w.caller, w.staff, w.subject, w.x.q.Key); v.Refusal == verify.RefusalNone {
				budgets.Charge(now, w.caller, w.staff, w.subject, &w.x.q, &w.x.a)
			}
		}
	})
}

type work struct {
	caller         *verify.Caller
	staff, subject verify.Subject
	x              *question
}

func benchWork(tb testing.TB, c *clock, staff bool) (*budget.Budget, []work) {
	tb.Helper()
	b := start(tb, c, nil)
	r := rand.New(rand.NewPCG(1, 1))
	callers := make([]*verify.Caller, facilities)
	for i := range callers {
		callers[i] = clinicAt(i)
	}
	good := &question{q: guess(r, randomID(r)), a: verify.Answer{Outcome: verify.OutcomeMatch, Fields: verify.Fields{Name: verify.FieldMatch, DOB: verify.FieldMatch}}}
	wrong := &question{q: guess(r, randomID(r)), a: verify.Answer{Outcome: verify.OutcomeMismatch, Fields: verify.Fields{Name: verify.FieldMatch, DOB: verify.FieldMismatch}}}
	list := make([]work, 1<<19)
	for i := range list {
		w := work{caller: callers[r.IntN(facilities)], x: good}
		if r.IntN(50) == 0 {
			w.x = wrong
		}
		binary.LittleEndian.PutUint64(w.subject[:], r.Uint64())
		binary.LittleEndian.PutUint64(w.subject[8:], r.Uint64())
		if old := i - 1 - r.IntN(1000); old >= 0 && r.IntN(3) > 0 {
			w.caller, w.subject = list[old].caller, list[old].subject
		}
		if staff {
			binary.LittleEndian.PutUint64(w.staff[:], uint64(w.caller.Slot)*0x9e3779b97f4a7c15|1)
		}
		list[i] = w
	}
	for i := range list { // accounts are made before time is taken
		put(b, c.read(), list[i].caller, list[i].staff, good)
	}
	return b, list
}

// TestMemoryOfThirteenThousandCallers holds the figure of docs/harvesting.md.
func TestMemoryOfThirteenThousandCallers(t *testing.T) {
	c := newClock()
	b := start(t, c, nil)
	before := heap()
	x := register{0}.answer(&question{q: guess(rand.New(rand.NewPCG(1, 1)), key(1, "001080000000"))})
	for i := range facilities {
		put(b, c.read(), clinicAt(i), verify.Subject{}, x)
	}
	each := (heap() - before) / facilities
	t.Logf("%d bytes a caller, beside the fixed tables", each)
	if each > 1500 {
		t.Errorf("%d bytes a caller", each)
	}
	runtime.KeepAlive(b)
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
