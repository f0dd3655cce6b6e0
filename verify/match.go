package verify

import "github.com/verigate/verigate/identity"

// Match compares a person's claims with their record: name, birth date and sex. Fields.Facility stays FieldNotGiven,
// because a facility belongs to a card and it is the judge who knows which card counts; see [MatchFacility].
func Match(rec *Record, c *Claims, p *Policy) (f Fields) {
	f.Name, f.Initials = MatchName(p, rec.Name, c.Name)
	f.DOB = MatchDOB(rec.DOB, c.DOB)
	f.Sex = MatchSex(rec.Sex, c.Sex)
	return f
}

// MatchSex compares a claimed sex with the one on record.
func MatchSex(record, claim identity.Sex) FieldResult {
	switch {
	case claim == identity.SexUnknown:
		return FieldNotGiven
	case record == identity.SexUnknown:
		return FieldNotOnRecord
	case record == claim:
		return FieldMatch
	}
	return FieldMismatch
}

// MatchFacility compares a claimed facility of first registration with the one on a card. Codes are compared as they
// stand: PP000 ("province, no facility") agrees with itself only, and no province is derived from a code, since the same
// digits meant another province before July 2025.
func MatchFacility(card, claim identity.Facility) FieldResult {
	switch {
	case claim.IsZero():
		return FieldNotGiven
	case card.IsZero():
		return FieldNotOnRecord
	case card == claim:
		return FieldMatch
	}
	return FieldMismatch
}
