package budget_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/verigate/verigate/clients/budget"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

// attempt is a harvester at work who knows how budgets count. It keeps score of whom it has learned.
type attempt struct {
	t      *testing.T
	r      *rand.Rand
	c      *clock
	b      *budget.Budget
	caller *verify.Caller
	staff  verify.Subject

	met            map[int]bool // people learned of, by their place in the harvester's list
	asked, refused int
}

// unknown is a question about the n-th person of the list, of whom nothing is known but a number; every number is
// somebody's, which is the best a harvester can hope for.
func (a *attempt) unknown(n int) *question {
	return register{1}.answer(&question{q: guess(a.r, key(identity.KindID, "%03d%d%02d%06d", 1+n%96, n%2, n*37%100, n*7919%1_000_000))})
}

// part is a question of which a part agrees, as card and year of birth may.
func (a *attempt) part(n int) *question {
	x := a.unknown(n)
	x.a.Fields.Initials = true
	return x
}

func (a *attempt) elsewhere(n int) *question {
	x := a.unknown(n)
	x.a = verify.Answer{Outcome: verify.OutcomeOutOfRegister}
	return x
}

func (a *attempt) ask(n int, x *question) bool {
	a.asked++
	ok, v := put(a.b, a.c.read(), a.caller, a.staff, x)
	if ok && learned(x.a.Outcome) {
		a.met[n] = true
	}
	if v.Refusal == verify.RefusalHarvest {
		a.refused++
	}
	return ok
}

// wait lets time pass.
func (a *attempt) wait(d time.Duration) { a.c.add(d) }

// patient asks about somebody who really is one.
func (a *attempt) patient() { put(a.b, a.c.read(), a.caller, a.staff, known(a.r)) }

const days = 24 * time.Hour

