package prefilter_test

import (
	"math"
	"sync"
	"testing"
	"time"

	"github.com/verigate/verigate/cache/prefilter"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/internal/metric"
	"github.com/verigate/verigate/verify"
)

const bound = 5 * time.Second

// screened returns what the filter makes of one key at a moment.
func screened(f *prefilter.Filter, k identity.Key, at time.Duration) verify.Held {
	l := verify.Lookup{Now: verify.Instant{Mono: int64(at)}, Keys: []identity.Key{k}, Held: make([]verify.Held, 1)}
	f.Screen(&l)
	return l.Held[0]
}

// counts reads verigate_prefilter_screened_total by verdict.
func counts(set *metric.Set) map[string]int64 {
	m := make(map[string]int64)
	for _, i := range set.Instruments() {
		if i.Name == "verigate_prefilter_screened_total" {
			m[i.Labels[1]] = i.Counter.Value()
		}
	}
	return m
}

func newFilter(edit func(*prefilter.Config)) (*prefilter.Filter, *metric.Set) {
	var cfg prefilter.Config
	config.Defaults(&cfg)
	cfg.CheckEvery = 0
	if edit != nil {
		edit(&cfg)
	}
	set := new(metric.Set)
	return prefilter.New(cfg, prefilter.Deps{Metrics: set}), set
}

func TestScreenSaysNoOnlyWhenItMay(t *testing.T) {
	s := newStand(10_000)
	g := build(t, s)
	inside := key(t, identity.KindID, s.keys[identity.KindID](3))
	absent := key(t, identity.KindID, s.keys[identity.KindID](3)+1)
	long, _ := identity.NewKey(identity.KindCard, "GD401001080000000")
	soldier, _ := identity.NewKey(identity.KindCard, "QN5970000000001")
	abroad := key(t, identity.KindID, 200_000_000_000)
	card := key(t, identity.KindCard, gd(1))
	started := func(f *prefilter.Filter) {
		f.Swap(g)
		f.Resume(100)
		f.SetWatermark(100, time.Unix(1, 0), int64(time.Minute))
	}
	for _, c := range []struct {
		name    string
		prepare func(*prefilter.Filter)
		key     identity.Key
		at      time.Duration
		want    string
	}{
		{"never issued", started, absent, time.Minute + 1, "absent"},
		{"never issued card", started, card, time.Minute + 1, "absent"},
		{"just before the bound", started, absent, time.Minute + bound - 1, "absent"},
		{"at the bound", started, absent, time.Minute + bound, "watermark_old"},
		{"issued", started, inside, time.Minute + 1, "maybe"},
		{"17-character card", started, long, time.Minute + 1, "not_covered"},
		{"exception", started, soldier, time.Minute + 1, "not_covered"},
		{"outside the ranges", started, abroad, time.Minute + 1, "not_covered"},
		{"no generation", func(*prefilter.Filter) {}, absent, 1, "no_generation"},
		{"no feed yet", func(f *prefilter.Filter) { f.Swap(g) }, absent, 1, "incomplete"},
		{"no watermark yet", func(f *prefilter.Filter) { f.Swap(g); f.Resume(100) }, absent, 1, "watermark_old"},
		{"feed begins after the generation", func(f *prefilter.Filter) {
			f.Swap(g)
			f.Resume(101)
			f.SetWatermark(101, time.Unix(1, 0), 0)
		}, absent, 1, "incomplete"},
		{"feed begins before the generation", func(f *prefilter.Filter) {
			f.Resume(7)
			f.Swap(g)
			f.SetWatermark(101, time.Unix(1, 0), 0)
		}, absent, 1, "absent"},
		{"after a gap", func(f *prefilter.Filter) { started(f); f.Gap() }, absent, time.Minute + 1, "no_generation"},
		{"after a gap and a new start", func(f *prefilter.Filter) {
			started(f)
			f.Gap()
			f.Resume(100) // the same version need not be the same history
			f.SetWatermark(100, time.Unix(2, 0), int64(time.Minute))
		}, absent, time.Minute + 1, "no_generation"},
		{"after a gap, a new start and a new generation", func(f *prefilter.Filter) {
			started(f)
			f.Gap()
			f.Resume(100)
			f.Swap(g)
			f.SetWatermark(100, time.Unix(2, 0), int64(time.Minute))
		}, absent, time.Minute + 1, "absent"},
		{"watermark before the feed began", func(f *prefilter.Filter) {
			f.Swap(g)
			f.SetWatermark(100, time.Unix(1, 0), 0)
			f.Resume(100)
		}, absent, 1, "watermark_old"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, set := newFilter(nil)
			c.prepare(f)
			h := screened(f, c.key, c.at)
			if n := counts(set); n[c.want] != 1 {
				t.Errorf("verdicts are %v, want %s", n, c.want)
			}
			if no := h.State == verify.StateAbsent; no != (c.want == "absent") {
				t.Errorf("held is %+v", h)
			}
		})
	}
}

