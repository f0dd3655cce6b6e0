package clients

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/verigate/verigate/internal/metric"
)

// state is what is known of the directory, for the loader and for status pages.
type state struct {
	version string
	callers int
	loaded  time.Time
	err     error // the directory as it is now was refused
	away    error // the place where it is cannot be asked
}

// Status is the directory's state for /status and /readyz.
type Status struct {
	Version string    `json:"version"` // of what is in force
	Callers int       `json:"callers"`
	Loaded  time.Time `json:"loaded"`
	Source  string    `json:"source"` // the file, or "redis"
	// AgeS is how many seconds ago it was last known that nothing newer is there; it grows while Redis is away.
	AgeS  float64 `json:"age_s"`
	Error string  `json:"error,omitempty"` // why the directory as it is now was refused
	Away  string  `json:"away,omitempty"`  // why nobody knows what it is now
	// Share is how well this node knows what callers do at others; nil when it is alone.
	Share *ShareStatus `json:"share,omitempty"`
}

// Status tells which version of the directory is in force, how sure that is, and whether a newer one was refused.
func (d *Directory) Status() Status {
	s := d.state.Load()
	out := Status{Version: s.version, Callers: s.callers, Loaded: s.loaded, Source: d.source.name(), AgeS: d.age().Seconds()}
	if s.err != nil {
		out.Error = s.err.Error()
	}
	if s.away != nil {
		out.Away = s.away.Error()
	}
	if d.share != nil && d.share.meeting != nil {
		out.Share = d.share.status()
	}
	return out
}

// age is how long ago the source last said that nothing newer is there.
func (d *Directory) age() time.Duration { return time.Since(*d.asked.Load()) }

// watch looks for changes until ctx ends.
func (d *Directory) watch(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			d.reload(ctx)
		}
	}
}

// reload takes what is new; what is broken is told once and leaves everything as it was.
func (d *Directory) reload(ctx context.Context) {
	e, err := d.source.next(ctx)
	if ctx.Err() != nil {
		return // the gateway stops: that nothing was heard says nothing
	}
	if away, is := errors.AsType[*awayError](err); is {
		d.setAway(away)
		return
	}
	now := time.Now()
	d.asked.Store(&now)
	d.setAway(nil)
	if err == nil && e == nil {
		return
	}
	if err == nil && e.text == nil {
		d.cleared(e)
		return
	}
	if err == nil {
		err = d.take(e)
	}
	d.tell(err)
}

// tell says what became of a change, the same refusal only once.
func (d *Directory) tell(err error) {
	s := *d.state.Load()
	if err != nil {
		if s.err != nil && s.err.Error() == err.Error() {
			return
		}
		s.err = err
		d.state.Store(&s)
		d.count.reloadRefused.Inc()
		d.deps.Log.Error("caller directory refused, the previous one stays in force", "source", d.source.name(), "reason", err)
	} else {
		d.count.reloads.Inc()
		d.deps.Log.Info("caller directory loaded", "source", d.source.name(), "version", s.version, "callers", s.callers)
	}
	if d.deps.Changed != nil {
		d.deps.Changed(Change{Version: s.version, Callers: s.callers, Err: err})
	}
}

// cleared notes that what is in force is what is there, after something else was.
func (d *Directory) cleared(e *edition) {
	s := *d.state.Load()
	if s.err == nil {
		return
	}
	s.err = nil
	d.state.Store(&s)
	d.deps.Log.Info("caller directory is sound again", "source", d.source.name(), "version", e.version)
}

func (d *Directory) setAway(away error) {
	s := *d.state.Load()
	if (s.away == nil) == (away == nil) {
		return
	}
	if s.away = away; away != nil {
		d.deps.Log.Error("caller directory cannot be asked for, the one in force stays", "source", d.source.name(), "reason", away)
	} else {
		d.deps.Log.Info("caller directory can be asked for again", "source", d.source.name())
	}
	d.state.Store(&s)
}

