package budget_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/verigate/verigate/clients/budget"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

// register is a nation as a harvester meets it: whether a number is somebody's is decided by a hash, at the density given;
// the harvester knows nobody, so whatever it claims disagrees, but for the birth year that an ID number tells.
type register struct{ density float64 }

func (r register) answer(x *question) *question {
	subject := hasher.Subject(x.q.Key)
	draw := float64(uint32(subject[12])<<16|uint32(subject[13])<<8|uint32(subject[14])) / (1 << 24)
	x.a = verify.Answer{Outcome: verify.OutcomeNotFound}
	if draw >= r.density {
		return x
	}
	x.a = verify.Answer{Outcome: verify.OutcomeMismatch, Fields: verify.Fields{Name: verify.FieldMismatch, DOB: verify.FieldMismatch}}
	if x.q.Claims.DOB.Precision() == identity.PrecisionYear {
		x.a.Fields.DOB = verify.FieldMatchCoarse
	}
	return x
}

// harvester asks one question after the other; i counts them.
type harvester struct {
	name    string
	density float64 // of the numbers it goes through
	callers int
	every   time.Duration // between two questions of all of them together
	ask     func(r *rand.Rand, i int) verify.Query
}

func guess(r *rand.Rand, k identity.Key) verify.Query {
	return verify.Query{Key: k, Claims: verify.Claims{
		Name: fmt.Appendf(nil, "Nguyễn Văn %c%c", 'A'+rune(r.IntN(26)), 'A'+rune(r.IntN(26))), DOB: day(r, 1940+r.IntN(80)),
	}}
}

// fromNumber claims the birth year that the number tells, which always agrees.
func fromNumber(r *rand.Rand, k identity.Key, year int) verify.Query {
	q := guess(r, k)
	q.Claims.DOB = identity.Date{Year: uint16(year)}
	return q
}

func randomID(r *rand.Rand) identity.Key {
	return key(identity.KindID, "%03d%d%02d%06d", 1+r.IntN(96), r.IntN(2), r.IntN(100), r.IntN(1_000_000))
}

// The densities are those of the real register: at most 8 % of the numbers in a bucket of the largest province are
// somebody's. "dense" harvesters go through numbers that are all somebody's, which no scheme of the country has.
var harvesters = []harvester{
	{name: "sequential", density: 0.08, callers: 1, every: 60 * time.Millisecond, ask: func(r *rand.Rand, i int) verify.Query {
		return guess(r, key(identity.KindID, "079080%06d", i))
	}},
	{name: "sequential, dense", density: 1, callers: 1, every: 60 * time.Millisecond, ask: func(r *rand.Rand, i int) verify.Query {
		return guess(r, key(identity.KindCode, "79%08d", 31_000_000+i))
	}},
	{name: "random within a birth-year bucket", density: 0.08, callers: 1, every: 60 * time.Millisecond, ask: func(r *rand.Rand, _ int) verify.Query {
		return fromNumber(r, key(identity.KindID, "079190%06d", r.IntN(1_000_000)), 1990)
	}},
	{name: "90 % of the rate for a day", density: 0.08, callers: 1, every: time.Second / 18, ask: func(r *rand.Rand, _ int) verify.Query {
		return guess(r, randomID(r))
	}},
	{name: "90 % of the daily quota over a day", density: 0.08, callers: 1, every: 24 * time.Hour / 45_000, ask: func(r *rand.Rand, _ int) verify.Query {
		return guess(r, randomID(r))
	}},
	{name: "as slow as it takes, dense", density: 1, callers: 1, every: 20 * time.Minute, ask: func(r *rand.Rand, _ int) verify.Query {
		return guess(r, randomID(r))
	}},
	{name: "20 facilities, sequential", density: 0.08, callers: 20, every: 60 * time.Millisecond, ask: func(r *rand.Rand, i int) verify.Query {
		return guess(r, key(identity.KindID, "079080%06d", i))
	}},
	{name: "20 facilities, one bucket", density: 0.08, callers: 20, every: time.Second, ask: func(r *rand.Rand, _ int) verify.Query {
		return fromNumber(r, key(identity.KindID, "079190%06d", r.IntN(1_000_000)), 1990)
	}},
	{name: "20 facilities, all the country", density: 0.08, callers: 20, every: time.Second, ask: func(r *rand.Rand, _ int) verify.Query {
		return guess(r, randomID(r))
	}},
	{name: "20 facilities, all the country, dense", density: 1, callers: 20, every: time.Minute, ask: func(r *rand.Rand, _ int) verify.Query {
		return guess(r, randomID(r))
	}},
	{name: "20 facilities, always the same claims", density: 1, callers: 20, every: time.Minute, ask: func(r *rand.Rand, _ int) verify.Query {
		return verify.Query{Key: randomID(r), Claims: verify.Claims{Name: []byte("Nguyễn Văn An"), DOB: identity.Date{Year: 1990, Month: 1, Day: 1}}}
	}},
	{name: "verifications without a name", density: 1, callers: 1, every: time.Second, ask: func(r *rand.Rand, _ int) verify.Query {
		return verify.Query{Key: randomID(r), Claims: verify.Claims{Sex: identity.Male}}
	}},
}

