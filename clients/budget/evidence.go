package budget

import (
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

// evidence is what a question and its answer show of the asker: did it know the person?
type evidence uint8

const (
	// nothing was learned: the answer is that nothing can be known.
	nothing evidence = iota
	// proven: the name agrees, or where none was given the day of birth does. A number does not tell either.
	proven
	// near: the person exists and something disagrees, but the asker knew a part that cannot be guessed. A misspelled
	// name at a reception desk is near.
	near
	// stranger: the person exists and the asker showed no knowledge of them. Who goes through numbers meets strangers.
	stranger
	// elsewhere: the person is kept in another register, so no claim was compared.
	elsewhere
	// miss: nobody was ever issued the number. It teaches nothing about anybody, but who guesses misses often.
	miss
)

// odd tells whether the evidence is anything that a budget is short of.
func (e evidence) odd() bool { return e >= near }

// blind tells whether the asker showed no knowledge at all: only then do order, buckets and company mean anything.
func (e evidence) blind() bool { return e >= stranger }

// weigh tells what an answer shows. With claimBound the answer comes from another portal, which says of a wrong name
// only that it is wrong and does not get to the birth date; then nobody can be told a stranger.
func weigh(q *verify.Query, a *verify.Answer, claimBound bool) evidence {
	switch a.Outcome {
	case verify.OutcomeNotFound:
		return miss
	case verify.OutcomeOutOfRegister:
		return elsewhere
	case verify.OutcomeMatch, verify.OutcomeSuperseded, verify.OutcomeInactive:
		if agrees(a.Fields.Name) || dayAgrees(q, a) {
			return proven
		}
		return stranger
	case verify.OutcomeMismatch:
		if claimBound || agrees(a.Fields.Name) || a.Fields.Initials || dayAgrees(q, a) || yearTold(q, a) {
			return near
		}
		return stranger
	}
	return nothing
}

func agrees(f verify.FieldResult) bool {
	return f == verify.FieldMatch || f == verify.FieldMatchNormalized || f == verify.FieldMatchUnaccented
}

// dayAgrees tells whether the asker knew the day of birth.
func dayAgrees(q *verify.Query, a *verify.Answer) bool {
	return a.Fields.DOB == verify.FieldMatch && q.Claims.DOB.Precision() == identity.PrecisionDay
}

// yearTold tells whether the asker knew the year of birth and did not have it from the number: digits 4 to 6 of an ID
// number tell it.
func yearTold(q *verify.Query, a *verify.Answer) bool {
	return q.Key.Kind() != identity.KindID && (a.Fields.DOB == verify.FieldMatch || a.Fields.DOB == verify.FieldMatchCoarse)
}
