package cache_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/verigate/verigate/cache"
	"github.com/verigate/verigate/cache/cachetest"
	"github.com/verigate/verigate/cache/feed"
	"github.com/verigate/verigate/cache/local"
	"github.com/verigate/verigate/cache/prefilter"
	"github.com/verigate/verigate/cache/shared"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/internal/metric"
	"github.com/verigate/verigate/verify"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// fasthttp, which the reference registry is served by, keeps one goroutine for the Date header for as long as the
		// process lives, and one a server that notices only after ten seconds that the server has stopped.
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"))
}

// The parts fit the ports that join them.
var (
	_ cache.Local  = (*local.Cache)(nil)
	_ cache.Shared = (*shared.Cache)(nil)
	_ cache.Feed   = (*feed.Tail)(nil)
	_ feed.Records = (*cache.Cache)(nil)
	_ feed.Filter  = (*prefilter.Filter)(nil)
)

func TestConfigs(t *testing.T) {
	var all struct {
		Rules     cache.Rules            `yaml:"rules"`
		Local     local.Config           `yaml:"local"`
		Shared    shared.Config          `yaml:"shared"`
		Feed      feed.Config            `yaml:"feed"`
		Prefilter prefilter.Config       `yaml:"prefilter"`
		Keeper    prefilter.KeeperConfig `yaml:"keeper"`
	}
	config.Defaults(&all)
	if err := config.Check(&all); err != nil {
		t.Fatalf("the defaults are not valid: %v", err)
	}
	if got, want := all.Rules, cache.DefaultRules(); got != want {
		t.Errorf("default rules are %+v, want %+v", got, want)
	}
	all.Rules.Lost.Absent, all.Rules.Lagging.Present = config.Duration(time.Hour), config.Duration(time.Hour)
	err := all.Rules.Validate()
	if err == nil || !strings.Contains(err.Error(), "lost.absent 1h") || !strings.Contains(err.Error(), "lagging.present 1h") {
		t.Errorf("bounds that grow as knowledge shrinks give %v", err)
	}
}

// trust is a feed in a given state.
type trust struct {
	live, lagging bool
	unbroken      int64
	delivered     uint64
}

func (f *trust) Vouch(verify.Instant) (live, lagging bool, unbroken int64) {
	return f.live, f.lagging, f.unbroken
}

func (f *trust) Delivered() uint64 { return f.delivered }

// level is a second level that holds what it is given, whatever it is, and writes down what it is asked.
type level struct {
	held    map[verify.Subject]verify.Held
	asked   int
	told    int
	changed int
}

func (v *level) Recall(_ context.Context, l *verify.Lookup) {
	v.asked++
	for i := range l.Held {
		h, ok := v.held[l.Subjects[i]]
		if have := &l.Held[i]; ok && !have.Settled() && (have.State == verify.StateUnknown || h.Learned > have.Learned) {
			h.Source = verify.SourceShared
			l.Held[i] = h
		}
	}
}

func (v *level) Remember(l *verify.Lookup)               { v.told += len(l.Held) }
func (v *level) Invalidate(s []verify.Subject, _ uint64) { v.changed += len(s) }
func (v *level) hold(n uint64, h verify.Held)            { v.held[cachetest.Subject(n)] = h }
func newLevel() *level                                   { return &level{held: make(map[verify.Subject]verify.Held)} }
func present(version uint64, learned time.Duration) verify.Held {
	return verify.Held{State: verify.StatePresent, Source: verify.SourceRegistry, Version: version, Learned: int64(learned), Record: []byte("record")}
}

// house is a cache with everything under the test's hands.
type house struct {
	*cache.Cache
	local  *local.Cache
	second *level
	feed   *trust
}

func newHouse(t testing.TB, edit func(*cache.Deps)) *house {
	t.Helper()
	rules := cache.DefaultRules()
	h := &house{second: newLevel(), feed: &trust{live: true, unbroken: 1}}
	var err error
	if h.local, err = local.New(local.Config{Size: 1 << 20, Tombstones: 1000}, local.Deps{Keep: rules.Longest()}); err != nil {
		t.Fatal(err)
	}
	d := cache.Deps{Local: h.local, Shared: h.second, Feed: h.feed}
	if edit != nil {
		edit(&d)
	}
	h.Cache = cache.New(rules, d)
	return h
}

func lookup(now time.Duration, subjects ...uint64) *verify.Lookup {
	l := &verify.Lookup{Now: verify.Instant{Mono: int64(now)}, Keys: make([]identity.Key, len(subjects)), Held: make([]verify.Held, len(subjects))}
	for _, n := range subjects {
		l.Subjects = append(l.Subjects, cachetest.Subject(n))
	}
	return l
}

