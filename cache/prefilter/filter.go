package prefilter

import (
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/internal/metric"
	"github.com/verigate/verigate/verify"
)

// Config is how far the filter is trusted and how its generations are kept.
type Config struct {
	MaxWatermarkAge config.Duration `yaml:"max_watermark_age" default:"5s" min:"1s" max:"1m" help:"A \"never issued\" is answered from memory only while the registry's newest watermark is younger than this, counted from when it was asked for."`
	CheckEvery      int             `yaml:"check_every" default:"5000" min:"0" help:"One \"never issued\" in so many is put to the registry all the same, as a check of the filter; 0 switches that off."`
	MaxAdded        int             `yaml:"max_added" default:"8000000" min:"1000" help:"Identifiers issued since the generation's snapshot that are held beside it; with more, the filter is silent until it is rebuilt."`
}

// Deps are the filter's collaborators.
type Deps struct {
	Metrics *metric.Set
	Clock   verify.Clock // only for the gauge of the watermark's age; nil: no gauge
	Log     *slog.Logger // nil: slog.Default()
}

// Filter is the live prefilter. Screen takes no lock and allocates nothing; it is never blocked by Add or Swap. All
// methods are safe for concurrent use.
type Filter struct {
	cfg   Config
	m     counters
	log   *slog.Logger
	view  atomic.Pointer[view]
	mark  atomic.Pointer[Watermark]
	trial atomic.Pointer[trial]
	nos   atomic.Uint64 // "never issued" so far, to pick those that are checked
	need  chan struct{} // tells the keeper that a new generation is needed

	mu     sync.Mutex // held by whoever changes anything
	from   uint64     // adds are complete for every version after this one; see Resume
	open   bool       // whether from means anything: false from start to Resume, and after Gap
	expect Expect     // what the next generation must be, from the last good one
	gaps   int        // how often Gap was called
	newest uint64     // highest version given to Add
}

// view is what a reader tests: one consistent pair of a generation and what was issued since.
type view struct {
	gen   *Generation
	added [identity.Kinds]*overlay
	ready [identity.Kinds]bool // generation and adds together are complete
}

// Watermark is the registry's word that everything up to Version has been delivered.
type Watermark struct {
	Version uint64
	At      int64 // the registry's time, nanoseconds since the epoch; only for display and to see that it moves
	Learned int64 // Instant.Mono when this node sent the request that brought it
}

// New makes a filter that knows nothing yet and says so.
func New(cfg Config, d Deps) *Filter {
	f := &Filter{cfg: cfg, m: newCounters(d.Metrics), log: d.Log, need: make(chan struct{}, 1)}
	if f.log == nil {
		f.log = slog.Default()
	}
	f.view.Store(emptyView())
	f.gauges(d)
	return f
}

func emptyView() *view {
	v := new(view)
	for k := range v.added {
		v.added[k] = newOverlay(0)
	}
	return v
}

// Screen settles the entries whose identifiers were certainly never issued: StateAbsent from SourceFilter, with the
// watermark's time and version. It implements resolve.Screener.
func (f *Filter) Screen(l *verify.Lookup) {
	// The mark is read before the view: whatever was added before the mark was set is then seen by the test.
	mark := f.mark.Load()
	v := f.view.Load()
	var said [verdicts]int64
	for i := range l.Held {
		if l.Held[i].State != verify.StateUnknown {
			continue
		}
		said[f.screen(l, i, v, mark)]++
	}
	runtime.KeepAlive(v)
	f.m.count(&said)
}

func (f *Filter) screen(l *verify.Lookup, i int, v *view, mark *Watermark) verdict {
	k := l.Keys[i]
	if v.gen == nil || v.gen.parts[k.Kind()] == nil {
		return verdictNoGeneration
	}
	p := v.gen.parts[k.Kind()]
	packed, ok := p.coverage.pack(k)
	switch {
	case !ok:
		return verdictNotCovered
	case !v.ready[p.kind]:
		return verdictIncomplete
	case mark == nil || l.Now.Mono-mark.Learned >= int64(f.cfg.MaxWatermarkAge):
		return verdictWatermarkOld
	}
	if v.has(p.kind, packed) {
		return verdictMaybe
	}
	if n := uint64(f.cfg.CheckEvery); n > 0 && f.nos.Add(1)%n == 0 {
		return verdictChecked
	}
	l.Held[i] = verify.Held{
		State: verify.StateAbsent, Source: verify.SourceFilter, Version: mark.Version,
		AsOf: mark.At, Learned: mark.Learned, MaxAge: int64(f.cfg.MaxWatermarkAge),
	}
	return verdictAbsent
}

// Add puts identifiers that the registry issued at version into the filter; they are never denied from then on. It must
// be called before anything else learns of them. Identifiers that no filter covers are passed over.
func (f *Filter) Add(version uint64, keys []identity.Key) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.newest = max(f.newest, version)
	for _, k := range keys {
		packed, ok := identity.PackKey(k)
		if !ok {
			continue
		}
		f.checkLate(version, k.Kind(), packed)
		o := f.view.Load().added[k.Kind()]
		if o.full() {
			if o = f.makeRoom(k.Kind()); o == nil {
				return
			}
		}
		o.add(digestOf(k.Kind(), packed), packed, version)
	}
}

