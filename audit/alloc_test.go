//go:build !race

package audit_test

import (
	"context"
	"testing"

	"github.com/verigate/verigate/audit"
	"github.com/verigate/verigate/verify"
)

// Recording allocates nothing, alone or in batches, and neither does counting a flood. With durability "disk" every flush
// makes the turn that the next one's waiters share: two allocations a flush, whatever the number of records.
func TestAllocations(t *testing.T) {
	for durability, ceiling := range map[string]float64{"process": 0, "disk": 2} {
		t.Run(durability, func(t *testing.T) {
			l := open(t, settings(t, func(c *audit.Config) { c.Durability = durability }))
			one, many := []verify.Decision{decision(1)}, make([]verify.Decision, 500)
			for i := range many {
				many[i] = decision(byte(i))
			}
			limited := refusal(caller, "rate_limited")
			for name, ds := range map[string][]verify.Decision{"one": one, "five hundred": many, "a limit's refusal": limited} {
				n := testing.AllocsPerRun(50, func() {
					if err := l.Record(context.Background(), ds); err != nil {
						t.Error(err)
					}
				})
				if n > ceiling {
					t.Errorf("%s: %v allocations, want %v at most", name, n, ceiling)
				}
			}
		})
	}
}