// first loads the directory at start: from its place or, when that is away, from what the source falls back to.
func (d *Directory) first(ctx context.Context) error {
	now := time.Now()
	e, err := d.source.next(ctx)
	var reason error
	if err != nil {
		reason = err
		if e, now, err = d.source.fallback(err); err != nil {
			return err
		}
	}
	d.asked.Store(&now)
	if err := d.take(e); err != nil {
		return err
	}
	if reason == nil {
		return nil
	}
	s := *d.state.Load()
	if _, is := errors.AsType[*awayError](reason); is {
		s.away = reason
	} else {
		s.err = reason
	}
	d.state.Store(&s)
	return nil
}

// take puts an edition in force or leaves everything as it was.
func (d *Directory) take(e *edition) error {
	f, err := Decode(bytes.NewReader(e.text))
	if err != nil {
		return fmt.Errorf("%s: %w", d.source.name(), err)
	}
	t, err := newTable(f, d.places)
	if err != nil {
		return fmt.Errorf("%s: %w", d.source.name(), err)
	}
	d.putInForce(t)
	d.state.Store(&state{version: e.version, callers: len(t.callers), loaded: time.Now()})
	if err := d.source.keep(e); err != nil {
		d.deps.Log.Error("keeping a copy of the caller directory", "reason", err)
	}
	return nil
}

// putInForce makes t what requests see, and tells the counters about new limits and statuses.
func (d *Directory) putInForce(t *table) {
	rules := make(map[rule]*rule) // most callers have the same: one that all share stays in the processor's cache
	for id, c := range t.callers {
		s := d.places.at(d.places.index[id])
		r := c.limits
		if d.unlimited {
			r = rule{}
		}
		if rules[r] == nil {
			rules[r] = &r
		}
		s.rule.Store(rules[r])
		s.status.Store(uint32(c.status))
	}
	d.places.retire(t)
	d.table.Store(t)
	d.epoch.Add(1)
}

// counters are the room's metrics.
type counters struct {
	loginOK, loginWrong, loginRepeated, loginSlowed, loginRevoked, loginMalformed *metric.Counter
	reloads, reloadRefused, strangers, strangersSlowed                            *metric.Counter
}

func (c *counters) register(set *metric.Set, d *Directory) {
	login := func(result string) *metric.Counter {
		return set.Counter("verigate_clients_logins_total", "Portal log-ins by result.", "result", result)
	}
	c.loginOK, c.loginWrong, c.loginRepeated = login("ok"), login("wrong"), login("repeated")
	c.loginSlowed, c.loginRevoked, c.loginMalformed = login("slowed"), login("revoked"), login("malformed")
	stranger := func(result string) *metric.Counter {
		return set.Counter("verigate_clients_strangers_total", "Credentials that nobody holds, by what became of them.", "result", result)
	}
	c.strangers, c.strangersSlowed = stranger("refused"), stranger("slowed")
	reload := func(result string) *metric.Counter {
		return set.Counter("verigate_clients_reloads_total", "Changed directories by what became of them.", "result", result)
	}
	c.reloads, c.reloadRefused = reload("loaded"), reload("refused")
	set.Gauge("verigate_clients_callers", "Callers in force.", func() float64 { return float64(d.state.Load().callers) })
	set.Gauge("verigate_clients_directory_refused", "1 while the directory is another than what is in force because it was refused.", func() float64 {
		if d.state.Load().err != nil {
			return 1
		}
		return 0
	})
	set.Gauge("verigate_clients_directory_age_seconds", "How long ago it was last known that no newer directory is there.", func() float64 { return d.age().Seconds() })
	set.Gauge("verigate_clients_oldest_key_seconds", "Age of the oldest API key that can be used.", func() float64 {
		t := d.table.Load()
		if t == nil || t.oldest.IsZero() {
			return 0
		}
		return time.Since(t.oldest).Seconds()
	})
}
