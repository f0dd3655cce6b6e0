package resolve

import "github.com/verigate/verigate/verify"

// Policy is the field policy in force. The table is immutable; another one may be returned from one moment to the next.
type Policy interface {
	Entitlements() *verify.Entitlements
}

// rights are what the caller of one batch may be told: the cell of the field policy and what the caller's own entry
// makes of it.
type rights struct {
	cell            *verify.Entitlement
	found, mismatch verify.Parts
	policy          verify.Policy // the caller's, with the switches as the field policy lets them stand
}

func (r *Resolver) rights(b *Batch) (out rights) {
	table := b.Entitlements
	if table == nil {
		table = r.Policy.Entitlements()
	}
	out.cell = table.Of(b.Caller.Kind, b.Purpose, b.Call)
	out.policy = b.Caller.Policy
	out.found, out.mismatch = out.cell.For(&out.policy)
	found, mismatch := b.Call.Carries()
	out.found &= found
	out.mismatch &= mismatch
	out.policy.ShowDeceased = out.found.Has(verify.PartDeceased)
	out.policy.DiscloseOnMismatch = out.mismatch.Any(verify.PartsCoverage)
	return out
}

// release cuts the answer down to what may leave: it withholds an outcome that may not be told, words the others
// without the particulars that may not, and notes which parts are really there and told.
func (it *Item) release(r *rights, b *Batch) {
	a := &it.Answer
	parts := r.allowed(a.Outcome)
	if !r.cell.Outcomes.Has(a.Outcome) || a.Outcome == verify.OutcomeMismatch && b.Call == verify.CallPortal && !parts.Has(verify.PartResults) {
		// The portal's contract has no code for a mismatch that does not say of what.
		it.Withheld = true
		return
	}
	plain(a, parts)
	if b.Carries != 0 {
		parts &= b.Carries
	}
	it.Parts = parts & it.there(b.Call)
	it.Released = it.Parts.Released()
}

func (r *rights) allowed(o verify.Outcome) verify.Parts {
	switch o {
	case verify.OutcomeMatch, verify.OutcomeSuperseded, verify.OutcomeInactive:
		return r.found
	case verify.OutcomeMismatch:
		return r.mismatch
	case verify.OutcomeOutOfRegister:
		return r.found & verify.PartHolder
	}
	return 0
}

// plain words the answer without the particulars that its status would tell.
func plain(a *verify.Answer, allowed verify.Parts) {
	if !allowed.Has(verify.PartNote) {
		a.Note = nil
	}
	switch {
	case a.Outcome == verify.OutcomeInactive && !allowed.Has(verify.PartReason):
		a.Status = verify.Status010
	case a.Outcome == verify.OutcomeOutOfRegister && !allowed.Has(verify.PartHolder):
		a.Status = verify.StatusOther
	case a.Status == verify.Status004 && !allowed.Has(verify.PartSuccessor),
		a.Status == verify.Status130 && !allowed.Has(verify.PartReason):
		a.Status = verify.Status000
	}
}

// there returns the parts that this answer has a value for, so that the log says what left and not what might have.
func (it *Item) there(call verify.Call) (p verify.Parts) {
	a := &it.Answer
	if a.Fields != (verify.Fields{}) {
		p = verify.PartResults
	}
	if a.Outcome == verify.OutcomeOutOfRegister {
		return verify.PartHolder
	}
	if a.Outcome == verify.OutcomeInactive || a.Status == verify.Status130 {
		p |= verify.PartReason | verify.PartDeceased
	}
	if a.Successor != nil || !a.NewKey.IsZero() && call != verify.CallPortal { // that contract has no place for a number
		p |= verify.PartSuccessor
	}
	if len(a.Note) > 0 {
		p |= verify.PartNote
	}
	p |= thereOfCard(a.Card)
	if call == verify.CallPortal {
		return p | it.thereOfPerson()
	}
	if a.Card != nil && !it.told.Record.Code.IsZero() { // a code comes with a card or not at all
		p |= verify.PartCode
	}
	return p
}

func thereOfCard(c *verify.Card) (p verify.Parts) {
	if c == nil {
		return 0
	}
	p = verify.PartBenefit
	if !c.Number.IsZero() {
		p |= verify.PartCard
	}
	if !c.From.IsZero() || !c.To.IsZero() {
		p |= verify.PartValidity
	}
	if !c.Facility.IsZero() {
		p |= verify.PartFacility
	}
	if c.Area != 0 {
		p |= verify.PartArea
	}
	if !c.FiveYears.IsZero() {
		p |= verify.PartFiveYears
	}
	return p
}

func (it *Item) thereOfPerson() (p verify.Parts) {
	r := &it.told.Record
	for _, f := range [...]struct {
		there bool
		part  verify.Parts
	}{
		{!r.Code.IsZero(), verify.PartCode}, {len(r.Name) > 0, verify.PartName}, {!r.DOB.IsZero(), verify.PartDOB},
		{true, verify.PartSex}, // there is a word for "not on record"
		{len(r.Address) > 0, verify.PartAddress}, {len(r.Office) > 0, verify.PartOffice},
	} {
		if f.there {
			p |= f.part
		}
	}
	return p
}
