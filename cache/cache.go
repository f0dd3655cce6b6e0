package cache

import (
	"context"
	"sync/atomic"

	"github.com/verigate/verigate/internal/metric"
	"github.com/verigate/verigate/verify"
)

// Local is the record cache of this process.
type Local interface {
	// Recall fills entries that hold nothing with what is known, whatever its age.
	Recall(l *verify.Lookup)
	// Remember keeps what the registry or the shared cache said, and takes out of l what came from the shared cache and is
	// known to be outdated.
	Remember(l *verify.Lookup)
	// Invalidate forgets what is older than version and refuses it from now on.
	Invalidate(now verify.Instant, subjects []verify.Subject, version uint64)
	// Anew says that versions learned before and after now tell nothing of each other.
	Anew(now verify.Instant)
	// Peek returns what is known of a subject but the record itself.
	Peek(subject *verify.Subject) (h verify.Held, ok bool)
}

// Shared is the record cache of all nodes. Only Recall may wait, and that shortly.
type Shared interface {
	Recall(ctx context.Context, l *verify.Lookup)
	Remember(l *verify.Lookup)
	Invalidate(subjects []verify.Subject, version uint64)
}

// Feed tells how far the change feed can be relied on.
type Feed interface {
	// Vouch tells whether the feed is live, or else at least not yet lost, and the monotonic time since when no change can
	// have been missed; 0: never.
	Vouch(now verify.Instant) (live, lagging bool, unbroken int64)
	// Delivered is the version up to which every change has been applied.
	Delivered() uint64
}

// Deps are the parts. Local is required; without Shared there is one level, without Feed the row "lost" holds.
type Deps struct {
	Local   Local
	Shared  Shared
	Feed    Feed
	Metrics *metric.Set
}

// Cache joins the two levels. It implements resolve.Recaller, upstream.Rememberer and feed.Records, and is safe for
// concurrent use.
type Cache struct {
	rules   Rules
	deps    Deps
	m       counters
	answers atomic.Uint64 // fresh ones so far, to pick those that are checked
}

// New joins the parts under the rules.
func New(rules Rules, d Deps) *Cache {
	return &Cache{rules: rules, deps: d, m: newCounters(d.Metrics)}
}

// SetFeed gives the cache its feed, which in turn is made with the cache; it must be called before the cache is used.
func (c *Cache) SetFeed(f Feed) { c.deps.Feed = f }

func (c *Cache) row(now verify.Instant) row {
	if c.deps.Feed == nil {
		return c.rules.row(now, false, false, 0)
	}
	delivered := c.deps.Feed.Delivered() // before anything is looked at that changes up to it have been applied to
	live, lagging, unbroken := c.deps.Feed.Vouch(now)
	w := c.rules.row(now, live, lagging, unbroken)
	if unbroken != 0 {
		w.vouched = delivered
	}
	return w
}

// Recall settles the entries that the local or, where that is not enough, the shared cache knows something fresh of, and
// leaves what is only good in an emergency in hand, marked stale.
func (c *Cache) Recall(ctx context.Context, l *verify.Lookup) {
	w := c.row(l.Now)
	c.deps.Local.Recall(l)
	missing := c.judge(l, &w, verify.SourceLocal)
	if missing == 0 || c.deps.Shared == nil {
		c.m.missed.Add(int64(missing))
		return
	}
	c.deps.Shared.Recall(ctx, l)
	c.deps.Local.Remember(l) // takes out of l again what a tombstone forbids
	c.m.missed.Add(int64(c.judge(l, &w, verify.SourceShared)))
}

// judge applies the table to the entries from one source and returns how many entries are still unsettled.
func (c *Cache) judge(l *verify.Lookup, w *row, from verify.Source) (missing int) {
	fresh, stale := 0, 0
	for i := range l.Held {
		h := &l.Held[i]
		if h.State != verify.StateUnknown && h.Source == from && !h.Stale {
			w.judge(h, &l.Subjects[i])
			if h.Settled() {
				fresh++
				h.Stale = c.pick(h)
			} else if h.Stale {
				stale++
			}
		}
		if !h.Settled() {
			missing++
		}
	}
	c.m.count(from, fresh, stale)
	return missing
}

// pick chooses the answers that are checked: they stay in hand, and the registry is asked all the same. Only records are:
// nothing else may be answered if the registry then fails.
func (c *Cache) pick(h *verify.Held) bool {
	n := uint64(c.rules.Check)
	return n > 0 && h.State == verify.StatePresent && c.answers.Add(1)%n == 0
}

// check holds what is in memory against what the registry says now. A newer version is no fault while its change may be
// on its way; once the feed has delivered it, nothing older may be held.
func (c *Cache) check(w *row, s *verify.Subject, h *verify.Held) {
	if h.Version > w.vouched {
		return
	}
	held, ok := c.deps.Local.Peek(s)
	switch {
	case !ok || held.Version >= h.Version || held.Learned < w.since:
	case held.State == verify.StateAbsent && h.State == verify.StateAbsent: // its version only says as of when
	default:
		c.m.violations.Inc()
	}
}

// Remember keeps what the registry said, in both levels, and sets the bound promised for it.
func (c *Cache) Remember(l *verify.Lookup) {
	w := c.row(l.Now)
	for i := range l.Held {
		if h := &l.Held[i]; h.State != verify.StateUnknown && h.Source == verify.SourceRegistry {
			h.MaxAge = w.bound(h)
			c.check(&w, &l.Subjects[i], h)
		}
	}
	c.deps.Local.Remember(l)
	if c.deps.Shared != nil {
		c.deps.Shared.Remember(l)
	}
}

// Invalidate forgets, on both levels, what is older than version of the subjects.
func (c *Cache) Invalidate(now verify.Instant, subjects []verify.Subject, version uint64) {
	c.deps.Local.Invalidate(now, subjects, version)
	if c.deps.Shared != nil {
		c.deps.Shared.Invalidate(subjects, version)
	}
}

// Anew implements feed.Records: what was learned before now gives way to whatever is learned after it, whatever their
// versions. What Redis holds of before is not told apart; it has the shortest bounds, and its end within
// [Rules.Longest].
func (c *Cache) Anew(now verify.Instant) { c.deps.Local.Anew(now) }
