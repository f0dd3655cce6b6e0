//go:build !race

package audit_test

import (
	"context"
	"testing"

	"github.com/verigate/verigate/audit"
	"github.com/verigate/verigate/verify"
)

// Recording allocates nothing, alone or in batches, durable or not, and neither does counting a flood.
func TestAllocations(t *testing.T) {
	for _, durability := range []string{"process", "disk"} {
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
				if n != 0 {
					t.Errorf("%s: %v allocations, want 0", name, n)
				}
			}
		})
	}
}