// harvest lets a harvester work for a day, or until its credentials were refused a thousand times each, which suspends them; it returns
// how many people it learned of and at which question the first refusal came.
func (h *harvester) harvest(t *testing.T, c *clock, nodes ...*budget.Budget) (people, asked int, stopped bool) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	callers := make([]*verify.Caller, h.callers)
	for i := range callers {
		callers[i] = clinicAt(100 + i)
	}
	met, refused := map[identity.Key]bool{}, 0
	for i := 0; time.Duration(i+1)*h.every < 24*time.Hour && refused < 1000*h.callers; i++ {
		now := c.add(h.every)
		x := register{h.density}.answer(&question{q: h.ask(r, i)})
		ok, v := put(nodes[i/len(callers)%len(nodes)], now, callers[i%len(callers)], verify.Subject{}, x)
		switch {
		case ok && learned(x.a.Outcome):
			met[x.q.Key] = true
		case v.Refusal == verify.RefusalHarvest:
			refused++
		}
		if refused == 0 {
			asked++
		}
	}
	return len(met), asked, refused > 0
}

const mostLearned = 100

func TestHarvestersAreStopped(t *testing.T) {
	for _, h := range harvesters {
		t.Run(h.name, func(t *testing.T) {
			c := newClock()
			people, asked, stopped := h.harvest(t, c, start(t, c, nil))
			t.Logf("%d people learned of, first refused at question %d", people, asked)
			if people > mostLearned || !stopped {
				t.Errorf("learned of %d people, at most %d wanted; stopped: %v", people, mostLearned, stopped)
			}
		})
	}
}

// TestTwentyStolenCredentialsInUse: the harvester's questions hide among those of the twenty clinics whose keys it has, a
// hundred patients a day each. The page on harvesting states how many people it learns of.
func TestTwentyStolenCredentialsInUse(t *testing.T) {
	c := newClock()
	b := start(t, c, nil)
	r := rand.New(rand.NewPCG(11, 12))
	met, stopped := 0, 0
	for i := range 20 * 100 * 2 {
		caller, now := clinicAt(100+i/2%20), c.add(5*time.Second)
		if i%2 == 0 {
			put(b, now, caller, verify.Subject{}, known(r))
			continue
		}
		if ok, v := put(b, now, caller, verify.Subject{}, register{1}.answer(&question{q: guess(r, randomID(r))})); ok {
			met++
		} else if v.Refusal == verify.RefusalHarvest {
			stopped++
		}
	}
	t.Logf("%d people learned of among 2,000 patients", met)
	if met > mostLearned || stopped == 0 {
		t.Errorf("learned of %d people, refused %d times", met, stopped)
	}
}

// TestProbingOnePersonIsStopped: somebody tries names and birth dates on one number until one agrees.
func TestProbingOnePersonIsStopped(t *testing.T) {
	for name, desks := range map[string]int{"from one desk": 1, "from twenty facilities": 20} {
		t.Run(name, func(t *testing.T) {
			c := newClock()
			b := start(t, c, nil)
			r := rand.New(rand.NewPCG(3, 4))
			callers := make([]*verify.Caller, desks)
			for i := range callers {
				callers[i] = clinicAt(200 + i)
			}
			tries, refused := 0, 0
			for i := 0; i < 5000 && refused < 10*desks; i++ {
				x := &question{q: guess(r, key(identity.KindID, "001080000000"))}
				x.q.Claims.DOB = identity.Date{Year: 1980, Month: uint8(1 + i/28%12), Day: uint8(1 + i%28)}
				x.a = verify.Answer{Outcome: verify.OutcomeMismatch, Fields: verify.Fields{Name: verify.FieldMismatch, DOB: verify.FieldMismatch}}
				ok, v := put(b, c.add(time.Second), callers[i%desks], verify.Subject{}, x)
				switch {
				case ok:
					tries++
				case v.Refusal == verify.RefusalHarvest:
					refused++
				}
			}
			t.Logf("%d claims were tried", tries)
			if most := 100; refused == 0 || tries > most {
				t.Errorf("%d tries, %d refused; at most %d tries wanted", tries, refused, most)
			}
		})
	}
}

// TestQuestionsUnderWayCount: a burst on a fresh credential learns of no more people than may be learned of at all.
func TestQuestionsUnderWayCount(t *testing.T) {
	c := newClock()
	b := start(t, c, nil)
	r := rand.New(rand.NewPCG(5, 6))
	caller := clinicAt(1)
	var under []*question
	for range 2000 {
		x := register{1}.answer(&question{q: guess(r, randomID(r))})
		v := b.Ask(c.read(), caller, verify.Subject{}, hasher.Subject(x.q.Key), x.q.Key)
		if v.Refusal == verify.RefusalNone {
			under = append(under, x)
		} else if v.Refusal != verify.RefusalHarvestSlow {
			t.Fatalf("a burst is refused with %v before anything is known of the caller", v.Refusal)
		}
	}
	for _, x := range under {
		b.Charge(c.read(), caller, verify.Subject{}, hasher.Subject(x.q.Key), &x.q, &x.a)
	}
	if len(under) > mostLearned || len(under) < 32 {
		t.Errorf("%d questions were let through at once", len(under))
	}
	if ok, v := put(b, c.read(), caller, verify.Subject{}, register{1}.answer(&question{q: guess(r, randomID(r))})); ok || v.Refusal != verify.RefusalHarvest {
		t.Errorf("after the burst: %v, %+v", ok, v)
	}
}
