package cache_test

import (
	"context"
	"flag"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/verigate/verigate/cache"
	"github.com/verigate/verigate/cache/feed"
	"github.com/verigate/verigate/cache/local"
	"github.com/verigate/verigate/cache/prefilter"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/internal/metric"
	"github.com/verigate/verigate/verify"
)

var (
	modelSteps = flag.Int("model.steps", 100_000, "steps of the model test")
	modelSeed  = flag.Uint64("model.seed", 1, "seed of the model test")
)

// member is one gateway node: the real filter, caches and feed over simulated transports, with clocks of its own.
type member struct {
	*model
	skew   int64
	link   *link
	shared *attached

	filter *prefilter.Filter
	local  *local.Cache
	cache  *cache.Cache
	tail   *feed.Tail
	stop   func()

	mu    sync.Mutex
	heard map[verify.Subject]uint64 // the newest change applied here since the start
}

// model is three nodes, a registry, a store, and what went wrong.
type model struct {
	*world
	t       *testing.T
	reg     *register
	store   *store
	hasher  *verify.SubjectHasher
	members []*member
	gen     *prefilter.Generation // the stored generation

	mu      sync.Mutex
	counts  map[string]int
	metrics metric.Set
}

func (m *member) clock() verify.Instant {
	return verify.Instant{Mono: now() + m.skew + int64(time.Hour), Wall: time.Now().UnixNano() - 3*m.skew}
}

// start makes a node as after a restart: nothing in memory, the stored generation in use.
func (m *member) start() {
	rules := cache.DefaultRules()
	rules.Check = 100
	var cfg prefilter.Config
	config.Defaults(&cfg)
	cfg.CheckEvery = 100
	m.filter = prefilter.New(cfg, prefilter.Deps{Metrics: &m.metrics, Log: slog.New(slog.DiscardHandler)})
	m.local, _ = local.New(local.Config{Size: 1 << 20, Tombstones: 50}, local.Deps{Keep: rules.Longest()})
	m.cache = cache.New(rules, cache.Deps{Local: m.local, Shared: m.shared, Metrics: &m.metrics})
	var fc feed.Config
	config.Defaults(&fc)
	m.tail = feed.New(fc, feed.Deps{Source: m.link, Filter: m.filter, Records: m, Hasher: m.hasher, Clock: m.clock, Log: slog.New(slog.DiscardHandler)})
	m.cache.SetFeed(m.tail)
	m.mu.Lock()
	m.heard = make(map[verify.Subject]uint64)
	m.mu.Unlock()
	if m.gen != nil {
		m.filter.Swap(m.gen)
	}
	ctx, cancel := context.WithCancel(m.t.Context())
	done := make(chan struct{})
	go func(t *feed.Tail) { t.Run(ctx); close(done) }(m.tail)
	m.stop = func() { cancel(); <-done }
}

// Invalidate passes a change on and remembers that it was heard.
func (m *member) Invalidate(at verify.Instant, subjects []verify.Subject, version uint64) {
	m.cache.Invalidate(at, subjects, version)
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range subjects {
		m.heard[s] = max(m.heard[s], version)
	}
}

// Anew passes on that the feed broke; versions do not fall in the model, so what was heard before still holds.
func (m *member) Anew(at verify.Instant) { m.cache.Anew(at) }

func (m *member) heardOf(s verify.Subject) uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.heard[s]
}

// lookup asks this node about a person and checks the answer, if memory has one; else the registry is asked in the
// background, as slowly as it may.
func (m *member) lookup(p *person) {
	l := m.ask(p)
	h := &l.Held[0]
	heard := m.heardOf(l.Subjects[0])
	m.filter.Screen(l)
	m.cache.Recall(m.t.Context(), l)
	if h.State != verify.StateUnknown && h.Version < heard && h.Source != verify.SourceFilter {
		m.fail(p, h, "a change that this node has heard of is ignored")
	}
	if h.Settled() {
		m.check(p, h)
		return
	}
	if m.link.isDown() {
		if h.Stale {
			m.count("stale")
			if age := m.clock().Mono - h.Learned; age > int64(4*time.Hour) || h.State != verify.StatePresent {
				m.fail(p, h, "stale beyond its window")
			}
		} else {
			m.count("unavailable")
		}
		return
	}
	go m.fetch(p, m.filter, m.cache)
}

