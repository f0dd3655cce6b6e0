package resolve

import (
	"context"

	"github.com/verigate/verigate/verify"
)

// The ports. Each fills lookup.Held where it can and leaves settled entries alone; none keeps a slice it was given.

// Screener is the prefilter: it settles entries that it can prove were never issued.
type Screener interface {
	Screen(l *verify.Lookup)
}

// Recaller is the caches. Fresh knowledge settles an entry; knowledge too old to answer from is left in it with Stale
// set. A cache that is broken or slow is a miss.
type Recaller interface {
	Recall(ctx context.Context, l *verify.Lookup)
}

// Asker is the registry, asked kindly: coalesced, limited, behind a breaker. What it learns is also remembered by the
// caches. Where it fails the entry keeps what it had and Trouble says why.
type Asker interface {
	Ask(ctx context.Context, l *verify.Lookup)
}

// Recorder is the audit log. Record returns nil only when every decision is in the log with the durability configured;
// it keeps nothing of the slice.
type Recorder interface {
	Record(ctx context.Context, decisions []verify.Decision) error
}

// Budget is charged with what a caller learned, and is shown by which question: who asks for a number and knows neither
// name nor birth date is another matter than a desk with a patient before it. It keeps neither question nor answer.
type Budget interface {
	Charge(now verify.Instant, c *verify.Caller, staff, subject verify.Subject, q *verify.Query, a *verify.Answer)
}

// Seat is a batch's right to run, which it gives up while it waits for the registry.
type Seat interface {
	Park()
	Unpark()
}
