package cache

import (
	"errors"
	"fmt"

	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/verify"
)

// Rules is the table of freshness: for how long something learned may be answered from memory, by what it is and by how
// far the change feed can be relied on. The feed's "live" row holds only for what was learned since the feed last broke;
// everything older has the row "lost".
//
//	feed       present  absent  elsewhere
//	live        15m      1m      15m     changes arrive within seconds: these are the second bound
//	lagging      2m     15s       2m     watermark older than 5 s
//	lost        30s      5s      30s     paused for 30 s, a gap, or no feed at all
//
// Absent is the shortest everywhere because a new-born must not wait. Each entry's own bound lies up to a tenth below
// that, by its subject, so that what was learned together is not asked again together.
type Rules struct {
	Live    LiveBounds      `yaml:"live"`
	Lagging LaggingBounds   `yaml:"lagging"`
	Lost    LostBounds      `yaml:"lost"`
	Told    config.Duration `yaml:"told" default:"1m" min:"0s" max:"1d" help:"For how long what another portal said may be repeated to the same claims; there is no feed for it."`
	Check   int             `yaml:"check_every" default:"10000" min:"0" help:"One answer from memory in so many is put to the registry all the same, as a check of the caches; 0 switches that off."`
	Stale   config.Duration `yaml:"stale" default:"4h" min:"0s" max:"7d" help:"For how long a record may still be used, labelled stale, when the registry fails; 0 switches that off."`
}

// bounds is one row of the table. The exported types differ in their defaults only.
type bounds struct{ Present, Absent, Elsewhere config.Duration }

// LiveBounds hold while the change feed is live.
type LiveBounds struct {
	Present   config.Duration `yaml:"present" default:"15m" min:"0s" max:"1d" help:"For how long a record may be answered from memory while the change feed is live."`
	Absent    config.Duration `yaml:"absent" default:"1m" min:"0s" max:"1d" help:"The same for \"does not exist\"."`
	Elsewhere config.Duration `yaml:"elsewhere" default:"15m" min:"0s" max:"1d" help:"The same for \"kept in another register\"."`
}

// LaggingBounds hold while the change feed is behind.
type LaggingBounds struct {
	Present   config.Duration `yaml:"present" default:"2m" min:"0s" max:"1d" help:"For how long a record may be answered from memory while the change feed lags."`
	Absent    config.Duration `yaml:"absent" default:"15s" min:"0s" max:"1d" help:"The same for \"does not exist\"."`
	Elsewhere config.Duration `yaml:"elsewhere" default:"2m" min:"0s" max:"1d" help:"The same for \"kept in another register\"."`
}

// LostBounds hold while the change feed is paused, broken or not there.
type LostBounds struct {
	Present   config.Duration `yaml:"present" default:"30s" min:"0s" max:"1d" help:"For how long a record may be answered from memory while there is no change feed to rely on."`
	Absent    config.Duration `yaml:"absent" default:"5s" min:"0s" max:"1d" help:"The same for \"does not exist\"."`
	Elsewhere config.Duration `yaml:"elsewhere" default:"30s" min:"0s" max:"1d" help:"The same for \"kept in another register\"."`
}

// DefaultRules is the table above.
func DefaultRules() Rules {
	var r Rules
	config.Defaults(&r)
	return r
}

// Validate implements config.Validator: less knowledge never means longer bounds.
func (r *Rules) Validate() error {
	live, lagging, lost := bounds(r.Live), bounds(r.Lagging), bounds(r.Lost)
	var faults []error
	for _, c := range []struct {
		key                 string
		live, lagging, lost config.Duration
	}{
		{"present", live.Present, lagging.Present, lost.Present},
		{"absent", live.Absent, lagging.Absent, lost.Absent},
		{"elsewhere", live.Elsewhere, lagging.Elsewhere, lost.Elsewhere},
	} {
		if c.lagging > c.live {
			faults = append(faults, fmt.Errorf("lagging.%s %s: must not be above live.%s %s", c.key, c.lagging, c.key, c.live))
		}
		if c.lost > c.lagging {
			faults = append(faults, fmt.Errorf("lost.%s %s: must not be above lagging.%s %s", c.key, c.lost, c.key, c.lagging))
		}
	}
	return errors.Join(faults...)
}

// of returns the bound for a state in nanoseconds.
func (b *bounds) of(s verify.State) int64 {
	switch s {
	case verify.StatePresent:
		return int64(b.Present)
	case verify.StateAbsent:
		return int64(b.Absent)
	case verify.StateElsewhere:
		return int64(b.Elsewhere)
	}
	return 0
}

// Keep returns for how long knowledge of a state can be of any use, in nanoseconds: what a cache needs to know.
func (r *Rules) Keep(s verify.State) int64 {
	keep := (*bounds)(&r.Live).of(s) // the longest row, see Validate
	if s == verify.StateTold {
		keep = int64(r.Told)
	}
	if s == verify.StatePresent || s == verify.StateTold {
		keep = max(keep, int64(r.Stale))
	}
	return keep
}

// Longest is the longest of all bounds.
func (r *Rules) Longest() config.Duration {
	return config.Duration(max(r.Keep(verify.StatePresent), r.Keep(verify.StateAbsent), r.Keep(verify.StateElsewhere), r.Keep(verify.StateTold)))
}

// row is the part of the table in force at one moment.
type row struct {
	now     int64
	since   int64 // what was learned earlier has the bounds of lost
	bounds  *bounds
	lost    *bounds
	told    int64
	stale   int64
	vouched uint64 // changes up to this version have been applied, to everything learned since
}

// row picks the row for what the feed can vouch for.
func (r *Rules) row(now verify.Instant, live, lagging bool, unbroken int64) row {
	lost := (*bounds)(&r.Lost)
	w := row{now: now.Mono, since: unbroken, bounds: lost, lost: lost, told: int64(r.Told), stale: int64(r.Stale)}
	switch {
	case unbroken == 0:
	case live:
		w.bounds = (*bounds)(&r.Live)
	case lagging:
		w.bounds = (*bounds)(&r.Lagging)
	}
	return w
}

// bound is the bound promised for what was learned at a moment.
func (w *row) bound(h *verify.Held) int64 {
	if h.State == verify.StateTold {
		return w.told
	}
	if h.Learned < w.since {
		return w.lost.of(h.State)
	}
	return w.bounds.of(h.State)
}

// judge marks h fresh with the bound promised, or stale, or takes it away.
func (w *row) judge(h *verify.Held, s *verify.Subject) {
	age, bound := w.now-h.Learned, w.bound(h)
	switch {
	case age < bound-bound/10*int64(s[len(s)-1])/255:
		h.MaxAge = bound
	case (h.State == verify.StatePresent || h.State == verify.StateTold) && age < w.stale:
		h.Stale, h.MaxAge = true, w.stale
	default:
		*h = verify.Held{}
	}
}
