package resolve

import (
	"context"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/internal/metric"
	"github.com/verigate/verigate/internal/span"
	"github.com/verigate/verigate/verify"
)

// record puts one decision per item into the audit log. When the log refuses, nobody gets an answer: all items become
// unavailable, and nothing of what was known leaves.
func (r *Resolver) record(ctx context.Context, b *Batch) {
	_, step := span.Step(ctx, "record")
	defer step.End()
	b.decisions = b.decisions[:0]
	for i := range b.Items {
		b.decisions = append(b.decisions, decision(b, &b.Items[i]))
	}
	if err := r.Recorder.Record(ctx, b.decisions); err != nil {
		for i := range b.Items {
			item := &b.Items[i]
			verify.Unavailable(&item.Answer, verify.TroubleUnlogged)
			item.Parts, item.Released, item.Withheld = 0, 0, false
		}
	}
	for i := range b.Items {
		switch item := &b.Items[i]; {
		case item.Fault != identity.FaultNone:
		case item.Withheld:
			r.withheld.Inc()
		default:
			r.answers.count(b.Call, &item.Answer)
		}
	}
}

func decision(b *Batch, item *Item) verify.Decision {
	a := &item.Answer
	d := verify.Decision{
		At: b.Now, RequestID: b.RequestID, Row: item.Row, Caller: b.Caller, Call: b.Call, Purpose: b.Purpose,
		Staff: b.Staff, Kind: item.Query.Key.Kind(), Subject: item.Subject,
		Outcome: a.Outcome, Reason: a.Reason, Trouble: a.Trouble, Fields: a.Fields, Released: item.Released,
		Source: a.Source, AsOf: a.AsOf, Version: a.Version,
	}
	switch {
	case item.Fault != identity.FaultNone:
		d.Code = item.Fault.Error()
	case item.Withheld: // the log says what the caller was told
		d.Outcome, d.Reason, d.Fields, d.Code = verify.OutcomeNone, verify.ReasonNone, verify.Fields{}, verify.RefusalWithheld.Code()
	default:
		d.Code = a.Status.Code()
	}
	return d
}

// answerCounters counts answers by call, outcome and source, all closed sets.
type answerCounters [len(calls)][verify.Outcomes][len(verify.SourceNames)]*metric.Counter

var calls = [...]verify.Call{0, verify.CallLookup, verify.CallVerify, verify.CallBatch, verify.CallPortal}

func newAnswerCounters(set *metric.Set) (c answerCounters) {
	for _, call := range calls[1:] {
		for outcome := verify.OutcomeMatch; outcome < verify.Outcomes; outcome++ {
			for source, name := range verify.SourceNames {
				c[call][outcome][source] = set.Counter("verigate_answers_total", "Answers by call, outcome and source.",
					"call", call.String(), "outcome", outcome.String(), "source", name)
			}
		}
	}
	return c
}

func (c *answerCounters) count(call verify.Call, a *verify.Answer) {
	if counter := c[call][a.Outcome][a.Source]; counter != nil {
		counter.Inc()
	}
}
