package verify

import (
	"crypto/sha256"

	"github.com/verigate/verigate/identity"
)

// Told is what another gateway of the portal's contract answered to one set of claims. Unlike a record it is good for
// those claims only, so it is kept under [SubjectHasher.Claims].
type Told struct {
	Status PortalStatus
	Note   []byte // ghiChu, verbatim
	Record Record // what the answer disclosed: the card (a zero one when only the newer is told), then the newer one
}

const toldVersion = 2

// AppendBinary appends the encoded form of t to dst. It fails with [ErrBounds] only.
func (t *Told) AppendBinary(dst []byte) ([]byte, error) {
	if len(t.Note) > MaxText {
		return dst, ErrBounds
	}
	dst = append(dst, toldVersion, byte(t.Status))
	return t.Record.AppendBinary(appendText(dst, t.Note))
}

// Decode fills t from its encoded form, by views into b, like [Record.Decode].
func (t *Told) Decode(b []byte) error {
	d := decoder{b: b}
	version, status := d.byte(), PortalStatus(d.byte())
	t.Note = d.text()
	if d.bad || version != toldVersion || int(status) >= len(statusTexts) {
		return ErrEncoding
	}
	t.Status = status
	return t.Record.Decode(d.b)
}

// Claims returns what an answer to these very claims is kept under: HMAC-SHA-256 over identifier, birth date and name,
// cut to 128 bits. It does not allocate for a name within MaxNameLen.
func (h *SubjectHasher) Claims(q *Query) Subject {
	var buf [sha256.BlockSize + 2 + identity.MaxKeyLen + 4 + MaxNameLen]byte
	msg := append(buf[:0], h.inner[:]...)
	msg = append(msg, 'q', byte(q.Key.Kind()))
	msg = appendDate(q.Key.AppendTo(msg), q.Claims.DOB)
	return h.finish(append(msg, q.Claims.Name...))
}

// JudgeTold settles a query by what another gateway said of it. That gateway has compared name and birth date; what it
// disclosed is compared with the other claims here. It speaks of its own today only: for another day the answer is
// unavailable, unless the person is not there to have a card at all.
func JudgeTold(h *Held, t *Told, q *Query, on, today identity.Date, p *Policy) (a Answer) {
	a.Source, a.AsOf, a.MaxAge, a.Version, a.Status = h.Source, h.AsOf, h.MaxAge, h.Version, t.Status
	if a.Outcome = toldOutcome(t.Status); a.Outcome == OutcomeNone {
		Unavailable(&a, TroubleRefused)
		return a
	}
	a.Note = t.Note
	a.Fields = toldFields(t, q)
	switch a.Outcome {
	case OutcomeMismatch, OutcomeNotFound:
		return a
	case OutcomeOutOfRegister:
		a.Holder = HolderDefence
		if t.Status == Status002 {
			a.Holder = HolderPublicSecurity
		}
		return a
	}
	if on != today {
		Unavailable(&a, TroubleRefused)
		return a
	}
	if s, disagrees := firstMismatch(&a.Fields, p.Accept); disagrees {
		a.Outcome, a.Status, a.Note = OutcomeMismatch, s, nil
		return a
	}
	a.Card, a.Successor = toldCards(t)
	if a.Outcome == OutcomeInactive {
		a.Reason = toldReason(t.Status, a.Card, on)
	}
	return a
}

func toldOutcome(s PortalStatus) Outcome {
	switch s {
	case Status000, Status004, Status130:
		return OutcomeMatch
	case Status001, Status002:
		return OutcomeOutOfRegister
	case Status003:
		return OutcomeSuperseded
	case Status010, Status110, Status120, Status121, Status122, Status123, Status124:
		return OutcomeInactive
	case Status050, Status051, Status052, Status053:
		return OutcomeNotFound
	case Status060, Status061, Status070, Status080, Status090:
		return OutcomeMismatch
	}
	return OutcomeNone
}

// toldFields reports what the code says of each claim; a claim it does not speak of counts as not given.
func toldFields(t *Told, q *Query) (f Fields) {
	switch t.Status {
	case Status060, Status061:
		f.Name, f.Initials = FieldMismatch, t.Status == Status061
		return f
	case Status001, Status002, Status050, Status051, Status052, Status053:
		return f
	}
	if len(q.Claims.Name) > 0 {
		f.Name = FieldMatch
	}
	if !q.Claims.DOB.IsZero() {
		f.DOB = FieldMatch
	}
	if t.Status == Status070 {
		f.DOB = FieldMismatch
		return f
	}
	card, _ := toldCards(t)
	f.Sex = MatchSex(t.Record.Sex, q.Claims.Sex)
	f.Facility = MatchFacility(facilityOf(card), q.Claims.Facility)
	switch t.Status {
	case Status080:
		f.Sex = FieldMismatch
	case Status090:
		f.Facility = FieldMismatch
	}
	return f
}

func toldCards(t *Told) (card, successor *Card) {
	cards := t.Record.Cards
	if len(cards) > 0 && !cards[0].Number.IsZero() {
		card = &cards[0]
	}
	if len(cards) > 1 {
		successor = &cards[1]
	}
	return card, successor
}

func toldReason(s PortalStatus, c *Card, on identity.Date) Reason {
	if s == Status010 {
		if c != nil && c.From.After(on) {
			return ReasonNotYetValid
		}
		return ReasonExpired
	}
	for r, status := range reasonStatus {
		if status == s {
			return Reason(r)
		}
	}
	return ReasonDecreased
}
