package registry

import (
	"slices"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/registry/nation"
)

// The statuses of a card that the operations read or write.
const (
	statusActive     = "active"
	statusRecalled   = "recalled"
	statusReEnrolled = "re_enrolled"
)

// The refusals of operations that make no sense for the person.
var (
	errHeldElsewhere = refuse(409, "held_elsewhere", "another register keeps this person")
	errDead          = refuse(409, "already_dead", "the register has this person as dead")
	errNoneInForce   = refuse(409, "no_card_in_force", "the person has no card in force today")
	errNoCard        = refuse(409, "no_card_to_renew", "the person's last card did not run out by itself, or there is none")
	errOpenEnded     = refuse(409, "card_open_ended", "the card in force has no last day, so there is nothing to renew")
	errRenewed       = refuse(409, "already_renewed", "the next period is already issued")
	errNoNumber      = refuse(409, "no_number_left", "the person has been given every card number there is for them")
	errNothing       = refuse(400, "correction_missing", "a correction names at least one field")
	errIDTaken       = refuse(409, "id_taken", "that ID number was given to somebody already")
	errSameID        = refuse(409, "id_unchanged", "the person has that ID number already")
)

// operation changes p, a copy of the person's own, as of today, or refuses.
type operation func(p *nation.Person, c *command, today identity.Date) *problem

// operations are the changes to one person; a birth makes one and is not among them.
var operations = map[string]operation{
	"recall":  recall,
	"renew":   renew,
	"issue":   issue,
	"death":   die,
	"correct": correct,
}

// recall ends from today every card that is in force or would be later.
func recall(p *nation.Person, _ *command, today identity.Date) *problem {
	if latestInForce(p, today) == nil {
		return errNoneInForce
	}
	for i := range p.Cards {
		c := &p.Cards[i]
		if (c.To.IsZero() || !c.To.Before(today)) && !endedBy(c, today) {
			c.Status, c.StatusFrom = statusRecalled, today
		}
	}
	return nil
}

// renew issues the next year under the same number: in advance behind a card in force, from today behind one that ran
// out.
func renew(p *nation.Person, _ *command, today identity.Date) *problem {
	if !p.Died.IsZero() {
		return errDead
	}
	last := latestInForce(p, today)
	if last == nil {
		last = latestBegun(p, today)
	}
	switch {
	case slices.ContainsFunc(p.Cards, func(c nation.Card) bool { return c.Status == statusActive && c.From.After(today) }):
		return errRenewed
	case last == nil || endedBy(last, today):
		return errNoCard
	case last.To.IsZero():
		return errOpenEnded
	}
	next := *last
	next.From, next.Status, next.StatusFrom = addDays(last.To, 1), statusActive, identity.Date{}
	if next.From.Before(today) {
		next.From = today
	}
	next.To = yearFrom(next.From)
	p.Cards = append(p.Cards, next)
	return nil
}

// issue gives the person a card with another number from today; what they had before ends yesterday.
func issue(p *nation.Person, c *command, today identity.Date) *problem {
	if !p.Died.IsZero() {
		return errDead
	}
	fresh, ok := newCard(p, c)
	if !ok {
		return errNoNumber
	}
	yesterday := addDays(today, -1)
	for i := range p.Cards {
		old := &p.Cards[i]
		switch {
		case endedBy(old, today) || !old.To.IsZero() && old.To.Before(today):
		case old.From.Before(today):
			old.To = yesterday
		default: // it has not run a day, so it cannot end yesterday
			old.Status, old.StatusFrom = statusReEnrolled, old.From
		}
	}
	fresh.From, fresh.To, fresh.Status = today, yearFrom(today), statusActive
	p.Cards = append(p.Cards, fresh)
	sortCards(p.Cards)
	return nil
}

// objects are the object codes that an issue chooses from, with the benefit digit that goes with each (rule of 2015).
var objects = []struct {
	letters string
	benefit int
}{{"GD", 4}, {"DN", 4}, {"HT", 3}, {"CN", 3}, {"HN", 2}, {"DT", 2}, {"SV", 4}, {"TN", 4}, {"CH", 4}, {"BT", 2}}

