package nation_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/registry/nation"
)

// share is a proportion that the package comment promises, in percent of all people.
type share struct {
	name    string
	percent float64
	has     func(p *nation.Person) bool
}

var shares = append(lifeShares(), []share{
	{"men", 50, func(p *nation.Person) bool { return p.Sex == identity.Male }},
	{"Hà Nội", 8.4, func(p *nation.Person) bool { return p.Province == "001" }},
	{"TP Hồ Chí Minh", 9.4, func(p *nation.Person) bool { return p.Province == "079" }},
	{"under six", 8.4, func(p *nation.Person) bool { return p.DOB.Year > today.Year-6 }},
	{"80 or older", 1.6, func(p *nation.Person) bool { return p.DOB.Year <= today.Year-80 }},
	{"Nguyễn", 32, func(p *nation.Person) bool { return strings.HasPrefix(strings.ToLower(p.Name), "nguyễn ") }},
	{"in capitals", 4, func(p *nation.Person) bool { return p.Name == strings.ToUpper(p.Name) }},
	{"known by year", 2.95, func(p *nation.Person) bool { return p.DOB.Precision() == identity.PrecisionYear }},
	{"known by month", 0.5, func(p *nation.Person) bool { return p.DOB.Precision() == identity.PrecisionMonth }},
	{"without an ID number", 0.34, func(p *nation.Person) bool { return p.ID == "" }},
	{"former ID number", 0.37, formerly(identity.KindID)},
	{"former code", 0.27, formerly(identity.KindCode)},
	{"former card", 1.4, formerly(identity.KindCard)},
	{"several issues", 68.3, func(p *nation.Person) bool { return len(p.Cards) > 1 }},
	{"open-ended", 2.45, func(p *nation.Person) bool { return len(p.Cards) > 0 && p.Cards[len(p.Cards)-1].To.IsZero() }},
	{"declares otherwise", 8.95, func(p *nation.Person) bool { return p.Declared.Differs != nation.SameAsRecord }},
	{"declares what cannot be told to be the same", 6.35, func(p *nation.Person) bool { return p.Declared.Differs >= nation.NameAccent }},
}...)

func lifeShares() (s []share) {
	for life, percent := range map[nation.Life]float64{nation.Current: 78.0, nation.Renumbered: 4.3, nation.RenewedInAdvance: 2.6,
		nation.ReplacedInAdvance: 1.7, nation.Overlapping: 1.9, nation.Expired: 5.8, nation.Recalled: 0.38, nation.Decreased: 0.75,
		nation.MovedProvince: 0.6, nation.MovedWithinProvince: 0.6, nation.ReEnrolled: 0.38, nation.LeftScheme: 0.46,
		nation.NotYetValid: 0.18, nation.Cardless: 0.42, nation.Deceased: 0.56, nation.Defence: 0.92, nation.PublicSecurity: 0.55} {
		s = append(s, share{life.String(), percent, func(p *nation.Person) bool { return p.Life == life }})
	}
	return s
}

func formerly(kind identity.Kind) func(*nation.Person) bool {
	return func(p *nation.Person) bool {
		for _, f := range p.Former {
			if f.Kind == kind {
				return true
			}
		}
		return false
	}
}

func TestProportions(t *testing.T) {
	const drawn = 100_000
	for _, people := range []int{1_000_000, nation.MaxPeople} {
		n := newNation(t, people, 1)
		rng := rand.New(rand.NewPCG(8, 8))
		counts := make([]int, len(shares))
		var p nation.Person
		for range drawn {
			n.Person(rng.IntN(people), &p)
			for i := range shares {
				if shares[i].has(&p) {
					counts[i]++
				}
			}
		}
		for i, s := range shares {
			got := 100 * float64(counts[i]) / drawn
			t.Logf("%-30s %6.2f %6.2f", s.name, s.percent, got)
			// four standard deviations of the draw, and what the census of a smaller nation rounds
			tolerance := 400*math.Sqrt(s.percent/100*(1-s.percent/100)/drawn) + 0.02*s.percent
			if math.Abs(got-s.percent) > tolerance {
				t.Errorf("%d people: %s: %.2f %%, want %.2f ± %.2f", people, s.name, got, s.percent, tolerance)
			}
		}
	}
}