// schemes are harvesters who try to beat what is counted.
var schemes = []struct {
	name string
	do   func(a *attempt)
}{
	{"a patient of its own before each of a thousand unknown numbers, for a day", func(a *attempt) {
		for n := range 1000 {
			a.patient()
			a.wait(40 * time.Second)
			a.ask(n, a.unknown(n))
			a.wait(40 * time.Second)
		}
	}},
	{"two thousand patients of its own first, then unknown numbers", func(a *attempt) {
		for range 2000 {
			a.patient()
			a.wait(10 * time.Second)
		}
		for n := range 2000 {
			a.ask(n, a.unknown(n))
			a.wait(time.Second)
		}
	}},
	{"forty patients a day, and as many unknown numbers as go unpunished, for 90 days", func(a *attempt) {
		n := 0
		for range 90 {
			for i := range 40 {
				a.patient()
				if i%10 == 9 {
					n++
					a.ask(n, a.unknown(n))
				}
				a.wait(12 * time.Minute)
			}
			a.wait(days - 40*12*time.Minute)
		}
	}},
	{"an unknown number an hour for 90 days", func(a *attempt) {
		for n := range 90 * 24 {
			a.ask(n, a.unknown(n))
			a.wait(time.Hour)
		}
	}},
	{"two unknown numbers a day, which never slows anybody, for 90 days", func(a *attempt) {
		for n := range 2 * 90 {
			a.ask(n, a.unknown(n))
			a.wait(days / 2)
		}
	}},
	{"at the last second of an epoch and the first of the next, for 30 days", func(a *attempt) {
		a.wait(12*time.Hour - time.Second) // begin is midnight in UTC, where epochs begin
		n := 0
		for range 60 {
			for range 2 {
				for range 20 {
					n++
					a.ask(n, a.unknown(n))
				}
				a.wait(time.Second)
			}
			a.wait(12*time.Hour - 2*time.Second)
		}
	}},
	{"name parts of one person after another", func(a *attempt) {
		for n := range 500 {
			for i := range 20 {
				x := a.unknown(n)
				x.q.Claims.DOB = identity.Date{}
				if i == 7 {
					x = a.part(n)
				}
				if !a.ask(n, x) {
					break
				}
				a.wait(time.Second)
			}
		}
	}},
	{"numbers whose holder's initials it guesses now and then, and people kept elsewhere", func(a *attempt) {
		for n := 0; n < 3000; n += 20 {
			a.ask(n, a.unknown(n))
			for i := range 14 {
				a.ask(n+1+i, a.part(n+1+i))
			}
			for i := range 5 {
				a.ask(n+15+i, a.elsewhere(n+15+i))
			}
			a.wait(time.Minute)
		}
	}},
	{"just below every limit", func(a *attempt) {
		for n := range 3 {
			a.ask(n, a.unknown(n))
			a.wait(time.Minute)
		}
		for n := range 89 {
			a.ask(100+n, a.part(100+n))
			a.wait(time.Minute)
		}
		for n := range 19 {
			a.ask(300+n, a.elsewhere(300+n))
			a.wait(time.Minute)
		}
		for n := range 100 {
			a.ask(400+n, a.part(400+n))
		}
	}},
	{"another member of staff for each question", func(a *attempt) {
		for n := range 3000 {
			a.staff = hasher.Bytes('s', fmt.Appendf(nil, "%012d", n))
			a.ask(n, a.unknown(n))
			a.wait(time.Second)
		}
	}},
	{"lists of five hundred, good and bad rows mixed", func(a *attempt) {
		for list := range 40 {
			var under []*question
			var who []int
			for row := range 500 {
				n := list*500 + row
				x := a.unknown(n)
				switch row % 4 {
				case 0:
					x = known(a.r)
				case 1:
					x.a = verify.Answer{Outcome: verify.OutcomeNotFound}
				}
				v := a.b.Ask(a.c.read(), a.caller, a.staff, hasher.Subject(x.q.Key), x.q.Key)
				switch {
				case v.Refusal == verify.RefusalHarvestSlow: // the stream answers what it has and goes on
					a.settle(under, who)
					under, who = nil, nil
				case v.Refusal != verify.RefusalNone:
					a.refused++
				default:
					under, who = append(under, x), append(who, n)
				}
			}
			a.settle(under, who)
			a.wait(time.Minute)
		}
	}},
	{"ID number, code and card of the same people in turn", func(a *attempt) {
		for n := range 1000 {
			for kind, k := range []identity.Key{
				key(identity.KindID, "%03d%d%02d%06d", 1+n%96, n%2, n*37%100, n*7919%1_000_000),
				key(identity.KindCode, "%02d%08d", 1+n%96, n*104729%100_000_000),
				key(identity.KindCard, "GD4%02d%02d%08d", 1+n%96, 1+n%96, n*104729%100_000_000),
			} {
				x := register{1}.answer(&question{q: guess(a.r, k)})
				if kind > 0 && n%80 == 0 { // the year it guesses is right now and then
					x.a.Fields.DOB = verify.FieldMatchCoarse
				}
				a.ask(n, x)
				a.wait(time.Second)
			}
		}
	}},
	{"native calls with a name and the portal's, whose answers it takes for registry records, in turn", func(a *attempt) {
		for n := range 1000 {
			x := a.unknown(n / 2)
			if n%2 == 1 { // KQNhanLichSuKCB sends name and year
				x.q.Claims.DOB = identity.Date{Year: 1990}
				x.a.Fields.DOB = verify.FieldMatchCoarse
			}
			a.ask(n/2, x)
			a.wait(time.Second)
		}
	}},
	{"during an outage, in which stale good news is still told", func(a *attempt) {
		for n := range 5000 {
			x := a.unknown(n)
			if n%3 > 0 {
				x.a = verify.Answer{Outcome: verify.OutcomeUnavailable}
			}
			a.ask(n, x)
			a.wait(time.Second)
		}
	}},
	{"before, during and after an outage, with the same numbers", func(a *attempt) {
		for round := range 3 {
			for n := range 500 {
				x := a.unknown(n)
				if round == 1 {
					x.a = verify.Answer{Outcome: verify.OutcomeUnavailable}
				}
				a.ask(n, x)
				a.wait(time.Second)
			}
		}
	}},
}

func (a *attempt) settle(under []*question, who []int) {
	for i, x := range under {
		a.asked++
		if learned(x.a.Outcome) && x.a.Fields.Name != verify.FieldMatch {
			a.met[who[i]] = true
		}
		a.b.Charge(a.c.read(), a.caller, a.staff, hasher.Subject(x.q.Key), &x.q, &x.a)
	}
}

