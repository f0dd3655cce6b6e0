package resolve

import (
	"context"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/internal/span"
	"github.com/verigate/verigate/verify"
)

// judge settles the outcome of every item, decides what of it may leave, and charges the caller's budget.
func (r *Resolver) judge(ctx context.Context, b *Batch) {
	_, step := span.Step(ctx, "judge")
	defer step.End()
	today := b.Now.Today()
	for i, at := range b.index {
		item, held := &b.Items[at], &b.lookup.Held[i]
		on := item.Query.On
		if on.IsZero() {
			on = today
		}
		item.Answer = item.judge(held, on, today, &b.Caller.Policy)
		if held.Stale {
			judgeStale(&item.Answer, held.Trouble)
		}
		item.Released = released(&item.Answer, b.Call, &b.Caller.Policy)
		if r.Budget != nil {
			r.Budget.Charge(b.Now, b.Caller, b.Staff, item.Subject, item.Answer.Outcome, item.Answer.Fields)
		}
	}
}

func (it *Item) judge(held *verify.Held, on, today identity.Date, p *verify.Policy) verify.Answer {
	var err error
	switch held.State {
	case verify.StatePresent:
		err = it.told.Record.Decode(held.Record)
	case verify.StateTold:
		if err = it.told.Decode(held.Record); err == nil {
			return verify.JudgeTold(held, &it.told, &it.Query, on, today, p)
		}
	}
	if err != nil {
		*held = verify.Held{Trouble: verify.TroubleGarbled}
	}
	return verify.Judge(held, &it.told.Record, &it.Query, on, p)
}

// judgeStale lets only good news out of stale knowledge: a refusal is never served stale, because the person may have
// been issued a card, corrected or moved since.
func judgeStale(a *verify.Answer, t verify.Trouble) {
	if a.Outcome != verify.OutcomeMatch {
		verify.Unavailable(a, t)
		return
	}
	a.Source = verify.SourceStale
}

// released is the field policy: which parts of an answer may leave for this call and caller. The least by default: a
// verification never gives registry data, a mismatch gives none either unless the policy discloses it.
func released(a *verify.Answer, call verify.Call, p *verify.Policy) (out verify.Released) {
	switch a.Outcome {
	case verify.OutcomeMismatch:
		if p.MismatchDetails {
			out |= verify.ReleasedDetails
		}
		if call == verify.CallPortal && p.DiscloseOnMismatch {
			out |= verify.ReleasedPerson | verify.ReleasedCoverage
		}
		return out
	case verify.OutcomeMatch, verify.OutcomeSuperseded:
		out = verify.ReleasedDetails | verify.ReleasedCoverage
		if a.Successor != nil || !a.NewKey.IsZero() {
			out |= verify.ReleasedSuccessor // only what is there: the log says what really left
		}
	case verify.OutcomeInactive:
		out = verify.ReleasedDetails | verify.ReleasedCoverage | verify.ReleasedReason
	default:
		return 0
	}
	switch call {
	case verify.CallPortal:
		out |= verify.ReleasedPerson
	case verify.CallVerify, verify.CallBatch:
		out &= verify.ReleasedDetails
	}
	return out
}