// newCard makes a card whose number the person never had.
func newCard(p *nation.Person, c *command) (nation.Card, bool) {
	fresh := nation.Card{Facility: p.Province[1:] + "000"}
	part := p.Province[1:]
	if n := len(p.Cards); n > 0 {
		last := p.Cards[n-1]
		fresh.Facility, fresh.FacilityName, fresh.Area, fresh.FiveYears = last.Facility, last.FacilityName, last.Area, last.FiveYears
		part = last.Number[3:5]
	}
	had := appendNumbers(nil, p)
	for _, o := range objects {
		if c.Object != "" && c.Object != o.letters {
			continue
		}
		number := o.letters + string(rune('0'+o.benefit)) + part + p.Code
		if k, ok := identity.NewKey(identity.KindCard, number); ok && !slices.Contains(had, k) {
			fresh.Number, fresh.Benefit = number, o.benefit
			return fresh, true
		}
	}
	return fresh, false
}

// die records that the person died today.
func die(p *nation.Person, _ *command, today identity.Date) *problem {
	if !p.Died.IsZero() {
		return errDead
	}
	p.Died = today
	return nil
}

// correct sets what the register got wrong.
func correct(p *nation.Person, c *command, today identity.Date) *problem {
	if c.Name == "" && c.DOB == "" && c.Sex == "" && c.Facility == "" && c.Address == "" && c.NewID == "" {
		return errNothing
	}
	if c.Name != "" {
		p.Name = norm.NFC.String(c.Name)
	}
	if c.DOB != "" {
		p.DOB, _ = identity.ParseDOB([]byte(c.DOB), today) // checked with the command
	}
	if c.Sex != "" {
		p.Sex = sexOf(c.Sex)
	}
	if c.Address != "" {
		p.Address = norm.NFC.String(c.Address)
	}
	if c.Facility != "" {
		for i := range p.Cards {
			if card := &p.Cards[i]; card.To.IsZero() || !card.To.Before(today) {
				card.Facility, card.FacilityName = c.Facility, nation.FacilityName(c.Facility)
			}
		}
	}
	if c.NewID != "" {
		if p.ID != "" {
			p.Former = append(p.Former, nation.Former{Kind: identity.KindID, Value: p.ID, Until: addDays(today, -1)})
		}
		p.ID = c.NewID
	}
	return nil
}

// latestInForce returns the card in force on the day that began last, or nil.
func latestInForce(p *nation.Person, day identity.Date) (found *nation.Card) {
	if !p.Died.IsZero() && !p.Died.After(day) {
		return nil
	}
	for i := range p.Cards {
		c := &p.Cards[i]
		if !c.From.After(day) && (c.To.IsZero() || !c.To.Before(day)) && !endedBy(c, day) && (found == nil || !c.From.Before(found.From)) {
			found = c
		}
	}
	return found
}

// latestBegun returns the card that began last of those that have begun by the day, or nil.
func latestBegun(p *nation.Person, day identity.Date) (found *nation.Card) {
	for i := range p.Cards {
		if c := &p.Cards[i]; !c.From.After(day) && (found == nil || !c.From.Before(found.From)) {
			found = c
		}
	}
	return found
}

// endedBy tells whether its status has ended the card on the day.
func endedBy(c *nation.Card, day identity.Date) bool {
	return c.Status != statusActive && !c.StatusFrom.After(day)
}

func sortCards(cards []nation.Card) {
	slices.SortStableFunc(cards, func(a, b nation.Card) int { return a.From.Compare(b.From) })
}

func addDays(d identity.Date, n int) identity.Date {
	t := time.Date(int(d.Year), time.Month(d.Month), int(d.Day)+n, 0, 0, 0, 0, time.UTC)
	return identity.Date{Year: uint16(t.Year()), Month: uint8(t.Month()), Day: uint8(t.Day())}
}

// yearFrom returns the last day of a year that begins on d.
func yearFrom(d identity.Date) identity.Date {
	d.Year++
	return addDays(d, -1)
}

func sexOf(s string) identity.Sex {
	for _, sex := range []identity.Sex{identity.Male, identity.Female} {
		if s == sex.String() {
			return sex
		}
	}
	return identity.SexUnknown
}