// TestSlyHarvestersAreStopped: whoever knows how budgets count learns no more for it.
func TestSlyHarvestersAreStopped(t *testing.T) {
	for i, s := range schemes {
		t.Run(s.name, func(t *testing.T) {
			c := newClock()
			a := &attempt{t: t, r: rand.New(rand.NewPCG(uint64(i), 99)), c: c, b: start(t, c, nil), caller: clinicAt(300), met: map[int]bool{}}
			s.do(a)
			t.Logf("%d people learned of with %d questions, %d refused", len(a.met), a.asked, a.refused)
			if len(a.met) > mostLearned {
				t.Errorf("learned of %d people, at most %d wanted", len(a.met), mostLearned)
			}
		})
	}
}

// TestWhatLastsOutlivesARestart: a node that restarts every day does not forget who was patient.
func TestWhatLastsOutlivesARestart(t *testing.T) {
	c, file := newClock(), filepath.Join(t.TempDir(), "budget.json")
	a := &attempt{t: t, r: rand.New(rand.NewPCG(1, 98)), c: c, caller: clinicAt(300), met: map[int]bool{}}
	for day := range 60 {
		a.b = start(t, c, func(cfg *budget.Config, _ *budget.Deps) { cfg.StateFile = file })
		for n := range 3 {
			a.ask(3*day+n, a.unknown(3*day+n))
			a.wait(8 * time.Hour)
		}
		if err := a.b.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if len(a.met) > mostLearned || a.refused == 0 {
		t.Errorf("learned of %d people in 60 days, refused %d times", len(a.met), a.refused)
	}
}

// TestClocksThatJump: whatever the wall clock does, a harvester is stopped, and a clinic's counts still leave the window.
func TestClocksThatJump(t *testing.T) {
	for name, jumps := range map[string][]time.Duration{
		"a year ahead and back":            {365 * days, -365 * days},
		"to 1970 and back":                 {-time.Duration(begin.UnixNano()), time.Duration(begin.UnixNano())},
		"an hour back":                     {-time.Hour},
		"over New Year":                    {39*days - time.Minute, 2 * time.Minute},
		"ten minutes ahead, then day back": {10 * time.Minute, -days},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClock()
			a := &attempt{t: t, r: rand.New(rand.NewPCG(1, 97)), c: c, b: start(t, c, nil), caller: clinicAt(300), met: map[int]bool{}}
			a.ask(0, a.unknown(0))
			for i, d := range jumps {
				c.jump(d)
				for n := range 20 {
					a.ask(1+i*20+n, a.unknown(1+i*20+n))
				}
			}
			if len(a.met) > 15 || a.refused == 0 {
				t.Errorf("learned of %d people, refused %d times", len(a.met), a.refused)
			}
			a.wait(2 * days) // two epochs without a question
			if r, _ := a.b.Report(a.caller.ID); !a.ask(999, a.unknown(999)) {
				t.Errorf("two days later it is still refused: %+v", r)
			}
		})
	}
}

// TestInventedStaff: members of staff without end take the memory of the table and no more, and who did something odd is not
// pushed out by them.
func TestInventedStaff(t *testing.T) {
	c := newClock()
	a := &attempt{t: t, r: rand.New(rand.NewPCG(1, 96)), c: c, b: start(t, c, nil), caller: clinicAt(300), met: map[int]bool{}}
	odd := hasher.Bytes('s', []byte("odd"))
	a.staff = odd
	a.ask(0, a.part(0))
	before, x := heap(), known(a.r)
	for n := range 80_000 {
		if n%1000 == 0 {
			a.wait(time.Second)
		}
		binary.LittleEndian.PutUint64(a.staff[:], uint64(n)*0x9e3779b97f4a7c15)
		binary.LittleEndian.PutUint64(a.staff[8:], uint64(n+1))
		put(a.b, c.read(), a.caller, a.staff, x)
	}
	grown := (heap() - before) >> 20
	t.Logf("%d MiB for invented members of staff", grown)
	if grown > 80 {
		t.Errorf("%d MiB for invented members of staff", grown)
	}
	if r, ok := a.b.Report("staff:" + hexOf(odd)); !ok || r.Counts["mismatches"] != 1 {
		t.Errorf("the member who did something odd is forgotten: %+v", r)
	}
}
