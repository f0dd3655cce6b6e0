package verify

import "github.com/verigate/verigate/identity"

// Judge settles one query: what is held of the identifier, its decoded record (only read with StatePresent), the
// claims, the day asked and the caller's policy make the answer. It is pure and does not allocate; pointers in the
// answer are views into rec.
//
// Order when several things are wrong: existence, name, birth date, sex, facility, status.
func Judge(h *Held, rec *Record, q *Query, on identity.Date, p *Policy) (a Answer) {
	a.Source, a.AsOf, a.MaxAge, a.Version = h.Source, h.AsOf, h.MaxAge, h.Version
	switch h.State {
	case StateAbsent:
		a.Outcome, a.Status = OutcomeNotFound, Status050
	case StateElsewhere:
		a.Outcome, a.Status, a.Holder = OutcomeOutOfRegister, holderStatus(h.Holder), h.Holder
	case StatePresent:
		judgePerson(&a, rec, q, on, p)
	default:
		Unavailable(&a, h.Trouble)
	}
	return a
}

// Unavailable turns a into "cannot be known now", whatever it was, for the given trouble.
func Unavailable(a *Answer, t Trouble) {
	*a = Answer{Outcome: OutcomeUnavailable, Trouble: t, Source: SourceNone, Status: Status100}
	switch t {
	case TroubleBusy:
		a.Status = Status101
	case TroubleUnlogged:
		a.Status = Status500
	}
}

func holderStatus(h Holder) PortalStatus {
	switch h {
	case HolderDefence:
		return Status001
	case HolderPublicSecurity:
		return Status002
	}
	return StatusOther
}

func judgePerson(a *Answer, rec *Record, q *Query, on identity.Date, p *Policy) {
	c := choose(rec, q.Key, on)
	a.Fields = Match(rec, &q.Claims, p)
	a.Fields.Facility = MatchFacility(facilityOf(c.deciding), q.Claims.Facility)
	if s, disagrees := firstMismatch(&a.Fields, p.Accept); disagrees {
		a.Outcome, a.Status = OutcomeMismatch, s
		if p.DiscloseOnMismatch {
			a.Card = c.deciding
		}
		return
	}
	a.Card = c.deciding
	switch {
	case !rec.Died.IsZero() && rec.Died.Compare(on) <= 0:
		a.inactive(ReasonDeceased, p)
	case c.former:
		a.Outcome, a.Status = OutcomeSuperseded, Status003
		a.NewKey, a.Successor, a.Card = currentKey(rec, q.Key.Kind()), c.deciding, nil
	case c.inForce:
		a.Outcome, a.Status = OutcomeMatch, Status000
		if a.Successor = newer(rec, c.deciding); a.Successor != nil {
			a.Status = Status004
		}
	case c.deciding == nil && underSix(rec.DOB, on):
		a.Outcome, a.Status = OutcomeMatch, Status130
	case c.deciding == nil:
		a.inactive(ReasonLeftScheme, p)
	case c.replacement != nil:
		a.Outcome, a.Status, a.Successor = OutcomeSuperseded, Status003, c.replacement
	default:
		a.inactive(endReason(c.deciding, on), p)
	}
}

// firstMismatch names the first claim in the portal's order that does not count as agreement.
func firstMismatch(f *Fields, accept FieldSet) (PortalStatus, bool) {
	switch {
	case !accept.Accepts(f.Name) && f.Initials:
		return Status061, true
	case !accept.Accepts(f.Name):
		return Status060, true
	case !accept.Accepts(f.DOB):
		return Status070, true
	case !accept.Accepts(f.Sex):
		return Status080, true
	case !accept.Accepts(f.Facility):
		return Status090, true
	}
	return 0, false
}

func facilityOf(c *Card) identity.Facility {
	if c == nil {
		return identity.Facility{}
	}
	return c.Facility
}

func (a *Answer) inactive(r Reason, p *Policy) {
	if r == ReasonDeceased && !p.ShowDeceased {
		r = ReasonDecreased
	}
	a.Outcome, a.Reason, a.Status = OutcomeInactive, r, reasonStatus[r]
}

