package nation_test

import (
	"testing"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/registry/nation"
)

func BenchmarkPerson(b *testing.B) {
	n := newNation(b, nation.MaxPeople, 1)
	var p nation.Person
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		n.Person(i*7919%n.People(), &p)
	}
}

func BenchmarkFind(b *testing.B) {
	n := newNation(b, nation.MaxPeople, 1)
	var p nation.Person
	n.Person(50_000_000, &p)
	for _, k := range keysOf(b, &p)[:3] {
		b.Run(k.Kind().String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := n.Find(k); !ok {
					b.Fatal("not found")
				}
			}
		})
	}
}

func BenchmarkGlance(b *testing.B) {
	n := newNation(b, nation.MaxPeople, 1)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		n.Glance(i * 7919 % n.People())
	}
}

func BenchmarkAppendKeys(b *testing.B) {
	n := newNation(b, nation.MaxPeople, 1)
	for kind := identity.KindID; kind < identity.Kinds; kind++ {
		b.Run(kind.String(), func(b *testing.B) {
			dst := make([]uint64, 0, 40_000)
			keys := 0
			for i := 0; b.Loop(); i++ {
				from := i * 7919 * 10_000 % (n.People() - 10_000)
				keys += len(n.AppendKeys(kind, from, from+10_000, dst))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(keys), "ns/key")
		})
	}
}
