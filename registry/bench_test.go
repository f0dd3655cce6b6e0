package registry_test

import (
	"fmt"
	"testing"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/registry"
	"github.com/verigate/verigate/registry/nation"
)

// BenchmarkRecords is the work of one request without its connection, by how many keys it carries.
func BenchmarkRecords(b *testing.B) {
	const people = 1_000_000
	r, err := registry.New(registry.Config{People: people, Seed: 1, Today: today}, registry.Deps{})
	if err != nil {
		b.Fatal(err)
	}
	n, err := nation.New(nation.Config{People: people, Seed: 1, Today: today})
	if err != nil {
		b.Fatal(err)
	}
	for _, count := range []int{1, 500} {
		var bodies [][]byte
		for i := range 64 {
			var keys []keyed
			for _, packed := range n.AppendKeys(identity.KindCode, i*10_000, i*10_000+count, nil)[:count] {
				k, _ := identity.UnpackKey(identity.KindCode, packed)
				keys = append(keys, keyed{"code", k.Value()})
			}
			bodies = append(bodies, []byte(keysBody(keys...)))
		}
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				r.Answers(bodies[i%len(bodies)])
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*count), "ns/key")
		})
	}
}
