package budget_test

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/verigate/verigate/clients/budget"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

// facilities is how many there are; patients is the share of a real morning's that a test replays.
const facilities = 13_000

var morningShare = flag.Float64("morning", usualShare, "share of a whole morning's patients in the replay of clinics")

// clinic is a facility of the replay.
type clinic struct {
	caller    *verify.Caller
	province  int
	patients  int
	clumsy    float64 // how often it errs, 1 being usual
	military  bool
	maternity bool
}

// morning is what 13,000 facilities ask between seven and noon.
type morning struct {
	r       *rand.Rand
	clinics []clinic
	visits  []visit
	people  int
	asked   int
	limited int
	unclean int
	by      map[string]int
}

// visit is one patient's coming to one desk.
type visit struct {
	at      time.Duration
	clinic  int32
	patient uint32 // seeds everything about them
	times   uint8  // how often they were looked up before
}

const untilNoon = 5 * time.Hour

// newMorning draws facilities and visits. Sizes are log-normal with a mean of 30 patients a morning, 180 million visits a
// year, and sixty central hospitals of 1,500 to 6,000; every patient is looked up one to five times, 2.6 on average: at
// reception, in the department, at the pharmacy, at the till.
func newMorning(share float64, seed uint64) *morning {
	m := &morning{r: rand.New(rand.NewPCG(seed, 7)), by: map[string]int{}}
	for i := range facilities {
		c := clinic{caller: clinicAt(i), province: 1 + m.r.IntN(96), clumsy: math.Exp(m.r.NormFloat64()*0.5 - 0.125)}
		size := 13 * math.Exp(1.3*m.r.NormFloat64())
		if i < 60 {
			size = 1500 + 4500*m.r.Float64()
		}
		switch {
		case i%500 == 17: // most of its patients' cards are kept by Defence, and its entry in the directory says so
			c.military, c.caller.Unproven = true, 5000
		case i%100 == 3:
			c.maternity = true
		case i%100 == 5: // old software, tired people
			c.clumsy *= 4
		}
		c.patients = int(size*share + m.r.Float64())
		m.clinics = append(m.clinics, c)
		for range c.patients {
			m.come(int32(i))
		}
	}
	slices.SortFunc(m.visits, func(a, b visit) int { return int(a.at - b.at) })
	return m
}

func (m *morning) come(clinic int32) {
	m.people++
	at := time.Duration(math.Abs(m.r.NormFloat64()*0.35+0.3) * float64(untilNoon))
	patient := m.r.Uint32()
	for n := range uint8(5) {
		m.visits = append(m.visits, visit{at, clinic, patient, n})
		if m.r.Float64() > 0.7 {
			break
		}
		at += time.Duration(m.r.ExpFloat64() * float64(25*time.Minute))
	}
}

// number is a patient's: mostly by ID card, of the facility's own province and any age, else by code or card. Families
// hold neighbouring codes, and so do the new-born of a ward.
func (c *clinic) number(r *rand.Rand, patient uint32) identity.Key {
	province, kind := c.province, r.Float64()
	if r.Float64() < 0.12 {
		province = 1 + r.IntN(96)
	}
	code := patient / 5 * 7 % 100_000_000
	newborn := c.newborn(patient)
	if newborn {
		code = 90_000_000 + patient/100%400
	}
	switch {
	case kind < 0.6 && !newborn:
		return key(identity.KindID, "%03d%d%02d%06d", province, r.IntN(4), r.IntN(100), patient%1_000_000)
	case kind < 0.8:
		return key(identity.KindCode, "%02d%08d", province, code+patient%5)
	}
	return key(identity.KindCard, "GD4%02d%02d%08d", province, province, code+patient%5)
}

// newborn tells whether a patient of a maternity ward is one: every fifth.
func (c *clinic) newborn(patient uint32) bool { return c.maternity && patient%100 < 20 }

// ask returns the questions of one visit, most often one; what a desk mistyped it types again.
func (m *morning) ask(v visit) []question {
	c := &m.clinics[v.clinic]
	r := rand.New(rand.NewPCG(uint64(v.patient), uint64(v.clinic)))
	k := c.number(r, v.patient)
	right := question{
		q: verify.Query{Key: k, Claims: verify.Claims{Name: fmt.Appendf(nil, "Người Bệnh %d", v.patient), DOB: day(r, 1930+r.IntN(95))}},
		a: verify.Answer{Outcome: verify.OutcomeMatch, Fields: verify.Fields{Name: verify.FieldMatch, DOB: verify.FieldMatch}},
	}
	if r.Float64() < 0.03 {
		right.q.Claims.DOB, right.a.Fields.DOB = right.q.Claims.DOB.Cut(identity.PrecisionYear), verify.FieldMatchCoarse
	}
	fate := r.Float64()
	standing := r.Float64() // of the card; nobody errs about that
	switch {
	case c.military && standing < 0.6, standing < 0.0115:
		right.a = verify.Answer{Outcome: verify.OutcomeOutOfRegister}
		return []question{right}
	case standing < 0.0405:
		right.a.Outcome = verify.OutcomeInactive
	case standing < 0.0495:
		right.a.Outcome = verify.OutcomeSuperseded
	case c.newborn(v.patient) && v.times == 0 && standing < 0.4: // not yet registered
		right.a = verify.Answer{Outcome: verify.OutcomeNotFound}
	}
	return m.err(c, r, v, right, fate)
}