// learn lets the registry say something about subject n.
func (h *house) learn(n uint64, held verify.Held) verify.Held {
	l := lookup(time.Duration(held.Learned), n)
	l.Held[0] = held
	h.Remember(l)
	return l.Held[0]
}

func (h *house) recall(n uint64, now time.Duration) verify.Held {
	l := lookup(now, n)
	h.Recall(context.Background(), l)
	return l.Held[0]
}

// The table of freshness, row by row. Each entry's own bound lies up to a tenth below the bound promised.
func TestRules(t *testing.T) {
	const start = 24 * time.Hour
	states := []struct {
		held  verify.Held
		stale bool
	}{
		{verify.Held{State: verify.StatePresent, Record: []byte("record")}, true},
		{verify.Held{State: verify.StateAbsent}, false},
		{verify.Held{State: verify.StateElsewhere, Holder: verify.HolderDefence}, false},
	}
	for _, row := range []struct {
		name   string
		feed   trust
		bounds [3]time.Duration // present, absent, elsewhere
	}{
		{"live", trust{live: true, unbroken: 1}, [3]time.Duration{15 * time.Minute, time.Minute, 15 * time.Minute}},
		{"lagging", trust{lagging: true, unbroken: 1}, [3]time.Duration{2 * time.Minute, 15 * time.Second, 2 * time.Minute}},
		{"paused", trust{unbroken: 1}, [3]time.Duration{30 * time.Second, 5 * time.Second, 30 * time.Second}},
		{"live, but learned before the break", trust{live: true, unbroken: int64(start) + 1}, [3]time.Duration{30 * time.Second, 5 * time.Second, 30 * time.Second}},
		{"never unbroken", trust{live: true}, [3]time.Duration{30 * time.Second, 5 * time.Second, 30 * time.Second}},
	} {
		for i, s := range states {
			t.Run(row.name+"/"+[]string{"present", "absent", "elsewhere"}[i], func(t *testing.T) {
				h := newHouse(t, func(d *cache.Deps) { d.Shared = nil })
				*h.feed = row.feed
				held, bound := s.held, row.bounds[i]
				held.Source, held.Version, held.Learned = verify.SourceRegistry, 5, int64(start)
				if got := h.learn(1, held); got.MaxAge != int64(bound) {
					t.Errorf("the registry's answer promises %s, want %s", time.Duration(got.MaxAge), bound)
				}
				if got := h.recall(1, start+bound*9/10-1); !got.Settled() || got.Source != verify.SourceLocal || got.MaxAge != int64(bound) {
					t.Errorf("just below the bound: %+v", got)
				}
				got := h.recall(1, start+bound)
				if got.Settled() || got.Stale != s.stale {
					t.Errorf("at the bound: %+v", got)
				}
				if s.stale && got.MaxAge != int64(4*time.Hour) {
					t.Errorf("a stale answer promises %s", time.Duration(got.MaxAge))
				}
				if got := h.recall(1, start+4*time.Hour); got.State != verify.StateUnknown {
					t.Errorf("after the stale window: %+v", got)
				}
			})
		}
	}
}

func TestEntriesOfOneMomentDoNotExpireTogether(t *testing.T) {
	h := newHouse(t, func(d *cache.Deps) { d.Shared = nil })
	const n = 500
	for i := range uint64(n) {
		h.learn(i, present(5, time.Second))
	}
	fresh := func(at time.Duration) (c int) {
		for i := range uint64(n) {
			if got := h.recall(i, time.Second+at); got.Settled() {
				c++
			}
		}
		return c
	}
	if early, middle, late := fresh(810*time.Second-1), fresh(855*time.Second), fresh(900*time.Second); early != n || middle < n/3 || middle > 2*n/3 || late != 0 {
		t.Errorf("fresh at 90 %%, 95 %% and 100 %% of the bound: %d, %d, %d of %d", early, middle, late, n)
	}
}

func TestSharedIsAskedOnlyForWhatIsMissing(t *testing.T) {
	h := newHouse(t, nil)
	h.learn(1, present(5, time.Second))
	h.recall(1, 2*time.Second)
	if h.second.asked != 0 {
		t.Error("the shared cache was asked although everything was known")
	}
	h.second.hold(2, present(7, time.Second))
	l := lookup(2*time.Second, 1, 2, 3)
	h.Recall(t.Context(), l)
	if h.second.asked != 1 || l.Held[0].Source != verify.SourceLocal || l.Held[1].Source != verify.SourceShared || l.Held[1].MaxAge == 0 || l.Held[2].State != verify.StateUnknown {
		t.Errorf("asked %d times: %+v", h.second.asked, l.Held)
	}
	if got := h.recall(2, 3*time.Second); got.Source != verify.SourceLocal || got.Learned != int64(time.Second) || h.second.asked != 1 {
		t.Errorf("what the shared cache knew was not kept: %+v", got)
	}
}

