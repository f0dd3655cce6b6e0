package clients

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"github.com/verigate/verigate/internal/metric"
	"github.com/verigate/verigate/verify"
)

// What nodes tell each other, and keep for their own next start, is told in rounds. Limits are decided by each node alone
// and at once; a round only corrects them, and one that fails corrects nothing. See
// docs/decisions/0053-limits-are-corrected.md for what may pass meanwhile.
const (
	// saveEvery is how often the counts and networks go to disk, and networks to Redis; it is what a crash can forget.
	saveEvery = 5 * time.Second
	// A node tells that it is there every beatRounds, also when it has nothing to tell.
	beatRounds = 3
	// A node not heard of for chargeRounds was cut off: what it let through meanwhile is not charged to the rate any more.
	chargeRounds = 5
	// A node not heard of for goneRounds no longer counts as one.
	goneRounds = 10
	// maxRuns bounds how many runs of nodes one day may have, maxNews how many are read in one round.
	maxRuns = 1024
	maxNews = 64
)

// meeting is where nodes meet. A round asks it for what is new and tells it what this node has.
type meeting interface {
	// exchange publishes mine, unless it is nil, and returns the tallies whose seq differs from what seen says.
	exchange(ctx context.Context, mine *tally, seen map[runID]uint64) (news [][]byte, err error)
	// networks publishes what the nodes know together: it hands over what is there and stores what join returns, unless
	// that is nil.
	networks(ctx context.Context, join func(there []byte) []byte) error
}

// share keeps the counts of this node and of the others together. Only its own goroutine works with it.
type share struct {
	d       *Directory
	clock   verify.Clock
	meeting meeting // nil: this node is alone
	every   time.Duration
	file    string // folder; empty: nothing is kept

	mine       *tally
	told       int64 // on the monotonic clock, as all times here
	runs       map[runID]*run
	slots      map[uint64]*slot // of the callers in force, by the hash of their id
	slotsOf    *table
	saved      int64
	unsaved    bool // something was counted since, here or elsewhere
	savedNames familiar

	state     atomic.Pointer[ShareStatus]
	done      atomic.Int64 // wall nanoseconds of the last round that worked
	ok, bad   *metric.Counter
	garbled   *metric.Counter
	wasBroken bool
}

// run is what is known of another run.
type run struct {
	tally
	heard int64
}

// ShareStatus tells how well this node knows what callers do elsewhere.
type ShareStatus struct {
	Nodes int     `json:"nodes"` // this one and those heard of lately
	Runs  int     `json:"runs"`  // of nodes, counted today
	AgeS  float64 `json:"age_s"` // since the last round that worked
	Error string  `json:"error,omitempty"`
}

func newShare(d *Directory, cfg *Config, m meeting) *share {
	s := &share{
		d: d, clock: d.clock, meeting: m, every: cfg.Redis.Reconcile.Std(), file: cfg.Data,
		mine: &tally{}, runs: map[runID]*run{}, savedNames: familiar{},
	}
	rand.Read(s.mine.run[:])
	s.told, s.saved = math.MinInt64/2, s.clock().Mono
	if m == nil || s.every == 0 {
		s.every = saveEvery
	}
	s.state.Store(&ShareStatus{Nodes: 1})
	s.done.Store(time.Now().UnixNano())
	round := func(result string) *metric.Counter {
		return d.deps.Metrics.Counter("verigate_clients_reconciliations_total", "Rounds in which nodes told each other what callers used.", "result", result)
	}
	s.ok, s.bad = round("ok"), round("failed")
	s.garbled = d.deps.Metrics.Counter("verigate_clients_counts_refused_total", "Counts and networks from elsewhere, or from disk, that were damaged or not sealed.")
	if m != nil {
		d.deps.Metrics.Gauge("verigate_clients_nodes", "Nodes that share the limits, this one included.", func() float64 { return float64(s.state.Load().Nodes) })
		d.deps.Metrics.Gauge("verigate_clients_reconciliation_age_seconds", "How long ago the last round worked.", func() float64 { return s.age().Seconds() })
	}
	s.load()
	return s
}

func (s *share) age() time.Duration { return time.Since(time.Unix(0, s.done.Load())) }

// status is safe for concurrent use.
func (s *share) status() *ShareStatus {
	out := *s.state.Load()
	out.AgeS = s.age().Seconds()
	return &out
}

// work does rounds until ctx ends, and a last one after that.
func (s *share) work(ctx context.Context) {
	tick := time.NewTicker(s.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			s.round(last, true)
			return
		case <-tick.C:
			s.round(ctx, false)
		}
	}
}

// round counts, tells, hears, applies and keeps.
func (s *share) round(ctx context.Context, last bool) {
	now := s.clock().Mono
	t := s.d.table.Load()
	news := s.collect(t)
	keep := last || now-s.saved >= int64(saveEvery)
	err := s.meet(ctx, now, news || last, keep, t)
	if ctx.Err() != nil && !last {
		return // the gateway stops, and a last round follows
	}
	s.apply(t)
	if keep {
		s.saved = now
		s.save(t)
	}
	s.tell(now, err)
}

