package sample

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/registry/nation"
)

// National is the mix of all kinds in the shares of a working day.
const National = "national"

// Generator makes samples one after the other. It is not safe for concurrent use.
type Generator struct {
	n     *nation.Nation
	rng   *rand.Rand
	p     nation.Person // the person of the sample being made
	today identity.Date
	kinds []kind
	share []int // running total of the kinds' weights
}

// New makes a generator over a nation. The same nation and seed give the same samples.
func New(n *nation.Nation, seed uint64) *Generator {
	g := &Generator{n: n, rng: rand.New(rand.NewPCG(seed, 0x73616d706c65)), today: n.Today(), kinds: kinds()}
	sum := 0
	for _, k := range g.kinds {
		sum += k.weight
		g.share = append(g.share, sum)
	}
	return g
}

// Mixes returns what [Generator.Next] takes: [National], then every single kind.
func Mixes() []string {
	all := kinds()
	names := make([]string, 1, 1+len(all))
	names[0] = National
	for _, k := range all {
		names = append(names, k.name)
	}
	return names
}

// Next makes one sample of a kind, or of the national mix. It fails for a mix that is not in [Mixes] and when the nation
// is too small to have anybody of that kind; the national mix leaves such kinds out.
func (g *Generator) Next(mix string) (Claim, error) {
	if mix == National {
		return g.national()
	}
	for i := range g.kinds {
		if g.kinds[i].name == mix {
			return g.make(&g.kinds[i])
		}
	}
	return Claim{}, fmt.Errorf("mix %q: must be one of %s", mix, strings.Join(Mixes(), ", "))
}

// national draws kinds until there is somebody of the kind drawn.
func (g *Generator) national() (c Claim, err error) {
	for range 100 {
		drawn, i := g.rng.IntN(g.share[len(g.share)-1]), 0
		for g.share[i] <= drawn {
			i++
		}
		if c, err = g.make(&g.kinds[i]); err == nil {
			return c, nil
		}
	}
	return c, err
}

// The people looked at for one sample: enough to meet the rarest sort, or everybody where there are not as many.
const (
	maxDrawn  = 200_000
	maxWalked = 2_000_000
)

// make draws people until one suits the kind; in a small nation it then asks everybody.
func (g *Generator) make(k *kind) (Claim, error) {
	people := g.n.People()
	for range min(maxDrawn, 4*people) {
		if c, ok := g.try(k, g.rng.IntN(people)); ok {
			return c, nil
		}
	}
	from := g.rng.IntN(people)
	for i := range min(maxWalked, people) {
		if c, ok := g.try(k, (from+i)%people); ok {
			return c, nil
		}
	}
	return Claim{}, fmt.Errorf("making a sample of kind %q: nobody suits among %d people", k.name, people)
}

// try makes a sample of person i if they suit.
func (g *Generator) try(k *kind, i int) (Claim, bool) {
	if !k.who(g.n.Glance(i)) {
		return Claim{}, false
	}
	g.n.Person(i, &g.p)
	c := Claim{Kind: k.name, Name: g.p.Name, DOB: g.p.DOB.String()}
	c.expect(answers[g.p.Life])
	return c, k.make(g, &c)
}

// chance is true in percent of a hundred draws.
func (g *Generator) chance(percent int) bool { return g.rng.IntN(100) < percent }