func (m *member) ask(p *person) *verify.Lookup {
	return &verify.Lookup{Now: m.clock(), Keys: []identity.Key{p.key}, Subjects: []verify.Subject{m.hasher.Subject(p.key)}, Held: make([]verify.Held, 1)}
}

// fetch asks the registry; its answer may be long on its way, over changes, gaps and restarts.
func (m *member) fetch(p *person, f *prefilter.Filter, c *cache.Cache) {
	l := m.ask(p)
	m.upTo(20 * time.Millisecond)
	l.Held[0] = m.reg.answer(p)
	l.Held[0].Learned = l.Now.Mono
	m.upTo(20 * time.Millisecond)
	if m.chance(5) {
		m.upTo(5 * time.Second)
	}
	f.Observe(l)
	c.Remember(l)
	m.count("registry")
}

// check holds an answer from memory against the truth: what overtook it may be no older than the bound promised.
func (m *member) check(p *person, h *verify.Held) {
	m.count(h.Source.String())
	m.reg.mu.Lock()
	defer m.reg.mu.Unlock()
	at := now()
	e, known := p.current(at)
	switch {
	case h.MaxAge <= 0:
		m.fail(p, h, "no bound is promised")
	case h.State == verify.StatePresent:
		if since := p.overtaken(h.Version); since != 0 && at-since > h.MaxAge {
			m.fail(p, h, "overtaken for longer than its bound")
		}
	case known && at-e.at > h.MaxAge:
		m.fail(p, h, "denied although known for longer than the bound")
	case h.Source == verify.SourceFilter && len(p.history) > 0 && p.history[0].version <= h.Version:
		m.fail(p, h, "denied although issued before the watermark")
	}
}

func (m *model) fail(p *person, h *verify.Held, what string) {
	m.t.Errorf("%s: %s at version %d with bound %s from %s; history %+v, now %d", what, []string{"unknown", "present", "absent", "elsewhere"}[h.State],
		h.Version, time.Duration(h.MaxAge), h.Source, p.history, now())
}

func (m *model) count(what string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.counts[what]++
}

// rebuild makes a new stored generation; some nodes take it up now, the others at their next start.
func (m *model) rebuild() {
	g, err := prefilter.Build(m.t.Context(), m.reg, prefilter.BuildConfig{Kinds: []identity.Kind{identity.KindID}, Workers: 1}, nil)
	if err != nil {
		m.t.Fatal(err)
	}
	m.gen = g
	for _, n := range m.members {
		if m.chance(70) {
			n.filter.Swap(g)
		}
	}
}

// step does one random thing.
func (m *model) step() {
	n := m.members[m.intn(len(m.members))]
	switch m.intn(40) {
	case 0:
		m.reg.change(m.reg.somebody(), m.chance(10))
	case 1:
		if m.chance(20) {
			m.reg.birth()
		} else {
			m.reg.change(m.reg.people[m.intn(20)], m.chance(10))
		}
	case 2:
		m.fault(n)
	case 3, 4, 5, 6, 7, 8, 9, 10, 11:
		m.upTo(100 * time.Millisecond)
	case 12:
		if m.chance(10) {
			m.upTo(30 * time.Second)
		}
	default:
		switch {
		case m.chance(50):
			n.lookup(m.reg.people[m.intn(20)]) // those who are asked about most
		case m.chance(50):
			n.lookup(m.reg.somebody())
		case m.chance(50):
			n.lookup(m.reg.people[max(0, m.reg.born-1-m.intn(5))]) // those just born
		default:
			n.lookup(m.reg.people[m.intn(len(m.reg.people))])
		}
	}
}

