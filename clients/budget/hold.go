package budget

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// hold says whether an account is suspended. Of two about one account the higher version is true, whatever the clocks of
// the nodes they come from say; a suspension wins over a lift of the same version.
type hold struct {
	Account   string `json:"account"`
	Version   uint64 `json:"version"`
	Suspended bool   `json:"suspended"` // false: an operator lifted it
	Reason    string `json:"reason,omitempty"`
	At        int64  `json:"at"` // nanoseconds since the Unix epoch; for people, and to forget old lifts
	By        string `json:"by,omitempty"`
}

// over tells whether h is truer than the other.
func (h hold) over(other hold) bool {
	return h.Version > other.Version || h.Version == other.Version && h.Suspended && !other.Suspended
}

func (h hold) valid() bool {
	return h.Account != "" && len(h.Account) <= 80 && h.Version > 0 && h.Version < 1<<40
}

// holds are all suspensions and lifts this node knows of. Whoever holds its lock takes no other.
type holds struct {
	mu      sync.Mutex
	by      map[string]hold
	unsaved bool // not yet in the state file
}

// put keeps h unless something newer is known, and reports whether it did.
func (s *holds) put(h hold) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, ok := s.by[h.Account]; ok && !h.over(old) {
		return false
	}
	if s.by == nil {
		s.by = map[string]hold{}
	}
	s.by[h.Account], s.unsaved = h, true
	return true
}

func (s *holds) of(key string) (hold, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h, ok := s.by[key]
	return h, ok
}

// liftsKept is for how long it is remembered that an account was lifted: longer than a node stays down.
const liftsKept = 90 * 24 * time.Hour

func (s *holds) all(wall int64) []hold {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]hold, 0, len(s.by))
	for key, h := range s.by {
		if !h.Suspended && wall-h.At > int64(liftsKept) {
			delete(s.by, key)
			continue
		}
		list = append(list, h)
	}
	return list
}

// adopt takes over what another node or an earlier run settled.
func (b *Budget) adopt(h hold) {
	if !h.valid() || !b.holds.put(h) {
		return
	}
	if a := b.accounts.find(h.Account); a != nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		b.obey(a, h)
	}
}

// obey applies a hold to an account whose lock is held.
func (b *Budget) obey(a *account, h hold) {
	if h.Version < a.version {
		return
	}
	a.version, a.since = h.Version, h.At
	if !h.Suspended {
		a.clear()
		a.sum(&b.cfg)
		a.level.Store(uint32(Open))
		return
	}
	a.level.Store(uint32(Suspended))
	a.reason = canaries
	for s := range signals {
		if s.String() == h.Reason {
			a.reason = s
		}
	}
}

// Key turns what an operator types, a caller's id or "facility:01000" or "staff:<hash>", into an account's key.
func Key(name string) string {
	if strings.Contains(name, ":") {
		return name
	}
	return callerKey(name)
}

// Lift lets an account go and forgets what was counted of it, on all nodes. It fails when nothing is known of the account.
func (b *Budget) Lift(name, by string) error {
	key := Key(name)
	now := b.deps.Clock()
	old, held := b.holds.of(key)
	a := b.accounts.find(key)
	if a == nil {
		if !held {
			return fmt.Errorf("lifting %s: nobody of that name has asked since the start, and it is not suspended", key)
		}
		b.holds.put(hold{Account: key, Version: old.Version + 1, At: now.Wall, By: by})
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	b.tell(now, a, EventLifted, a.reason, func(e *Event) { e.By = by })
	h := hold{Account: key, Version: max(a.version, old.Version) + 1, At: now.Wall, By: by}
	b.holds.put(h)
	b.obey(a, h)
	a.dirty = true
	return nil
}
