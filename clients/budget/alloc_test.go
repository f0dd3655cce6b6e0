//go:build !race

package budget_test

import (
	"math/rand/v2"
	"testing"

	"github.com/verigate/verigate/verify"
)

func TestAskAndChargeDoNotAllocate(t *testing.T) {
	c := newClock()
	b := start(t, c, nil)
	r := rand.New(rand.NewPCG(8, 9))
	staff := hasher.Bytes('s', []byte("001180000000"))
	caller := clinicAt(1)
	caller.Unproven, caller.People = 1<<30, 1<<30
	for name, x := range map[string]question{
		"proven":   {a: verify.Answer{Outcome: verify.OutcomeMatch, Fields: verify.Fields{Name: verify.FieldMatch, DOB: verify.FieldMatch}}},
		"near":     {a: verify.Answer{Outcome: verify.OutcomeMismatch, Fields: verify.Fields{Name: verify.FieldMatch, DOB: verify.FieldMismatch}}},
		"stranger": {a: verify.Answer{Outcome: verify.OutcomeMismatch, Fields: verify.Fields{Name: verify.FieldMismatch, DOB: verify.FieldMismatch}}},
		"miss":     {a: verify.Answer{Outcome: verify.OutcomeNotFound}},
	} {
		x.q = guess(r, randomID(r))
		put(b, c.read(), caller, staff, &x) // makes the accounts
		var i uint64
		now := c.read()
		if n := testing.AllocsPerRun(1000, func() {
			i++
			subject := verify.Subject{byte(i), byte(i >> 8), 3, 4, 5, 6, 7, 8, byte(i), byte(i >> 8)}
			if v := b.Ask(now, caller, staff, subject, x.q.Key); v.Refusal == verify.RefusalNone {
				b.Charge(now, caller, staff, subject, &x.q, &x.a)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations for Ask and Charge", name, n)
		}
	}
}
