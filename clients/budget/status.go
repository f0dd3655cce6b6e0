package budget

import (
	"slices"
	"strings"
	"time"

	"github.com/verigate/verigate/verify"
)

// Status is what /status shows.
type Status struct {
	Enabled bool             `json:"enabled"`
	Levels  map[string]int64 `json:"levels"`
	Stopped []Report         `json:"stopped"` // refused and suspended, at most a hundred
	Lately  []Event          `json:"lately"`
	Pending int              `json:"webhook_pending"`
	Node    string           `json:"node"`
	// Canaries is how many people are on the canary list in force; CanariesRefused is why the file as it is now is not.
	Canaries        int    `json:"canaries"`
	CanariesRefused string `json:"canaries_refused,omitempty"`
	// SyncedS is how many seconds ago counts were exchanged through Redis; -1: never, or there is none.
	SyncedS float64 `json:"synced_s"`
}

// Report is one account as an operator sees it.
type Report struct {
	Account string           `json:"account"`
	Level   string           `json:"level"`
	Reason  string           `json:"reason,omitempty"`
	Since   string           `json:"since,omitempty"`
	Counts  map[string]int64 `json:"counts,omitempty"`
	Limits  map[string]int64 `json:"limits,omitempty"`
	Usual   int64            `json:"usual_people,omitempty"` // in an epoch of the last days
}

const stoppedShown = 100

// Status returns the present state; it is safe for concurrent use.
func (b *Budget) Status() Status {
	s := Status{Enabled: b.cfg.Enabled, Levels: map[string]int64{}, Stopped: b.Stopped(), Lately: b.lately.events(),
		Pending: b.hook.pending(), Node: b.node, Canaries: b.canary.list.Load().people, SyncedS: -1}
	if why := b.canary.refused.Load(); why != nil {
		s.CanariesRefused = *why
	}
	for l, name := range levelNames {
		s.Levels[name] = b.m.levels[l].Load()
	}
	if at := b.synced.Load(); at != 0 {
		s.SyncedS = b.deps.Clock().Since(verify.Instant{Mono: at}).Seconds()
	}
	s.Stopped = s.Stopped[:min(len(s.Stopped), stoppedShown)]
	return s
}

// Stopped reports all accounts that are refused or suspended, those included that have not asked since the start.
func (b *Budget) Stopped() []Report {
	list, seen := []Report{}, map[string]bool{}
	b.accounts.all(func(a *account) {
		if Level(a.level.Load()) >= Refused {
			list, seen[a.key] = append(list, b.report(a)), true
		}
	})
	for _, h := range b.holds.all(b.deps.Clock().Wall) {
		if h.Suspended && !seen[h.Account] {
			list = append(list, reportHold(h))
		}
	}
	slices.SortFunc(list, func(a, b Report) int { return strings.Compare(a.Account, b.Account) })
	return list
}

// Report returns what is known of an account by its name, see [Key]; ok is false when nothing is.
func (b *Budget) Report(name string) (r Report, ok bool) {
	key := Key(name)
	if a := b.accounts.find(key); a != nil {
		return b.report(a), true
	}
	if h, held := b.holds.of(key); held {
		return reportHold(h), true
	}
	return r, false
}

func (b *Budget) report(a *account) Report {
	a.mu.Lock()
	defer a.mu.Unlock()
	level := Level(a.level.Load())
	r := Report{Account: a.key, Level: level.String(), Usual: int64(a.usual)}
	r.Counts, r.Limits = b.figures(a)
	if level != Open {
		r.Reason = a.reason.String()
	}
	if a.since != 0 {
		r.Since = stamp(a.since)
	}
	return r
}

func reportHold(h hold) Report {
	r := Report{Account: h.Account, Level: Open.String(), Since: stamp(h.At)}
	if h.Suspended {
		r.Level, r.Reason = Suspended.String(), h.Reason
	}
	return r
}

func stamp(wall int64) string { return verify.Instant{Wall: wall}.Time().Format(time.RFC3339) }