// err adds what a desk gets wrong: a number typed wrong in 1.5 %, of which one in forty is somebody else's (the
// share of numbers in a bucket that are in use is 2 % where people live); a name or a
// date in 3 %, which is either corrected or wrong on every visit; somebody else's card in 0.05 %.
func (m *morning) err(c *clinic, r *rand.Rand, v visit, right question, fate float64) []question {
	wrong := right
	switch fate /= c.clumsy; {
	case fate < 0.0005:
		wrong.a = verify.Answer{Outcome: verify.OutcomeMismatch, Fields: verify.Fields{Name: verify.FieldMismatch, DOB: verify.FieldMismatch}}
		return []question{wrong}
	case fate < 0.0155 && v.times == 0:
		digits := []byte(right.q.Key.Value())
		at := len(digits) - 1 - r.IntN(9)
		digits[at] = '0' + (digits[at]-'0'+1+byte(r.IntN(9)))%10
		wrong.q.Key, _ = identity.NewKeyBytes(right.q.Key.Kind(), digits)
		wrong.a = verify.Answer{Outcome: verify.OutcomeNotFound}
		if r.Float64() < 1.0/40 {
			wrong.a = verify.Answer{Outcome: verify.OutcomeMismatch, Fields: verify.Fields{Name: verify.FieldMismatch, DOB: verify.FieldMismatch}}
		}
		return []question{wrong, right}
	case fate < 0.0455:
		wrong.a = verify.Answer{Outcome: verify.OutcomeMismatch, Fields: right.a.Fields}
		if r.Float64() < 0.6 {
			wrong.a.Fields.Name, wrong.a.Fields.Initials = verify.FieldMismatch, r.Float64() < 0.4
		} else {
			wrong.a.Fields.DOB = verify.FieldMismatch
		}
		again := wrong
		again.q.Claims.Name = fmt.Appendf(nil, "Người Bệch %d", v.patient)
		if r.Float64() < 0.3 {
			return []question{wrong, again, right}
		}
		return []question{wrong}
	}
	return []question{right}
}

// replay asks it all, through one node after the other, and counts what was limited. meanwhile is called every minute.
func (m *morning) replay(c *clock, meanwhile func(minute int), nodes ...*budget.Budget) {
	began, minute := c.read(), 0
	for n, v := range m.visits {
		now := began
		now.Wall += int64(v.at)
		now.Mono += int64(v.at)
		if at := int(v.at / time.Minute); at > minute {
			minute = at
			c.add(time.Duration(now.Mono - c.read().Mono))
			meanwhile(minute)
		}
		for _, x := range m.ask(v) {
			m.asked++
			if x.a.Outcome != verify.OutcomeMatch {
				m.unclean++
			}
			ok, verdict := put(nodes[n%len(nodes)], now, m.clinics[v.clinic].caller, verify.Subject{}, &x)
			if !ok || verdict.Delay > 0 {
				m.limited++
				m.by[m.clinics[v.clinic].caller.ID]++
			}
		}
	}
}

// mostLimited is the share of requests that may be wrongly limited.
const mostLimited = 0.0001

func (m *morning) hold(t *testing.T) {
	t.Helper()
	t.Logf("%d patients, %d questions, %.1f %% not clean, %d limited (%.5f %%) of %d facilities", m.people, m.asked,
		100*float64(m.unclean)/float64(m.asked), m.limited, 100*float64(m.limited)/float64(m.asked), len(m.by))
	if float64(m.limited) > mostLimited*float64(m.asked) {
		t.Errorf("%d of %d questions were limited", m.limited, m.asked)
	}
}

func TestAMorningOfClinicsIsLeftAlone(t *testing.T) {
	c := newClock()
	var j journal
	b := start(t, c, func(_ *budget.Config, d *budget.Deps) { d.Record = j.record })
	m := newMorning(*morningShare, 1)
	m.replay(c, func(int) {}, b)
	m.hold(t)
	for caller, n := range m.by {
		r, _ := b.Report(caller)
		t.Logf("%s: %d limited: %+v", caller, n, r)
	}
	t.Logf("events: %v", j.kinds())
}
