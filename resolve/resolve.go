package resolve

import (
	"context"
	"time"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/internal/metric"
	"github.com/verigate/verigate/internal/span"
	"github.com/verigate/verigate/verify"
)

// Deps are the resolver's collaborators. Hasher, Policy, Asker and Recorder are required; a nil Screener or Recaller
// knows nothing, a nil Budget charges nobody.
type Deps struct {
	Hasher   *verify.SubjectHasher
	Policy   Policy
	Screener Screener
	Recaller Recaller
	Asker    Asker
	Recorder Recorder
	Budget   Budget
	// ClaimBound: the registry judges claims itself, so an answer is good for the claims that earned it and no others.
	ClaimBound bool
	Metrics    *metric.Set
}

// Resolver walks batches through the middle five steps. It is safe for concurrent use; a batch is not.
type Resolver struct {
	Deps
	answers  answerCounters
	withheld *metric.Counter
	faults   *metric.Counter
}

// New makes a resolver.
func New(d Deps) *Resolver {
	return &Resolver{
		Deps: d, answers: newAnswerCounters(d.Metrics),
		withheld: d.Metrics.Counter("verigate_policy_withheld_total", "Outcomes known but not told, because the field policy does not let the caller know them."),
		faults:   d.Metrics.Counter("verigate_resolve_budget_faults_total", "Charges to a harvest budget that crashed; nobody was stopped."),
	}
}

// Resolve answers every item of the batch that parse has not refused, and records every item. It does not fail: what
// cannot be known, or cannot be recorded, becomes [verify.OutcomeUnavailable].
func (r *Resolver) Resolve(ctx context.Context, b *Batch) {
	r.prepare(b)
	r.screen(ctx, b)
	r.recall(ctx, b)
	r.ask(ctx, b)
	r.judge(ctx, b)
	r.record(ctx, b)
}

// prepare lays out the lookup: one entry for each item that parse let through.
func (r *Resolver) prepare(b *Batch) {
	l := &b.lookup
	l.Now, l.Batch, l.Lane = b.Now, b.Call == verify.CallBatch, verify.LaneOf(b.Call, b.Purpose)
	l.Keys, l.Queries, l.Subjects, l.Held, b.index = l.Keys[:0], l.Queries[:0], l.Subjects[:0], l.Held[:0], b.index[:0]
	for i := range b.Items {
		item := &b.Items[i]
		if item.Fault != identity.FaultNone {
			continue
		}
		if item.Subject == (verify.Subject{}) {
			item.Subject = r.Hasher.Subject(item.Query.Key)
		}
		l.Keys = append(l.Keys, item.Query.Key)
		subject := item.Subject
		if r.ClaimBound {
			subject = r.Hasher.Claims(&item.Query)
		}
		l.Queries = append(l.Queries, &item.Query)
		l.Subjects = append(l.Subjects, subject)
		l.Held = append(l.Held, verify.Held{})
		b.index = append(b.index, i)
	}
}

func (r *Resolver) screen(ctx context.Context, b *Batch) {
	if r.Screener == nil {
		return
	}
	_, step := span.Step(ctx, "screen")
	defer step.End()
	r.Screener.Screen(&b.lookup)
}

func (r *Resolver) recall(ctx context.Context, b *Batch) {
	if r.Recaller == nil || settled(b.lookup.Held) {
		return
	}
	ctx, step := span.Step(ctx, "recall")
	defer step.End()
	r.Recaller.Recall(ctx, &b.lookup)
}

// defaultDeadline bounds asking when the batch says nothing: below the 8 s after which the least patient of the slow
// clients gives up, with room for the reply.
const defaultDeadline = 7 * time.Second

func (r *Resolver) ask(ctx context.Context, b *Batch) {
	if settled(b.lookup.Held) {
		return
	}
	ctx, step := span.Step(ctx, "ask")
	defer step.End()
	deadline := b.Deadline
	if deadline <= 0 {
		deadline = defaultDeadline
	}
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	if b.Seat != nil {
		b.Seat.Park()
		defer b.Seat.Unpark()
	}
	r.Asker.Ask(ctx, &b.lookup)
}

func settled(held []verify.Held) bool {
	for i := range held {
		if !held[i].Settled() {
			return false
		}
	}
	return true
}