func TestWhatAChangeOvertookIsNotTakenFromShared(t *testing.T) {
	h := newHouse(t, nil)
	h.second.hold(1, present(5, time.Second))
	h.Invalidate(verify.Instant{Mono: int64(2 * time.Second)}, lookup(0, 1).Subjects, 6)
	if got := h.recall(1, 3*time.Second); got.State != verify.StateUnknown {
		t.Errorf("got %+v", got)
	}
	if h.second.changed != 1 {
		t.Error("the shared cache was not told of the change")
	}
	h.second.hold(1, present(6, 4*time.Second))
	if got := h.recall(1, 5*time.Second); got.Version != 6 || !got.Settled() {
		t.Errorf("got %+v", got)
	}
}

func TestAStaleRecordInHandGivesWayToAFreshOne(t *testing.T) {
	h := newHouse(t, nil)
	h.learn(1, present(5, 0))
	if got := h.recall(1, time.Hour); !got.Stale || got.Source != verify.SourceLocal {
		t.Fatalf("got %+v", got)
	}
	h.second.hold(1, present(5, 59*time.Minute))
	if got := h.recall(1, time.Hour); got.Stale || got.Source != verify.SourceShared {
		t.Errorf("got %+v", got)
	}
}

func TestWhatMayBeOlderThanAForgottenChangeIsNotTakenFromShared(t *testing.T) {
	h := newHouse(t, nil)
	for n := range uint64(1001) { // one more than are remembered
		h.Invalidate(verify.Instant{Mono: int64(10 * time.Second)}, lookup(0, 100+n).Subjects, 6)
	}
	h.second.hold(1, present(5, 9*time.Second))
	h.second.hold(2, present(5, 11*time.Second))
	if before, after := h.recall(1, time.Minute), h.recall(2, time.Minute); before.State != verify.StateUnknown || !after.Settled() {
		t.Errorf("learned before the forgotten change: %+v, after: %+v", before, after)
	}
}

func TestWithoutAFeedNothingIsTrustedLong(t *testing.T) {
	h := newHouse(t, func(d *cache.Deps) { d.Feed = nil })
	h.learn(1, present(5, time.Second))
	if got := h.recall(1, 20*time.Second); !got.Settled() || got.MaxAge != int64(30*time.Second) {
		t.Errorf("got %+v", got)
	}
	if got := h.recall(1, 32*time.Second); got.Settled() {
		t.Errorf("got %+v", got)
	}
}

func TestWhatTheRegistrySaidIsToldToAll(t *testing.T) {
	h := newHouse(t, nil)
	h.learn(1, present(5, 0))
	if h.second.told != 1 {
		t.Errorf("the shared cache was told %d times", h.second.told)
	}
}

func TestSomeAnswersAreChecked(t *testing.T) {
	h := newHouse(t, nil)
	h.learn(1, present(5, time.Second))
	asked := 0
	for range 30_000 {
		if got := h.recall(1, 2*time.Second); !got.Settled() {
			asked++
			if !got.Stale || got.Version != 5 {
				t.Fatalf("an answer to be checked is not in hand: %+v", got)
			}
		}
	}
	if asked != 3 {
		t.Errorf("%d of 30000 are checked, want 3", asked)
	}
}

func TestWhatADeliveredChangeShouldHaveTakenAwayIsAViolation(t *testing.T) {
	absent := func(version uint64, learned time.Duration) verify.Held {
		return verify.Held{State: verify.StateAbsent, Source: verify.SourceRegistry, Version: version, Learned: int64(learned)}
	}
	for _, c := range []struct {
		name      string
		held      verify.Held
		delivered uint64
		says      verify.Held
		want      int64
	}{
		{"the same", present(5, 2*time.Second), 10, present(5, 3*time.Second), 0},
		{"its change is on its way", present(5, 2*time.Second), 5, present(6, 3*time.Second), 0},
		{"its change was delivered", present(5, 2*time.Second), 6, present(6, 3*time.Second), 1},
		{"learned before the feed began", present(5, time.Second/2), 6, present(6, 3*time.Second), 0},
		{"still absent", absent(5, 2*time.Second), 9, absent(9, 3*time.Second), 0},
		{"born, and delivered", absent(5, 2*time.Second), 9, present(7, 3*time.Second), 1},
		{"removed, and delivered", present(5, 2*time.Second), 9, absent(9, 3*time.Second), 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			set := new(metric.Set)
			h := newHouse(t, func(d *cache.Deps) { d.Metrics = set })
			h.feed.unbroken, h.feed.delivered = int64(time.Second), c.delivered
			h.learn(1, c.held)
			h.learn(1, c.says)
			for _, i := range set.Instruments() {
				if i.Name == "verigate_cache_violations_total" && i.Counter.Value() != c.want {
					t.Errorf("%d violations, want %d", i.Counter.Value(), c.want)
				}
			}
		})
	}
}
