package verify

import "github.com/verigate/verigate/identity"

// Outcome is the closed set of answers to "is this person covered?".
type Outcome uint8

// The outcomes, by their wire names.
const (
	OutcomeNone Outcome = iota
	OutcomeMatch
	OutcomeMismatch
	OutcomeNotFound
	OutcomeOutOfRegister
	OutcomeSuperseded
	OutcomeInactive
	OutcomeUnavailable
)

// Outcomes is the number of outcomes, OutcomeNone included.
const Outcomes = 8

// OutcomeNames are the wire names, indexed by [Outcome].
var OutcomeNames = [Outcomes]string{"", "match", "mismatch", "not_found", "out_of_register", "superseded", "inactive", "unavailable"}

// String returns the outcome's wire name.
func (o Outcome) String() string { return nameOf(OutcomeNames[:], int(o)) }

// Reason says why a person found has no coverage in force.
type Reason uint8

// The reasons, by their wire names.
const (
	ReasonNone Reason = iota
	ReasonExpired
	ReasonRecalled
	ReasonDecreased
	ReasonMovedProvince
	ReasonMovedWithinProvince
	ReasonReEnrolled
	ReasonLeftScheme
	ReasonNotYetValid
	ReasonDeceased
)

// ReasonNames are the wire names, indexed by [Reason].
var ReasonNames = [...]string{"", "expired", "recalled", "decreased", "moved_province", "moved_within_province", "re_enrolled", "left_scheme", "not_yet_valid", "deceased"}

// String returns the reason's wire name.
func (r Reason) String() string { return nameOf(ReasonNames[:], int(r)) }

// FieldResult says how one claim compares with the record.
type FieldResult uint8

// The field results, from "not asked" to the weakest agreement and then disagreement.
const (
	FieldNotGiven FieldResult = iota
	FieldMatch
	FieldMatchNormalized // same after case, spacing, Unicode form, tone placement, legacy encoding
	FieldMatchUnaccented // the claim carries no Vietnamese mark at all
	FieldMatchCoarse     // birth date agrees at the coarser precision
	FieldNotOnRecord
	FieldMismatch
)

// FieldResults is the number of field results.
const FieldResults = 7

// FieldResultNames are the wire names, indexed by [FieldResult].
var FieldResultNames = [FieldResults]string{"not_given", "match", "match_normalized", "match_unaccented", "match_coarse", "not_on_record", "mismatch"}

// String returns the result's wire name.
func (f FieldResult) String() string { return nameOf(FieldResultNames[:], int(f)) }

// Fields are the results of the claims of one query.
type Fields struct {
	Name, DOB, Sex, Facility FieldResult
	Initials                 bool // the name disagrees but its initials agree (portal 061 instead of 060)
}

// Answer is the judgement on one query, before a caller's field policy cuts it down to what may leave.
type Answer struct {
	Outcome   Outcome
	Reason    Reason
	Trouble   Trouble
	Fields    Fields
	Status    PortalStatus // chooses portal_code, message and ghiChu
	Holder    Holder
	Card      *Card        // the card that settled the outcome; nil: none. A view into the item's record
	Successor *Card        // the newer card, when there is one
	NewKey    identity.Key // with a superseded ID number or code: the number that replaced it
	Note      []byte       // another gateway's own sentence, verbatim; nil: the status's
	Source    Source
	AsOf      int64 // nanoseconds since the epoch
	MaxAge    int64 // nanoseconds
	Version   uint64
}
