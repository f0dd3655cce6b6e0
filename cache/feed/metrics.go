package feed

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/verigate/verigate/internal/metric"
)

// failure is why a request brought nothing usable.
type failure uint8

const (
	failNetwork failure = iota
	failRefused
	failGarbled
	failExpired
	failures
)

var failureNames = [failures]string{"network", "refused", "garbled", "token_expired"}

type counters struct {
	changes  *metric.Counter
	frozen   *metric.Counter
	gaps     *metric.Counter
	failures [failures]*metric.Counter
}

func newCounters(s *metric.Set) counters {
	c := counters{
		changes: s.Counter("verigate_feed_changes_total", "Changes applied."),
		frozen:  s.Counter("verigate_feed_frozen_total", "Heartbeats whose watermark had not moved."),
		gaps:    s.Counter("verigate_feed_gaps_total", "Times when changes may have been missed."),
	}
	for f := range c.failures {
		c.failures[f] = s.Counter("verigate_feed_failures_total", "Requests to the change feed that failed, by cause.", "cause", failureNames[f])
	}
	return c
}

func (t *Tail) gauges(s *metric.Set) {
	s.Gauge("verigate_feed_lag_seconds", "Age of the newest watermark of the change feed; -1 without one.", func() float64 {
		p := t.progress.Load()
		if p.learned == 0 {
			return -1
		}
		return time.Duration(t.deps.Clock().Mono - p.learned).Seconds()
	})
	for state := range States {
		s.Gauge("verigate_feed_state", "1 for the state the change feed is in.", func() float64 {
			if is, _ := t.State(t.deps.Clock()); is == state {
				return 1
			}
			return 0
		}, "state", StateNames[state])
	}
}

// fail counts and keeps a failure.
func (t *Tail) fail(ctx context.Context, err error) {
	var g *garbled
	var r *refused
	cause := failNetwork
	switch {
	case errors.Is(err, ErrTokenExpired):
		cause = failExpired
	case errors.As(err, &g):
		cause = failGarbled
	case errors.As(err, &r):
		cause = failRefused
	}
	t.m.failures[cause].Inc()
	text := err.Error()
	if old := t.lastError.Swap(&text); old == nil || *old != text {
		t.deps.Log.LogAttrs(ctx, slog.LevelWarn, "change feed cannot be read", slog.String("cause", text))
	}
}

// tell logs a change of state.
func (t *Tail) tell(ctx context.Context) {
	state, _ := t.State(t.deps.Clock())
	if state != t.told {
		t.deps.Log.LogAttrs(ctx, slog.LevelInfo, "change feed changed state", slog.String("from", t.told.String()), slog.String("to", state.String()))
		t.told = state
	}
}
