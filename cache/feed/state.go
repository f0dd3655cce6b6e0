package feed

import (
	"time"

	"github.com/verigate/verigate/verify"
)

// State says how far the feed can be relied on.
type State uint8

// The states.
const (
	StateNone    State = iota // no watermark has been seen yet, or there is no feed
	StateLive                 // the newest watermark is young
	StateLagging              // it is older than the lag bound
	StatePaused               // it has not moved for so long that something is wrong
	StateGap                  // changes may have been missed; no new start has been made yet
	States
)

// StateNames are the names for logs, metrics and status, indexed by [State].
var StateNames = [States]string{"none", "live", "lagging", "paused", "gap"}

// String returns the state's name.
func (s State) String() string {
	if s < States {
		return StateNames[s]
	}
	return StateNames[StateNone]
}

// progress is what is known of the stream, replaced as a whole.
type progress struct {
	unbroken int64     // Instant.Mono since when no change can have been missed; 0: never
	version  uint64    // of the newest watermark
	at       time.Time // of the newest watermark, by the registry's clock
	heard    int64     // Instant.Mono when the request was sent that brought the last heartbeat, moved or not; 0: none
	learned  int64     // Instant.Mono before which the newest watermark was certainly not made; 0: unknown
	gap      int64     // Instant.Mono when a gap was found that no start has healed; 0: none
}

// State returns the state at now and how long it has lasted.
func (t *Tail) State(now verify.Instant) (State, time.Duration) {
	p := t.progress.Load()
	since := func(mono int64) time.Duration { return time.Duration(max(0, now.Mono-mono)) }
	if p.gap != 0 {
		return StateGap, since(p.gap)
	}
	if p.learned == 0 {
		return StateNone, since(t.started)
	}
	switch age := since(p.learned); {
	case age < t.cfg.LagAfter.Std():
		return StateLive, 0
	case age < t.cfg.PauseAfter.Std():
		return StateLagging, age - t.cfg.LagAfter.Std()
	default:
		return StatePaused, age - t.cfg.PauseAfter.Std()
	}
}

// Vouch tells whether the feed is live, or else at least lagging rather than lost, and the monotonic time since when
// every change has been, or will be, delivered: what was learned later cannot be outdated without the feed saying so.
// 0: never.
func (t *Tail) Vouch(now verify.Instant) (live, lagging bool, unbroken int64) {
	state, _ := t.State(now)
	return state == StateLive, state == StateLagging, t.progress.Load().unbroken
}

// Delivered returns the version of the newest watermark: every change up to it has been applied.
func (t *Tail) Delivered() uint64 { return t.progress.Load().version }

// Status is what /status tells of the feed.
type Status struct {
	State     string    `json:"state"`
	SinceS    float64   `json:"since_s"`
	LagS      float64   `json:"lag_s"` // age of the newest watermark; -1 without one
	Version   uint64    `json:"version"`
	At        time.Time `json:"at"`
	Changes   int64     `json:"changes"`
	Failures  int64     `json:"failures"`
	Gaps      int64     `json:"gaps"`
	LastError string    `json:"last_error,omitempty"`
}

// Status describes the feed as of now.
func (t *Tail) Status(now verify.Instant) Status {
	state, since := t.State(now)
	p := t.progress.Load()
	s := Status{State: state.String(), SinceS: since.Seconds(), LagS: -1, Version: p.version, At: p.at,
		Changes: t.m.changes.Value(), Gaps: t.m.gaps.Value()}
	for _, c := range t.m.failures {
		s.Failures += c.Value()
	}
	if p.learned != 0 {
		s.LagS = time.Duration(now.Mono - p.learned).Seconds()
	}
	if text := t.lastError.Load(); text != nil {
		s.LastError = *text
	}
	return s
}