func TestScreenTellsHowItKnows(t *testing.T) {
	s := newStand(1000)
	f := live(t, build(t, s))
	f.SetWatermark(120, time.Unix(99, 0), 77)
	got := screened(f, key(t, identity.KindCode, 5), 100)
	want := verify.Held{State: verify.StateAbsent, Source: verify.SourceFilter, Version: 120, AsOf: 99e9, Learned: 77, MaxAge: int64(bound)}
	if got.State != want.State || got.Source != want.Source || got.Version != want.Version || got.AsOf != want.AsOf ||
		got.Learned != want.Learned || got.MaxAge != want.MaxAge || !got.Settled() {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestScreenLeavesKnownEntriesAlone(t *testing.T) {
	f := live(t, build(t, newStand(1000)))
	l := verify.Lookup{Now: verify.Instant{Mono: 1}, Keys: []identity.Key{key(t, identity.KindCode, 5)},
		Held: []verify.Held{{State: verify.StatePresent, Stale: true}}}
	f.Screen(&l)
	if h := l.Held[0]; h.State != verify.StatePresent || !h.Stale {
		t.Errorf("a stale entry became %+v", h)
	}
}

func TestWatermarkMustMove(t *testing.T) {
	at := func(s int64) time.Time { return time.Unix(s, 0) }
	f := live(t, build(t, newStand(1000))) // version 100 at 1 s, learned at 0
	for _, c := range []struct {
		name    string
		version uint64
		at      time.Time
		learned time.Duration
		want    bool
	}{
		{"frozen", 100, at(1), time.Second, false},
		{"clock steps back", 100, at(0), time.Second, false},
		{"version runs back", 99, at(9), time.Second, false},
		{"time moves", 100, at(2), 2 * time.Second, true},
		{"version moves, clock steps back", 101, at(1), 3 * time.Second, true},
		{"asked for earlier", 102, at(3), 2 * time.Second, false},
	} {
		if got := f.SetWatermark(c.version, c.at, int64(c.learned)); got != c.want {
			t.Errorf("%s: taken is %v, want %v", c.name, got, c.want)
		}
	}
	if h := screened(f, key(t, identity.KindCode, 5), 3*time.Second+bound); h.State != verify.StateUnknown {
		t.Errorf("a frozen watermark still says no: %+v", h)
	}
}

func TestAddedAreNeverDenied(t *testing.T) {
	s := newStand(1000)
	g := build(t, s)
	f := live(t, g)
	var born []identity.Key
	for i := range uint64(5000) {
		born = append(born, key(t, identity.KindID, 50_000_000_000+i))
	}
	for i, k := range born {
		f.Add(101+uint64(i), []identity.Key{k})
		if denied(f, k) {
			t.Fatal("an identifier is denied after it was added")
		}
	}
	f.Swap(build(t, s)) // of version 100: everything added is younger
	for _, k := range born {
		if denied(f, k) {
			t.Fatal("an identifier is denied after a swap to a generation that does not have it")
		}
	}
	s.version = 101 + 4999
	f.Swap(build(t, s)) // says that it has them all, and has not: they are dropped
	if n := f.Status(verify.Instant{}).Added["id"]; n != 0 {
		t.Errorf("%d identifiers are still held beside a generation that is as new", n)
	}
}

func TestAddLosesNothingInARace(t *testing.T) {
	const writers, each = 4, 20_000
	f := live(t, build(t, newStand(1000)))
	of := func(w, i int) identity.Key { return key(t, identity.KindCode, uint64(5e9)+uint64(w*each+i)) }
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				f.Add(uint64(101+i), []identity.Key{of(w, i)})
				if denied(f, of(w, i)) {
					t.Error("an identifier is denied right after it was added")
					return
				}
			}
		})
	}
	g := build(t, newStand(1000))
	for range 20 {
		f.Swap(g)
	}
	wg.Wait()
	for w := range writers {
		for i := range each {
			if denied(f, of(w, i)) {
				t.Fatalf("writer %d's identifier %d was lost", w, i)
			}
		}
	}
}

func TestTooManyAddedSilenceTheFilter(t *testing.T) {
	f, set := newFilter(func(c *prefilter.Config) { c.MaxAdded = 1000 })
	s := newStand(1000)
	f.Swap(build(t, s))
	f.Resume(100)
	f.SetWatermark(100, time.Unix(1, 0), 0)
	var last uint64
	for i := range uint64(5000) {
		last = 101 + i
		f.Add(last, []identity.Key{key(t, identity.KindID, 50_000_000_000+i)})
	}
	if h := screened(f, key(t, identity.KindCode, 5), 1); h.State != verify.StateUnknown || counts(set)["incomplete"] != 1 {
		t.Fatalf("after an overflow the filter said %+v, verdicts %v", h, counts(set))
	}
	s.version = last
	f.Swap(build(t, s))
	f.SetWatermark(last, time.Unix(2, 0), 0)
	if h := screened(f, key(t, identity.KindCode, 5), 1); h.State != verify.StateAbsent {
		t.Errorf("with a newer generation the filter said %+v", h)
	}
}

