package nation_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

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

func TestNewNamesTheSetting(t *testing.T) {
	tests := []struct {
		config nation.Config
		want   string
	}{
		{nation.Config{People: 0, Today: today}, "people 0"},
		{nation.Config{People: nation.MaxPeople + 1, Today: today}, "people 98700001"},
		{nation.Config{People: 1}, `today ""`},
		{nation.Config{People: 1, Today: identity.Date{Year: 2026, Month: 11}}, `today "2026-11"`},
		{nation.Config{People: 1, Today: identity.Date{Year: 2026, Month: 2, Day: 29}}, `today "2026-02-29"`},
		{nation.Config{People: 1, Today: identity.Date{Year: 2001, Month: 2, Day: 1}}, `today "2001-02-01"`},
	}
	for _, tt := range tests {
		if _, err := nation.New(tt.config); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("New(%+v) = %v, want an error with %s", tt.config, err, tt.want)
		}
	}
}

// A nation must be the same tomorrow and on every machine: registries, samples and expected answers of different
// processes meet only through it.
func TestGolden(t *testing.T) {
	const want = "bc35bc5c007be1d1"
	n := newNation(t, 1_000_000, 1)
	h := sha256.New()
	var p nation.Person
	for i := 0; i < n.People(); i += 499 {
		n.Person(i, &p)
		fmt.Fprintf(h, "%+v\n", p)
	}
	for i := range 50 {
		n.Born(i, "079", today, &p)
		fmt.Fprintf(h, "%+v\n", p)
	}
	if got := hex.EncodeToString(h.Sum(nil)[:8]); got != want {
		t.Errorf("the nation of seed 1 changed: %s, was %s", got, want)
	}
}

func TestNumbersStayWhenTheDayMoves(t *testing.T) {
	before := newNation(t, 50_000, 1)
	after, err := nation.New(nation.Config{People: 50_000, Seed: 1, Today: identity.Date{Year: 2026, Month: 12, Day: 31}})
	if err != nil {
		t.Fatal(err)
	}
	var p, q nation.Person
	for i := range before.People() {
		before.Person(i, &p)
		after.Person(i, &q)
		if p.ID != q.ID || p.Code != q.Code || p.Name != q.Name || p.Life != q.Life || p.DOB != q.DOB && p.DOB.Year != 2026 {
			t.Fatalf("person %d: %+v became %+v", i, p, q)
		}
	}
}

func TestSeedsMakeOtherNations(t *testing.T) {
	a, b := newNation(t, 10_000, 1), newNation(t, 10_000, 2)
	var p, q nation.Person
	same := 0
	for i := range a.People() {
		a.Person(i, &p)
		b.Person(i, &q)
		if p.ID == q.ID || p.Code == q.Code {
			same++
		}
	}
	if same > 10 {
		t.Errorf("%d of 10,000 people have a number in common", same)
	}
}

func TestPersonReusesSlices(t *testing.T) {
	n := newNation(t, 10_000, 1)
	var p nation.Person
	for i := range 1000 {
		n.Person(i, &p)
	}
	cards := cap(p.Cards)
	for i := range 1000 {
		n.Person(i, &p)
	}
	if cap(p.Cards) != cards {
		t.Errorf("capacity grew from %d to %d", cards, cap(p.Cards))
	}
}

func TestPersonOutOfRangePanics(t *testing.T) {
	n := newNation(t, 10, 1)
	for _, i := range []int{-1, 10} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("person %d of ten exists", i)
				}
			}()
			n.Person(i, new(nation.Person))
		}()
	}
}

func TestEveryDayHoldsTogether(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	var p nation.Person
	for _, day := range []identity.Date{{Year: 2026, Month: 1, Day: 1}, {Year: 2028, Month: 2, Day: 29}, {Year: 2026, Month: 12, Day: 31},
		{Year: 2010, Month: 3, Day: 1}, {Year: 2099, Month: 7, Day: 7}} {
		n, err := nation.New(nation.Config{People: 200_000, Seed: 9, Today: day})
		if err != nil {
			t.Fatal(err)
		}
		for range 8_000 {
			n.Person(rng.IntN(n.People()), &p)
			if fault := check(&p, day); fault != "" {
				t.Fatalf("today %s: %s: %+v", day, fault, p)
			}
		}
	}
}

// check returns what is impossible about a record, or "".
func check(p *nation.Person, today identity.Date) string {
	switch {
	case p.DOB.After(today) || p.Declared.DOB.After(today):
		return "born in the future"
	case !p.DOB.Valid() || !p.Declared.DOB.Valid():
		return "born on no day"
	case p.Died.After(today) || !p.Died.IsZero() && p.Died.Before(p.DOB):
		return "died before birth or later than today"
	case len(p.Cards) == 0 != (p.Life == nation.Cardless):
		return "cards do not go with the life"
	case identity.CheckName([]byte(p.Name)) != identity.FaultNone || identity.CheckName([]byte(p.Declared.Name)) != identity.FaultNone:
		return "no name"
	}
	for i, c := range p.Cards {
		_, fault := identity.ParseCard([]byte(c.Number))
		switch {
		case fault != identity.FaultNone:
			return "card number: " + fault.Error()
		case !c.From.Valid() || !c.To.Valid() || !c.To.IsZero() && c.To.Before(c.From):
			return "card without a day"
		case c.Status == "active" != c.StatusFrom.IsZero() || !c.StatusFrom.IsZero() && c.StatusFrom.Before(c.From):
			return "status without a day or before the card"
		case i > 0 && c.From.Before(p.Cards[i-1].From):
			return "cards out of order"
		case len(c.Facility) != 5 || c.Benefit != int(c.Number[2]-'0') || c.Area < 0 || c.Area > 3:
			return "facility, benefit or area"
		case c.From.Before(p.DOB):
			return "card before birth"
		}
	}
	return ""
}

func TestDateOfIsVietnamese(t *testing.T) {
	lateUTC := time.Date(2026, 11, 21, 17, 0, 0, 0, time.UTC)
	if got := nation.DateOf(lateUTC); got != (identity.Date{Year: 2026, Month: 11, Day: 22}) {
		t.Errorf("17:00 UTC is %s in Vietnam", got)
	}
	if got := nation.DateOf(lateUTC.Add(-time.Second)); got != today {
		t.Errorf("a second before 17:00 UTC is %s in Vietnam", got)
	}
}
