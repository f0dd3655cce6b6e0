package nation_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/registry/nation"
)

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
	tb.Helper()
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
		for range 4_000 {
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

// walk returns all keys of a kind, sorted.
func walk(n *nation.Nation, kind identity.Kind) []uint64 {
	keys := n.AppendKeys(kind, 0, n.People(), nil)
	slices.Sort(keys)
	return keys
}

func TestNoNumberIsGivenTwice(t *testing.T) {
	n := newNation(t, 1_000_000, 1)
	for kind := identity.KindID; kind < identity.Kinds; kind++ {
		keys := walk(n, kind)
		if len(keys) < n.People()*97/100 {
			t.Errorf("%s: only %d keys", kind, len(keys))
		}
		for i := range len(keys) - 1 {
			if keys[i] == keys[i+1] {
				t.Fatalf("%s: %d is given twice", kind, keys[i])
			}
		}
	}
}

// The export must hold exactly what Find knows: a key too few would make the filter deny somebody.
func TestExportHoldsEveryIdentifier(t *testing.T) {
	n := newNation(t, 30_000, 1)
	var want [identity.Kinds][]uint64
	var p nation.Person
	for i := range n.People() {
		n.Person(i, &p)
		for _, k := range keysOf(t, &p) {
			packed, _ := identity.PackKey(k)
			want[k.Kind()] = append(want[k.Kind()], packed)
		}
	}
	for kind := identity.KindID; kind < identity.Kinds; kind++ {
		slices.Sort(want[kind])
		if !slices.Equal(walk(n, kind), slices.Compact(want[kind])) {
			t.Errorf("%s: the export and the people differ", kind)
		}
	}
}

func TestExportInPiecesIsTheSame(t *testing.T) {
	n := newNation(t, 5_000, 1)
	for kind := identity.KindID; kind < identity.Kinds; kind++ {
		var pieces []uint64
		for from := 0; from < n.People(); from += 333 {
			pieces = n.AppendKeys(kind, from, from+333, pieces)
		}
		if !slices.Equal(pieces, n.AppendKeys(kind, -5, n.People()+5, nil)) {
			t.Errorf("%s: pieces differ from the whole", kind)
		}
	}
	if got := n.AppendKeys(identity.KindID, 10, 10, nil); got != nil {
		t.Errorf("nobody has %d keys", len(got))
	}
}

func TestNeverIssuedIsNeverFound(t *testing.T) {
	n := newNation(t, 200_000, 1)
	rng := rand.New(rand.NewPCG(3, 3))
	for kind, space := range map[identity.Kind]uint64{identity.KindID: 1e12, identity.KindCode: 1e10, identity.KindCard: 676e13} {
		keys := walk(n, kind)
		for range 20_000 {
			near := keys[rng.IntN(len(keys))] + rng.Uint64N(2_000) - 1_000
			for _, packed := range [...]uint64{near, rng.Uint64N(space)} {
				k, ok := identity.UnpackKey(kind, packed)
				if !ok {
					continue
				}
				_, issued := slices.BinarySearch(keys, packed)
				if _, found := n.Find(k); found != issued {
					t.Fatalf("Find(%s) = %v, issued: %v", k.Value(), found, issued)
				}
			}
		}
	}
}

func TestBornHaveNumbersOfTheirOwn(t *testing.T) {
	n := newNation(t, 1_000_000, 1)
	rng := rand.New(rand.NewPCG(4, 4))
	var p nation.Person
	seen := map[identity.Key]bool{}
	for seq := range 2_000 {
		province := []string{"001", "079", "096"}[rng.IntN(3)]
		n.Born(seq, province, today, &p)
		if p.Index != n.People()+seq || p.Province != province || p.DOB != today || len(p.Cards) != 1 || p.ID == "" {
			t.Fatalf("born: %+v", p)
		}
		for _, k := range keysOf(t, &p) {
			if i, ok := n.Find(k); ok || seen[k] {
				t.Fatalf("%s of a newborn is also that of person %d", k.Value(), i)
			}
			if got, ok := n.FindBorn(k); !ok || got != seq {
				t.Fatalf("FindBorn(%s) = %d, %v, want %d", k.Value(), got, ok, seq)
			}
			seen[k] = true
		}
	}
	n.Born(1_000_000, "001", today, &p)
	if p.ID != "" || p.Code == "" {
		t.Errorf("beyond the numbers set aside: %+v", p)
	}
	n.Born(1, "999", today, &p)
	if p.Province != "001" {
		t.Errorf("an unknown province is taken as %s", p.Province)
	}
}

func TestNobodyOfTheNationIsBorn(t *testing.T) {
	n := newNation(t, nation.MaxPeople, 1)
	rng := rand.New(rand.NewPCG(6, 6))
	var p nation.Person
	for range 5_000 {
		n.Person(rng.IntN(n.People()), &p)
		for _, k := range keysOf(t, &p) {
			if seq, ok := n.FindBorn(k); ok {
				t.Fatalf("%s is also that of the newborn %d", k.Value(), seq)
			}
		}
	}
}

// FuzzFind holds that any key at all is answered, and that whoever is found has it.
func FuzzFind(f *testing.F) {
	n, err := nation.New(nation.Config{People: 100_000, Seed: 1, Today: today})
	if err != nil {
		f.Fatal(err)
	}
	var p nation.Person
	for i := 0; i < n.People(); i += 20_011 {
		n.Person(i, &p)
		for _, k := range keysOf(f, &p) {
			f.Add(uint8(k.Kind()), k.Value())
		}
	}
	f.Add(uint8(identity.KindID), "999999999999")
	f.Add(uint8(identity.KindCard), "ZZ9999999999999")
	f.Add(uint8(identity.KindCard), "GD401001080000000")
	f.Add(uint8(identity.KindCode), "\x00\xff")
	f.Fuzz(func(t *testing.T, kind uint8, value string) {
		k, ok := identity.NewKey(identity.Kind(kind), value)
		if !ok {
			return
		}
		n.FindBorn(k)
		i, found := n.Find(k)
		if !found {
			return
		}
		var p nation.Person
		n.Person(i, &p)
		if !slices.Contains(keysOf(t, &p), k) {
			t.Errorf("person %d does not have %s", i, k.Value())
		}
	})
}
