package audit

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/verigate/verigate/internal/metric"
)

// gap is what could not be recorded since the last time something was: it is written down as soon as that works again.
type gap struct {
	mu       sync.Mutex
	n        int
	from, to int64
	reason   string
}

func (g *gap) add(n int, now int64, reason error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.n == 0 {
		g.from, g.reason = now, reason.Error()
	}
	g.n, g.to = g.n+n, now
}

// close writes the gap down if there is one and writing works.
func (g *gap) close(l *Log) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.n == 0 {
		return
	}
	at := func(ns int64) string { return time.Unix(0, ns).UTC().Format(time.RFC3339Nano) }
	answered := strconv.FormatBool(l.cfg.OnFailure == "answer")
	err := l.Event("gap", "gateway", "decisions", strconv.Itoa(g.n), "answered", answered, "from", at(g.from), "to", at(g.to), "reason", g.reason)
	if err == nil {
		l.deps.Log.Warn("decisions went unrecorded", "decisions", g.n, "answered", answered)
		g.n = 0
	}
}

// fail ends writing for good: a disk that failed once is not trusted again before somebody looked and restarted.
func (l *Log) fail(err error) error {
	if l.failed.CompareAndSwap(nil, &err) {
		l.deps.Log.Error("the audit log failed", "reason", err)
		l.raise(err)
	}
	return errFailed
}

// raise sounds the alarm once; housekeep ends it.
func (l *Log) raise(err error) {
	if errors.Is(err, errClosed) {
		return
	}
	if !l.trouble.Swap(true) {
		l.deps.Log.Error("the audit log is in trouble", "reason", err)
		l.deps.Alarm(err)
	}
}

// housekeep writes what waited and ends an alarm whose cause is gone.
func (l *Log) housekeep() {
	if l.failed.Load() != nil {
		return
	}
	l.floods.flush(l, false)
	if l.Healthy() != nil {
		return
	}
	l.gap.close(l)
	_ = l.tellLost() // if it cannot be told now, it is at the next tick
	if l.worry() == nil && l.trouble.Swap(false) {
		l.deps.Log.Info("the audit log works again")
		l.deps.Alarm(nil)
	}
}

func (l *Log) healthy() bool { return l.Healthy() == nil }

// Healthy returns nil when the next decision can be recorded as far as anybody knows, else why not.
func (l *Log) Healthy() error {
	if err := l.failed.Load(); err != nil {
		return fmt.Errorf("the audit log failed: %w", *err)
	}
	switch {
	case l.commit.slow():
		return errStalled
	case l.starved.Load():
		return errFull
	}
	return nil
}

// worry is [Log.Healthy] and, beyond it, what will stop the log when the live segment is full.
func (l *Log) worry() error {
	if err := l.Healthy(); err != nil {
		return err
	}
	if l.full.Load() {
		return errNoNext
	}
	return nil
}

var errNoNext = errors.New("the next segment of the audit log cannot be made (disk full?)")

// Status is the log's state for status pages.
type Status struct {
	Segment    uint64 `json:"segment"`
	Head       uint64 `json:"head"`       // sequence number of the last frame claimed
	Linked     string `json:"linked"`     // the chain's value at the newest link, hexadecimal
	Lag        int64  `json:"lag_bytes"`  // written and not linked yet
	Sealed     uint64 `json:"sealed"`     // segments sealed, the tree's size
	Unrecorded int64  `json:"unrecorded"` // decisions that went unrecorded since the start
	Durability string `json:"durability"`
	Trouble    string `json:"trouble,omitempty"`

	Witnesses []WitnessStatus `json:"witnesses,omitempty"`
}

// Status tells where the log is.
func (l *Log) Status() Status {
	l.chain.mu.Lock()
	h := l.chain.head
	sealed := uint64(len(l.chain.view.leaves))
	l.chain.mu.Unlock()
	s := Status{
		Linked: fmt.Sprintf("%x", h.hash[:]), Sealed: sealed, Durability: l.cfg.Durability,
		Unrecorded: l.count.unlogged.Value() + l.count.refused.Value(),
	}
	if live := l.live.Load(); live != nil {
		end, frames := live.extent()
		s.Segment, s.Head, s.Lag = live.index, live.first+frames-1, int64(end)
		if h.segment == live.index {
			s.Lag -= int64(h.upTo)
		}
	}
	if err := l.worry(); err != nil {
		s.Trouble = err.Error()
	}
	for _, w := range l.witnesses {
		s.Witnesses = append(s.Witnesses, w.state())
	}
	return s
}

// counters are the room's metrics.
type counters struct {
	records, events, counts, segments, refused, unlogged *metric.Counter
	cosigned, contradicted, unreached, keysLost          *metric.Counter
	flush                                                *metric.Histogram
}

func (c *counters) register(l *Log) {
	set := l.deps.Metrics
	record := func(kind string) *metric.Counter {
		return set.Counter("verigate_audit_records_total", "Records written to the audit log.", "type", kind)
	}
	c.records, c.events, c.counts = record("decision"), record("event"), record("count")
	c.segments = set.Counter("verigate_audit_segments_total", "Segments begun.")
	lost := func(what string) *metric.Counter {
		return set.Counter("verigate_audit_unrecorded_total", "Decisions that could not be recorded, by what became of the answer.", "answer", what)
	}
	c.refused, c.unlogged = lost("refused"), lost("given")
	offered := func(result string) *metric.Counter {
		return set.Counter("verigate_audit_offers_total", "Checkpoints offered to witnesses, by what they said.", "result", result)
	}
	c.cosigned, c.contradicted, c.unreached = offered("cosigned"), offered("refused"), offered("unreachable")
	c.keysLost = set.Counter("verigate_audit_epoch_keys_lost_total", "New epochs begun because the key of the one in use was gone.")
	set.Gauge("verigate_audit_epochs_unsearchable", "Epochs of the log in which nobody can be found: their keys are not there.", func() float64 {
		return float64(l.unsearchable.Load())
	})
	c.flush = set.Histogram("verigate_audit_flush_seconds", "Disk flushes of the group commit.", metric.LatencyBounds)
	set.Gauge("verigate_audit_healthy", "1 when the next decision can be recorded.", func() float64 {
		if l.Healthy() != nil {
			return 0
		}
		return 1
	})
	set.Gauge("verigate_audit_trouble", "1 when recording does not work, or will not when the segment in use is full.", func() float64 {
		if l.worry() != nil {
			return 1
		}
		return 0
	})
	set.Gauge("verigate_audit_head", "Sequence number of the last record.", func() float64 { return float64(l.Status().Head) })
	set.Gauge("verigate_audit_unlinked_bytes", "Written and not linked into the hash chain yet.", func() float64 { return float64(l.Status().Lag) })
}
