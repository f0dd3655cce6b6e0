package nation_test

import (
	"math/rand/v2"
	"testing"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/registry/nation"
)

var today = identity.Date{Year: 2026, Month: 11, Day: 21}

func newNation(tb testing.TB, people int, seed uint64) *nation.Nation {
	tb.Helper()
	n, err := nation.New(nation.Config{People: people, Seed: seed, Today: today})
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

func key(tb testing.TB, kind identity.Kind, value string) identity.Key {
	tb.Helper()
	k, ok := identity.NewKey(kind, value)
	if !ok {
		tb.Fatalf("%s of %d characters is no key", kind, len(value))
	}
	return k
}

// keysOf lists every identifier that p was ever given.
func keysOf(tb testing.TB, p *nation.Person) []identity.Key {
	keys := []identity.Key{key(tb, identity.KindCode, p.Code)}
	if p.ID != "" {
		keys = append(keys, key(tb, identity.KindID, p.ID))
	}
	for _, c := range p.Cards {
		keys = append(keys, key(tb, identity.KindCard, c.Number))
	}
	for _, f := range p.Former {
		keys = append(keys, key(tb, f.Kind, f.Value))
	}
	return keys
}

func TestEveryIdentifierFindsItsPerson(t *testing.T) {
	for _, people := range []int{1, 40, 9_999, 1_000_000, nation.MaxPeople} {
		n := newNation(t, people, 1)
		rng := rand.New(rand.NewPCG(1, uint64(people)))
		var p nation.Person
		for range 20_000 {
			i := rng.IntN(people)
			n.Person(i, &p)
			for _, k := range keysOf(t, &p) {
				if got, ok := n.Find(k); !ok || got != i {
					t.Fatalf("%d people: Find(%s) = %d, %v, want person %d (%s)", people, k.Value(), got, ok, i, p.Life)
				}
			}
		}
	}
}

func BenchmarkPerson(b *testing.B) {
	n := newNation(b, nation.MaxPeople, 1)
	var p nation.Person
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		n.Person(i*7919%n.People(), &p)
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