// fault switches something off, or on again.
func (m *model) fault(n *member) {
	on := m.chance(40)
	switch m.intn(14) {
	case 0:
		n.link.set(func(l *link) { l.down = on })
	case 1:
		n.link.set(func(l *link) { l.slow = 0 })
		if on {
			n.link.set(func(l *link) { l.slow = 2 * time.Second })
		}
	case 2, 3:
		n.shared.set(func(a *attached) { a.down = on })
	case 4, 5:
		n.shared.set(func(a *attached) { a.lossy = on })
	case 6, 7:
		m.reg.setPaused(on)
	case 8:
		if on && m.chance(20) {
			m.reg.forget()
		}
	case 9:
		if m.chance(20) {
			n.stop()
			n.start()
			m.count("restart")
		}
	case 10:
		m.rebuild()
	case 11:
		m.store.mu.Lock()
		if on && m.chance(20) {
			clear(m.store.values) // Redis came back empty
		}
		m.store.mu.Unlock()
	case 12:
		if m.gen != nil {
			n.filter.Swap(m.gen) // the stored one, which may be from before the feed began
		}
	case 13:
		if on {
			m.absence(n)
		}
	}
}

// absence is the worst time to come back: a node is cut off, the feed is paused, people are born, and the node finds a
// watermark that it has not seen yet and that has stood still since.
func (m *model) absence(n *member) {
	n.link.set(func(l *link) { l.down = true })
	m.upTo(2 * time.Second)
	m.reg.setPaused(true)
	for range 5 {
		m.reg.birth()
	}
	m.upTo(20 * time.Second)
	n.link.set(func(l *link) { l.down, l.slow = false, 0 })
	for range 10 {
		m.upTo(300 * time.Millisecond)
		n.lookup(m.reg.people[m.reg.born-1-m.intn(5)])
	}
	m.reg.setPaused(m.chance(50))
}

// heal ends every fault.
func (m *model) heal() {
	m.reg.setPaused(false)
	for _, n := range m.members {
		n.link.set(func(l *link) { l.down, l.slow = false, 0 })
		n.shared.set(func(a *attached) { a.down, a.lossy = false, false })
	}
	m.rebuild()
	for _, n := range m.members {
		n.filter.Swap(m.gen)
	}
}

// TestModel lets fills, changes, faults, restarts and partitions happen in random order and holds every answer from
// memory to the bound printed on it; in the end, with everything healed, nobody may be left with the past.
func TestModel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		worldStart = time.Now()
		w := &world{dice: rand.New(rand.NewPCG(*modelSeed, 7))}
		m := &model{world: w, t: t, reg: newRegister(w, 300+*modelSteps/100, 200), store: &store{world: w, values: make(map[verify.Subject]value)},
			hasher: verify.NewSubjectHasher([]byte("model")), counts: make(map[string]int)}
		for i := range 3 {
			n := &member{model: m, skew: int64(i*i) * int64(1000*time.Hour), link: &link{register: m.reg}, shared: &attached{store: m.store}}
			rules := cache.DefaultRules()
			n.shared.clock, n.shared.keep = n.clock, rules.Keep
			m.members = append(m.members, n)
			n.start()
		}
		m.rebuild()
		for i := 0; i < *modelSteps && !t.Failed(); i++ {
			m.step()
			if i%1_000_000 == 999_999 {
				t.Logf("%d steps", i+1)
			}
		}
		m.heal()
		pass(2 * time.Minute) // beyond every bound of what was learned before a gap
		for _, p := range m.reg.people {
			e, known := p.current(now())
			for _, n := range m.members {
				l := n.ask(p)
				n.filter.Screen(l)
				n.cache.Recall(t.Context(), l)
				h := &l.Held[0]
				if h.Settled() && (known != (h.State == verify.StatePresent) || known && h.Version != e.version) {
					m.fail(p, h, "still in the past after everything was healed")
				}
			}
		}
		for _, n := range m.members {
			n.stop()
		}
		pass(10 * time.Second) // what is under way arrives
		t.Logf("%d steps over %s: %v", *modelSteps, time.Duration(now()).Round(time.Second), m.counts)
		// The nodes check themselves against the registry, and must have found nothing either.
		for _, i := range m.metrics.Instruments() {
			if strings.HasSuffix(i.Name, "_violations_total") && i.Counter.Value() != 0 {
				t.Errorf("%s is %d", i.Name, i.Counter.Value())
			}
		}
		for _, what := range []string{"filter", "local", "shared", "registry", "stale", "unavailable", "restart"} {
			if m.counts[what] == 0 {
				t.Errorf("the model never came to %q: %v", what, m.counts)
			}
		}
	})
}