// Changes that wait together may come in any order: what is forgotten at the bound reaches up to the newest of them.
func TestWhatIsForgottenMayBeNewerThanTheLastChange(t *testing.T) {
	f, _ := newFilter(func(c *prefilter.Config) { c.MaxAdded = 1000 })
	s := newStand(1000)
	f.Swap(build(t, s))
	f.Resume(100)
	f.SetWatermark(100, time.Unix(1, 0), 0)
	early := key(t, identity.KindID, 50_000_000_000)
	f.Add(9000, []identity.Key{early})
	last := uint64(0)
	for i := uint64(1); f.Status(verify.Instant{}).Complete; i++ {
		last = 100 + i
		f.Add(last, []identity.Key{key(t, identity.KindID, 50_000_000_000+i)})
	}
	s.version = last
	f.Swap(build(t, s))
	f.SetWatermark(9000, time.Unix(2, 0), 0)
	if h := screened(f, early, 1); h.State == verify.StateAbsent {
		t.Errorf("somebody issued at 9000 is denied by a generation of %d", last)
	}
}

func TestLateIdentifiersAreNoticed(t *testing.T) {
	f := live(t, build(t, newStand(1000)))
	f.SetWatermark(200, time.Unix(2, 0), 0)
	issued := key(t, identity.KindID, 50_000_000_000)
	f.Add(150, []identity.Key{issued}) // the watermark said that everything up to 200 had come
	if h := screened(f, key(t, identity.KindCode, 5), 1); h.State != verify.StateUnknown {
		t.Fatalf("a watermark that lied is still believed: %+v", h)
	}
	f.SetWatermark(200, time.Unix(3, 0), 0)
	f.Add(150, []identity.Key{issued}) // the same once more is no news
	if h := screened(f, key(t, identity.KindCode, 5), 1); h.State != verify.StateAbsent {
		t.Errorf("a repeated change silenced the filter: %+v", h)
	}
}

func TestSomeNosAreChecked(t *testing.T) {
	f, set := newFilter(func(c *prefilter.Config) { c.CheckEvery = 10 })
	f.Swap(build(t, newStand(1000)))
	f.Resume(100)
	f.SetWatermark(100, time.Unix(1, 0), 0)
	for i := range uint64(1000) {
		screened(f, key(t, identity.KindCode, 5_000_000_000+i), 1)
	}
	if n := counts(set); n["checked"] < 95 || n["checked"] > 100 {
		t.Errorf("%d of 1000 were left to the registry, want 1 in 10 (%v)", n["checked"], n)
	}
}

func TestObserveCatchesAWrongFilter(t *testing.T) {
	answer := func(k identity.Key, source verify.Source, version uint64) *verify.Lookup {
		return &verify.Lookup{Keys: []identity.Key{k}, Held: []verify.Held{{State: verify.StatePresent, Source: source, Version: version}}}
	}
	s := newStand(1000)
	absent := key(t, identity.KindID, 50_000_000_000)
	known := key(t, identity.KindID, s.keys[identity.KindID](1))
	for _, c := range []struct {
		name string
		l    *verify.Lookup
		want bool // the filter still says no
	}{
		{"known to both", answer(known, verify.SourceRegistry, 5), true},
		{"issued after the watermark", answer(absent, verify.SourceRegistry, 101), true},
		{"from a cache", answer(absent, verify.SourceLocal, 5), true},
		{"should be inside", answer(absent, verify.SourceRegistry, 100), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := live(t, build(t, s))
			f.Observe(c.l)
			if got := denied(f, key(t, identity.KindCode, 5)); got != c.want {
				t.Errorf("says no afterwards: %v, want %v", got, c.want)
			}
		})
	}
}

func TestPositionIsTheOldestKind(t *testing.T) {
	s := newStand(1000)
	s.header = func(h map[string]any) {
		if h["kind"] == "code" {
			h["feed_token"], h["watermark"] = "older", map[string]any{"version": 90, "at": watermarkAt}
		}
	}
	f, _ := newFilter(nil)
	if token, version := f.Position(); token != "" || version != 0 {
		t.Errorf("an empty filter is at %q, %d", token, version)
	}
	f.Swap(build(t, s))
	if token, version := f.Position(); token != "older" || version != 90 {
		t.Errorf("the filter is at %q, %d, want the codes' token", token, version)
	}
}

func TestBuildRefusesAnImpossibleRate(t *testing.T) {
	for _, fp := range []float64{-1, 2, 1e-12, math.NaN()} {
		if g, err := prefilter.Build(t.Context(), newStand(1000), prefilter.BuildConfig{FP: fp}, nil); err == nil || g != nil {
			t.Errorf("a false-positive rate of %v was accepted", fp)
		}
	}
}