// checkLate notices an identifier that a watermark should have covered and did not: the watermark is not believed any
// longer. Repeated and reordered changes are not late, because what they bring is there or no watermark has covered it.
// Under mu.
func (f *Filter) checkLate(version uint64, kind identity.Kind, packed uint64) {
	mark, v := f.mark.Load(), f.view.Load()
	if mark == nil || version > mark.Version || v.gen == nil || v.gen.parts[kind] == nil || v.has(kind, packed) {
		return
	}
	f.m.late.Inc()
	f.mark.Store(nil)
}

// makeRoom publishes a larger table for kind and returns it. At the bound it forgets all that was added instead, which
// leaves the filter silent until a generation as new as the newest of it is there, and returns nil. Under mu.
func (f *Filter) makeRoom(kind identity.Kind) *overlay {
	v := f.view.Load()
	if v.added[kind].used >= f.cfg.MaxAdded {
		f.m.overflow.Inc()
		f.from = f.newest
		n := emptyView()
		n.gen = v.gen
		f.publish(n)
		return nil
	}
	n := *v
	n.added[kind] = v.added[kind].copy(hasherOf(kind), func(uint64) bool { return true })
	f.view.Store(&n)
	return n.added[kind]
}

func hasherOf(kind identity.Kind) func(uint64) digest {
	return func(packed uint64) digest { return digestOf(kind, packed) }
}

// Resume says that every identifier issued after version will be given to Add, before the watermark that covers it is
// set. Together with a generation of at least that version the filter is complete.
func (f *Filter) Resume(version uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.from, f.open = version, true
	f.publish(f.view.Load())
}

// Gap says that identifiers may have been issued that Add was not told of, or that the registry's history is not the one
// the generation was made from: the generation is given up, and nobody is denied until Resume and a generation made
// since.
func (f *Filter) Gap() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open = false
	f.gaps++
	f.newest = 0
	f.expect = Expect{}
	f.giveUp()
}

// giveUp stops using the generation and asks for another. Under mu.
func (f *Filter) giveUp() {
	f.mark.Store(nil)
	n := *f.view.Load()
	n.gen = nil
	f.publish(&n)
	f.ask()
}

// ask tells the keeper, if it has not been told.
func (f *Filter) ask() {
	select {
	case f.need <- struct{}{}:
	default:
	}
}

// publish stores a copy of v with its completeness judged anew. A generation from before the adds began needs a newer
// one. Under mu.
func (f *Filter) publish(v *view) {
	n := *v
	n.ready = [identity.Kinds]bool{}
	if n.gen != nil && f.open {
		for p := range n.gen.each {
			n.ready[p.kind] = f.from <= p.version
			if !n.ready[p.kind] {
				f.ask()
			}
		}
	}
	f.view.Store(&n)
}

// Swap makes g the generation in use. What was added since its snapshot stays; what it holds itself is dropped. Readers
// see the old pair or the new pair, never a mixture. The caller has held g against [Filter.Expect].
func (f *Filter) Swap(g *Generation) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.swap(g)
}

// swapUnlessGap is Swap of a generation that was made when gaps had happened so often; false means that there was
// another since, and that g belongs to a history that may be gone.
func (f *Filter) swapUnlessGap(g *Generation, gaps int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if gaps != f.gaps {
		return false
	}
	f.swap(g)
	return true
}

// gapCount returns how many gaps there were.
func (f *Filter) gapCount() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.gaps
}

// swap does it. Under mu.
func (f *Filter) swap(g *Generation) {
	n := *f.view.Load()
	n.gen = g
	f.expect = Expect{Registry: g.registry}
	for p := range g.each {
		f.expect.Version[p.kind], f.expect.Keys[p.kind] = p.version, p.keys
		n.added[p.kind] = n.added[p.kind].copy(hasherOf(p.kind), func(v uint64) bool { return v > p.version })
	}
	f.m.swaps.Inc()
	f.publish(&n)
}

// SetWatermark says that everything up to version has been given to Add. at is the registry's time of it, learned is
// Instant.Mono when this node sent the request that brought it. A watermark that has not moved on since the last one
// proves nothing and is passed over; the result tells.
func (f *Filter) SetWatermark(version uint64, at time.Time, learned int64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.open {
		return false
	}
	w := Watermark{Version: version, At: at.UnixNano(), Learned: learned}
	if old := f.mark.Load(); old != nil {
		moved := w.Version > old.Version || w.Version == old.Version && w.At > old.At
		if !moved || w.Learned < old.Learned {
			return false
		}
	}
	f.mark.Store(&w)
	return true
}

// inUse tells whether there is a generation.
func (f *Filter) inUse() bool { return f.view.Load().gen != nil }

// Position returns where a feed has to go on so that the filter becomes complete: the token and version of the
// generation's oldest kind. Without a generation the token is "": from now on.
func (f *Filter) Position() (token string, version uint64) {
	g := f.view.Load().gen
	if g == nil {
		return "", 0
	}
	first := true
	for p := range g.each {
		if first || p.version < version {
			token, version, first = p.token, p.version, false
		}
	}
	return token, version
}

// Expect returns what a newer generation must be: of the same registry, not older, and of about as many keys as the last
// good one.
func (f *Filter) Expect() Expect {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.expect
}
