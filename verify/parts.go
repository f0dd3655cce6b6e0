package verify

import "github.com/verigate/verigate/identity"

// Parts is a set of what an answer can tell beside its outcome.
type Parts uint32

// The parts, the smallest things a field policy can give or keep back.
const (
	PartResults   Parts = 1 << iota // how each claim compares with the record
	PartReason                      // why there is no coverage, or why there is without a card
	PartDeceased                    // "deceased" instead of "decreased"; only ever together with PartReason
	PartHolder                      // which other register keeps the person
	PartSuccessor                   // the newer card or number, or that there is one
	PartNote                        // another gateway's own sentence, verbatim
	PartCard
	PartCode
	PartValidity // from when and until when the card gives coverage
	PartFacility // where the card's holder is registered
	PartBenefit
	PartArea
	PartFiveYears
	PartName
	PartDOB
	PartSex
	PartAddress
	PartOffice // the social-insurance office that keeps the person

	PartsCoverage = PartCard | PartCode | PartValidity | PartFacility | PartBenefit | PartArea | PartFiveYears
	PartsPerson   = PartName | PartDOB | PartSex | PartAddress | PartOffice
	PartsData     = PartsCoverage | PartsPerson | PartNote // what the register knows of the person and the caller need not
)

// PartNames are the names in bit order, as field policies write them.
var PartNames = [...]string{"results", "reason", "deceased", "holder", "successor", "note",
	"card", "code", "validity", "facility", "benefit", "area", "five_years", "name", "dob", "sex", "address", "office"}

// Has tells whether all of want is in p.
func (p Parts) Has(want Parts) bool { return p&want == want }

// Any tells whether some of want is in p.
func (p Parts) Any(want Parts) bool { return p&want != 0 }

// Released returns the parts in the coarser words of the audit log. Another gateway's sentence counts as personal data,
// because nobody knows what it says.
func (p Parts) Released() (r Released) {
	if p.Any(PartsCoverage) {
		r |= ReleasedCoverage
	}
	if p.Any(PartsPerson | PartNote) {
		r |= ReleasedPerson
	}
	if p.Any(PartSuccessor) {
		r |= ReleasedSuccessor
	}
	if p.Any(PartResults) {
		r |= ReleasedDetails
	}
	if p.Any(PartReason | PartDeceased) {
		r |= ReleasedReason
	}
	return r
}

// callParts is what a call's contract has a place for: on an agreeing answer, and on a mismatch.
var callParts = [...]struct{ found, mismatch Parts }{
	CallLookup: {PartResults | PartReason | PartDeceased | PartHolder | PartSuccessor | PartsCoverage, PartResults},
	CallVerify: {PartResults, PartResults},
	CallBatch:  {PartResults, PartResults},
	// The portal's contract tells which claim disagrees by its code, and nothing of those that agree.
	CallPortal: {PartReason | PartDeceased | PartHolder | PartSuccessor | PartNote | PartsCoverage&^PartBenefit | PartsPerson,
		PartResults | PartNote | PartsCoverage&^PartBenefit | PartsPerson},
}

// Carries returns what the call's contract has a place for when claims agree, and when they do not.
func (c Call) Carries() (found, mismatch Parts) {
	if int(c) >= len(callParts) {
		return 0, 0
	}
	return callParts[c].found, callParts[c].mismatch
}

// Cut empties the fields of a copy of a card that are not in p. A benefit level has no empty value: it stays.
func (p Parts) Cut(c *Card) {
	if !p.Has(PartCard) {
		c.Number = identity.Key{}
	}
	if !p.Has(PartValidity) {
		c.From, c.To = identity.Date{}, identity.Date{}
	}
	if !p.Has(PartFacility) {
		c.Facility = identity.Facility{}
	}
	if !p.Has(PartArea) {
		c.Area = 0
	}
	if !p.Has(PartFiveYears) {
		c.FiveYears = identity.Date{}
	}
}