// collect counts what this node has counted today; it tells whether that is anything new.
func (s *share) collect(t *table) (news bool) {
	today := dayOf(s.clock().Wall)
	if s.mine.day != today {
		s.mine.day, s.mine.counts = today, make(map[uint64]uint64, len(t.callers))
	}
	for _, c := range t.callers {
		word := s.d.places.at(c.slot).day.Load()
		if n := word & dayCount; word>>dayBits == today && n != s.mine.counts[c.hash] {
			s.mine.counts[c.hash], news = n, true
		}
	}
	if news {
		s.mine.seq++
		s.unsaved = true
	}
	return news
}

func (s *share) meet(ctx context.Context, now int64, news, networks bool, t *table) error {
	if s.meeting == nil {
		return nil
	}
	var mine *tally
	if news || now-s.told >= s.rounds(beatRounds) {
		if !news {
			s.mine.seq++
		}
		mine = s.mine
	}
	seen := make(map[runID]uint64, len(s.runs)+1)
	for id, r := range s.runs {
		seen[id] = r.seq
	}
	seen[s.mine.run] = s.mine.seq
	heard, err := s.meeting.exchange(ctx, mine, seen)
	for _, raw := range heard {
		s.hear(raw, now)
	}
	if err != nil {
		return err
	}
	if mine != nil {
		s.told = now
	}
	if !networks {
		return nil
	}
	return s.meeting.networks(ctx, func(there []byte) []byte { return s.join(t, there) })
}

// join takes over the networks that are known elsewhere and returns what is to be stored, nil if nothing is.
func (s *share) join(t *table, there []byte) []byte {
	known := familiar{}
	if len(there) > 0 {
		var err error
		if known, err = decodeFamiliar(s.d.secrets, there); err != nil {
			s.garbled.Inc()
			known = familiar{}
		}
	}
	t.adopt(known)
	mine := t.familiar()
	if known.has(mine) {
		return nil
	}
	for name, networks := range known {
		if mine[name] == nil {
			mine[name] = networks // of an account that this node does not have yet, or no longer
		}
	}
	return mine.encode(s.d.secrets)
}

// hear takes a tally from elsewhere, if it is sound and says anything new.
func (s *share) hear(raw []byte, now int64) {
	t, err := decodeTally(s.d.secrets, raw)
	if err != nil {
		s.garbled.Inc()
		return
	}
	old := s.runs[t.run]
	switch {
	case t.run == s.mine.run, old != nil && t.seq <= old.seq, old == nil && len(s.runs) >= maxRuns:
		return
	}
	s.runs[t.run] = &run{tally: *t, heard: now}
	s.unsaved = true
	if old != nil && now-old.heard <= s.rounds(chargeRounds) {
		s.charge(old, t)
	}
}

// rounds is how long so many rounds take, in nanoseconds.
func (s *share) rounds(n int64) int64 { return n * int64(s.every) }

// charge takes from the rates what a run counted since it was last heard.
func (s *share) charge(old *run, now *tally) {
	mono, span := s.clock().Mono, time.Duration(s.rounds(chargeRounds))
	slots := s.known(s.d.table.Load())
	for name, n := range now.counts {
		if old.day == now.day {
			n -= min(n, old.counts[name])
		}
		if slot := slots[name]; slot != nil && n > 0 {
			slot.charge(mono, int64(n), span)
		}
	}
}

// apply tells every caller's counter what was counted elsewhere today, and forgets the days before yesterday.
func (s *share) apply(t *table) {
	today := dayOf(s.clock().Wall)
	sums := map[uint64]uint64{}
	for id, r := range s.runs {
		if r.day+1 < today {
			delete(s.runs, id)
		}
		if r.day != today {
			continue
		}
		for name, n := range r.counts {
			sums[name] = min(sums[name]+n, dayCount)
		}
	}
	slots := s.known(t)
	for name, n := range sums {
		if slot := slots[name]; slot != nil {
			slot.others.Store(today<<dayBits | n)
		}
	}
}

// known returns the callers' counters by the hash of their id.
func (s *share) known(t *table) map[uint64]*slot {
	if s.slotsOf != t {
		s.slotsOf, s.slots = t, make(map[uint64]*slot, len(t.callers))
		for _, c := range t.callers {
			s.slots[c.hash] = s.d.places.at(c.slot)
		}
	}
	return s.slots
}

// tell notes how the round went; trouble is logged when it begins and when it ends.
func (s *share) tell(now int64, err error) {
	st := &ShareStatus{Nodes: 1, Runs: len(s.runs) + 1}
	for _, r := range s.runs {
		if now-r.heard < s.rounds(goneRounds) {
			st.Nodes++
		}
	}
	if err == nil {
		s.ok.Inc()
		s.done.Store(time.Now().UnixNano())
	} else {
		s.bad.Inc()
		st.Error = fmt.Sprintf("telling other nodes what callers used: %v", err)
	}
	s.state.Store(st)
	if broken := err != nil; broken != s.wasBroken {
		s.wasBroken = broken
		level, text := slog.LevelInfo, "limits are shared between nodes again"
		if broken {
			level, text = slog.LevelWarn, "limits are not shared between nodes, each holds them alone"
		}
		s.d.deps.Log.Log(context.Background(), level, text, "reason", err)
	}
}

// all returns every tally of today, this node's first.
func (s *share) all() []*tally {
	out := []*tally{s.mine}
	for _, r := range s.runs {
		if r.day == s.mine.day {
			out = append(out, &r.tally)
		}
	}
	slices.SortFunc(out[1:], func(a, b *tally) int { return slices.Compare(a.run[:], b.run[:]) })
	return out
}
