package cache

import (
	"bytes"
	"context"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

// Denier is the prefilter as the checker sees it.
type Denier interface {
	// Denies tells whether the filter says now that k was never issued, whatever the age of its watermark, and up to which
	// version that holds.
	Denies(k identity.Key) (denies bool, version uint64)
}

// Asker puts questions to the registry itself, past every cache.
type Asker interface {
	Ask(ctx context.Context, l *verify.Lookup)
}

// Checker compares what is in memory with what the registry says, identifier by identifier. A node checks a sample of
// its answers by itself all the time (check_every of the cache and of the filter); this is for whoever wants to know
// now. It is safe for concurrent use.
type Checker struct {
	Cache  *Cache
	Filter Denier // nil: none
	Asker  Asker
	Hasher *verify.SubjectHasher
	Clock  verify.Clock
}

// Level is what a check found on one level. Agree, Behind and the three violations add up to Held.
type Level struct {
	Held      int `json:"held"`      // identifiers it knew something of; of the filter: those it denies
	Agree     int `json:"agree"`     // as the registry has it
	Behind    int `json:"behind"`    // older, which it may be: the change is not delivered yet, or it is never answered from
	Denies    int `json:"denies"`    // violation: says that somebody does not exist whom the registry knows
	Overtaken int `json:"overtaken"` // violation: older than a change that has been delivered
	Differs   int `json:"differs"`   // violation: of the registry's version, with other content
}

// Violations is how many things are there that must not be.
func (l *Level) Violations() int { return l.Denies + l.Overtaken + l.Differs }

func (l *Level) add(o *Level) {
	l.Held += o.Held
	l.Agree += o.Agree
	l.Behind += o.Behind
	l.Denies += o.Denies
	l.Overtaken += o.Overtaken
	l.Differs += o.Differs
}

// Findings is what a check found.
type Findings struct {
	Asked      int   `json:"asked"`      // identifiers compared
	Unanswered int   `json:"unanswered"` // of these the registry could not be asked about
	Filter     Level `json:"filter"`
	Local      Level `json:"local"`
	Shared     Level `json:"shared"`
}

// Add sums up.
func (f *Findings) Add(o *Findings) {
	f.Asked += o.Asked
	f.Unanswered += o.Unanswered
	f.Filter.add(&o.Filter)
	f.Local.add(&o.Local)
	f.Shared.add(&o.Shared)
}

// Violations is how many things there are on all levels that must not be.
func (f *Findings) Violations() int {
	return f.Filter.Violations() + f.Local.Violations() + f.Shared.Violations()
}

// portion is how many identifiers are compared at once: as many as the registry takes in one call.
const portion = 500

// Check looks up every identifier on every level and then asks the registry. What it learns is kept as any answer is,
// so that a level which was wrong is right afterwards. It ends early with ctx; Asked then tells how far it came.
func (c *Checker) Check(ctx context.Context, keys []identity.Key) Findings {
	var found Findings
	for len(keys) > 0 && ctx.Err() == nil {
		n := min(portion, len(keys))
		some := c.portion(ctx, keys[:n])
		found.Add(&some)
		keys = keys[n:]
	}
	return found
}

// seen is what one level says of some identifiers.
type seen struct {
	held    []verify.Held
	answers []bool // whether it would be answered from, were it not for its age
}

func (c *Checker) portion(ctx context.Context, keys []identity.Key) Findings {
	// What has been delivered is read before anything is looked at that it has been applied to.
	w := c.Cache.row(c.Clock())
	denied := make([]bool, len(keys))
	upTo := make([]uint64, len(keys))
	if c.Filter != nil {
		for i, k := range keys {
			denied[i], upTo[i] = c.Filter.Denies(k)
		}
	}
	l := c.lookup(keys)
	c.Cache.deps.Local.Recall(l)
	local := seen{held: clone(l.Held), answers: make([]bool, len(keys))}
	for i := range local.held {
		local.answers[i] = true // nothing older than a delivered change may be there at all
	}
	shared := c.shared(ctx, keys)

	l = c.lookup(keys)
	c.Asker.Ask(ctx, l)
	found := Findings{Asked: len(keys)}
	for i := range keys {
		h := &l.Held[i]
		if h.State == verify.StateUnknown {
			found.Unanswered++
			continue
		}
		if denied[i] {
			found.Filter.denied(h, upTo[i])
		}
		found.Local.compare(&w, &local, i, h)
		found.Shared.compare(&w, &shared, i, h)
	}
	return found
}

func (c *Checker) lookup(keys []identity.Key) *verify.Lookup {
	l := &verify.Lookup{Now: c.Clock(), Batch: true, Keys: keys, Subjects: make([]verify.Subject, len(keys)), Held: make([]verify.Held, len(keys))}
	for i, k := range keys {
		l.Subjects[i] = c.Hasher.Subject(k)
	}
	return l
}

// shared reads the shared cache and tells which of its entries this node would answer from: a tombstone of its own
// holds back what Redis has not heard of yet.
func (c *Checker) shared(ctx context.Context, keys []identity.Key) seen {
	s := seen{held: make([]verify.Held, len(keys)), answers: make([]bool, len(keys))}
	if c.Cache.deps.Shared == nil {
		return s
	}
	l := c.lookup(keys)
	c.Cache.deps.Shared.Recall(ctx, l)
	s.held = clone(l.Held)
	c.Cache.deps.Local.Remember(l)
	for i := range l.Held {
		s.answers[i] = l.Held[i].State != verify.StateUnknown
	}
	return s
}

// clone copies what was recalled, whose records lie in memory that the next recall uses again.
func clone(held []verify.Held) []verify.Held {
	out := make([]verify.Held, len(held))
	for i := range held {
		out[i] = held[i]
		out[i].Record = bytes.Clone(held[i].Record)
	}
	return out
}

// denied judges a "never issued" by what the registry says.
func (l *Level) denied(says *verify.Held, upTo uint64) {
	l.Held++
	switch {
	case says.State == verify.StateAbsent:
		l.Agree++
	case says.Version > upTo:
		l.Behind++
	default:
		l.Denies++
	}
}

// compare judges what a level holds by what the registry says.
func (l *Level) compare(w *row, s *seen, i int, says *verify.Held) {
	held := &s.held[i]
	if held.State == verify.StateUnknown || held.State == verify.StateTold {
		return
	}
	l.Held++
	same := held.State == says.State && held.Holder == says.Holder
	switch {
	case same && says.State == verify.StateAbsent: // its version only says as of when
		l.Agree++
	case held.Version > says.Version: // changed while we looked
		l.Agree++
	case held.Version == says.Version && same && bytes.Equal(held.Record, says.Record):
		l.Agree++
	case held.Version == says.Version && same:
		l.Differs++
	case says.Version > w.vouched || held.Learned < w.since || !s.answers[i]:
		l.Behind++
	case held.State == verify.StateAbsent:
		l.Denies++
	default:
		l.Overtaken++
	}
}
