package resolve

import (
	"context"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/internal/span"
	"github.com/verigate/verigate/verify"
)

// judge settles the outcome of every item, charges the caller's budget with it, and decides what of it may leave.
func (r *Resolver) judge(ctx context.Context, b *Batch) {
	_, step := span.Step(ctx, "judge")
	defer step.End()
	today := b.Now.Today()
	rights := r.rights(b)
	for i, at := range b.index {
		item, held := &b.Items[at], &b.lookup.Held[i]
		on := item.Query.On
		if on.IsZero() {
			on = today
		}
		item.Answer = item.judge(held, on, today, &rights.policy)
		if held.Stale {
			judgeStale(&item.Answer, held.Trouble)
		}
		r.charge(b, item)
		item.release(&rights, b)
	}
}

// charge tells the budget what the caller learned. A budget that crashes stops nobody.
func (r *Resolver) charge(b *Batch, item *Item) {
	if r.Budget == nil {
		return
	}
	defer func() {
		if recover() != nil {
			r.faults.Inc()
		}
	}()
	r.Budget.Charge(b.Now, b.Caller, b.Staff, item.Subject, &item.Query, &item.Answer)
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
