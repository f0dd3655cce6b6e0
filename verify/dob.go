package verify

import "github.com/verigate/verigate/identity"

// MatchDOB compares a claimed birth date with the one on record at the coarser of the two precisions: both known to the
// same precision and equal is FieldMatch, equal as far as the coarser goes FieldMatchCoarse. The zero claim is
// FieldNotGiven, the zero record FieldNotOnRecord.
func MatchDOB(record, claim identity.Date) FieldResult {
	switch {
	case claim.IsZero():
		return FieldNotGiven
	case record.IsZero():
		return FieldNotOnRecord
	}
	coarser := min(record.Precision(), claim.Precision())
	switch {
	case record.Cut(coarser) != claim.Cut(coarser):
		return FieldMismatch
	case record.Precision() == claim.Precision():
		return FieldMatch
	}
	return FieldMatchCoarse
}