var reasonStatus = [...]PortalStatus{
	ReasonExpired:             Status010,
	ReasonRecalled:            Status110,
	ReasonDecreased:           Status120,
	ReasonMovedProvince:       Status121,
	ReasonMovedWithinProvince: Status122,
	ReasonReEnrolled:          Status123,
	ReasonLeftScheme:          Status124,
	ReasonNotYetValid:         Status010,
	ReasonDeceased:            Status120,
}

// choice is which of a person's cards settles a query.
type choice struct {
	deciding    *Card // nil: the person has no card
	replacement *Card // asked by an ended card: a later one of another number, in force on the day
	inForce     bool
	former      bool // the identifier asked was replaced by another
}

// choose picks the deciding card for the day asked. Asked by card number, only issues of that number count, else all.
// Of those in force the latest issue wins; with none in force the latest that had begun, else the first still to come.
func choose(rec *Record, k identity.Key, on identity.Date) (c choice) {
	for i := range rec.Former {
		c.former = c.former || rec.Former[i].Key == k
	}
	byNumber := k.Kind() == identity.KindCard && !c.former && hasNumber(rec, k)
	var other *Card
	for i := range rec.Cards {
		card := &rec.Cards[i]
		inForce := card.InForce(on)
		if byNumber && card.Number != k {
			if inForce && (other == nil || !card.From.Before(other.From)) {
				other = card
			}
			continue
		}
		if c.deciding == nil || betterCard(card, inForce, c.deciding, c.inForce, on) {
			c.deciding, c.inForce = card, inForce
		}
	}
	if !c.inForce && other != nil && other.From.After(c.deciding.From) {
		c.replacement = other
	}
	return c
}

func betterCard(card *Card, inForce bool, best *Card, bestInForce bool, on identity.Date) bool {
	if inForce != bestInForce {
		return inForce
	}
	begun, bestBegun := card.From.Compare(on) <= 0, best.From.Compare(on) <= 0
	switch {
	case begun != bestBegun:
		return begun
	case begun:
		return !card.From.Before(best.From)
	}
	return card.From.Before(best.From)
}

func hasNumber(rec *Record, k identity.Key) bool {
	for i := range rec.Cards {
		if rec.Cards[i].Number == k {
			return true
		}
	}
	return false
}

// InForce tells whether the card gives coverage on the day.
func (c *Card) InForce(on identity.Date) bool {
	return c.From.Compare(on) <= 0 && (c.To.IsZero() || on.Compare(c.To) <= 0) && !c.ended(on)
}

func (c *Card) ended(on identity.Date) bool {
	return c.Status != StatusActive && c.StatusFrom.Compare(on) <= 0
}

func endReason(c *Card, on identity.Date) Reason {
	switch {
	case c.From.After(on):
		return ReasonNotYetValid
	case c.ended(on):
		return ReasonRecalled + Reason(c.Status-StatusRecalled) // both lists run in the same order
	}
	return ReasonExpired
}

// newer returns the latest active card that begins after c does, or nil.
func newer(rec *Record, c *Card) (found *Card) {
	for i := range rec.Cards {
		card := &rec.Cards[i]
		if card.Status == StatusActive && card.From.After(c.From) && (found == nil || !card.From.Before(found.From)) {
			found = card
		}
	}
	return found
}

func currentKey(rec *Record, kind identity.Kind) identity.Key {
	switch kind {
	case identity.KindID:
		return rec.ID
	case identity.KindCode:
		return rec.Code
	}
	return identity.Key{}
}

// underSix tells whether somebody born on dob may still be under six on the day; with only a year or month known the
// person gets the benefit of the doubt.
func underSix(dob, on identity.Date) bool {
	if dob.IsZero() || on.Year < 6 {
		return false
	}
	cut := identity.Date{Year: on.Year - 6, Month: on.Month, Day: on.Day}
	switch dob.Precision() {
	case identity.PrecisionYear:
		return dob.Year >= cut.Year
	case identity.PrecisionMonth:
		return dob.Year > cut.Year || dob.Year == cut.Year && dob.Month >= cut.Month
	}
	return dob.After(cut)
}
