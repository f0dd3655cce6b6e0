package sample

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/registry/nation"
)

// Pair is a name as the register has it and as somebody claims it, with the truth about them.
type Pair struct {
	Kind   string `json:"kind"`
	Same   bool   `json:"same"` // of one person, written otherwise; else the claim is another person's
	Record string `json:"record"`
	Claim  string `json:"claim"`
}

// PairHeader names the columns of [Pair.Row].
func PairHeader() []string { return []string{"kind", "same", "record", "claim"} }

// Row returns the pair's values in the order of [PairHeader].
func (p *Pair) Row() []string { return []string{p.Kind, strconv.FormatBool(p.Same), p.Record, p.Claim} }

// Corpus makes labelled pairs of names. It is not safe for concurrent use.
type Corpus struct {
	n     *nation.Nation
	rng   *rand.Rand
	kinds map[string]pairKind
}

// somebody is whose name is being changed.
type somebody struct {
	name string
	sex  identity.Sex
	year int
}

// pairKind makes a claim of a name; ok is false when the name does not lend itself to it.
type pairKind struct {
	name  string
	same  bool
	claim func(*Corpus, somebody) (claim string, ok bool)
}

// NewCorpus makes a corpus over a nation. The same nation and seed give the same pairs.
func NewCorpus(n *nation.Nation, seed uint64) *Corpus {
	c := &Corpus{n: n, rng: rand.New(rand.NewPCG(seed, 0x636f72707573)), kinds: map[string]pairKind{}}
	for _, k := range append(variants(), misses()...) {
		c.kinds[k.name] = k
	}
	return c
}

// Variants names the ways in which the name of one person is written.
func Variants() []string { return namesOf(variants()) }

// Misses names the ways in which two people's names come near each other. The claims of those that end in _unaccented
// bear no mark at all; all others bear at least one.
func Misses() []string { return namesOf(misses()) }

func namesOf(kinds []pairKind) (names []string) {
	for _, k := range kinds {
		names = append(names, k.name)
	}
	return names
}

// maxNames is how many names are looked at for one pair; the rarest kind suits one in some hundred.
const maxNames = 100_000

// Next makes one pair of a kind. It fails for an unknown kind and when nobody's name lends itself to it.
func (c *Corpus) Next(kind string) (Pair, error) {
	k, ok := c.kinds[kind]
	if !ok {
		return Pair{}, fmt.Errorf("kind %q: must be one of %s, %s", kind, strings.Join(Variants(), ", "), strings.Join(Misses(), ", "))
	}
	for range maxNames {
		var who somebody
		who.name, who.sex, who.year = c.n.Name(c.rng.IntN(c.n.People()))
		if claim, ok := k.claim(c, who); ok && claim != who.name {
			return Pair{Kind: kind, Same: k.same, Record: who.name, Claim: claim}, nil
		}
	}
	return Pair{}, fmt.Errorf("making a pair of kind %q: no name suits among %d people", kind, c.n.People())
}
