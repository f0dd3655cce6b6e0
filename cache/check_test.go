package cache_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/verigate/verigate/cache"
	"github.com/verigate/verigate/cache/cachetest"
	"github.com/verigate/verigate/cache/local"
	"github.com/verigate/verigate/cache/shared"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/internal/clock"
	"github.com/verigate/verigate/verify"
)

// truth is a registry that says what it is told to, at version 50; whom it has not been told of it has never issued.
type truth map[identity.Key]verify.Held

func (r truth) Ask(_ context.Context, l *verify.Lookup) {
	for i, k := range l.Keys {
		h, ok := r[k]
		if !ok {
			h = verify.Held{State: verify.StateAbsent, Version: 50}
		}
		h.Source, h.Learned = verify.SourceRegistry, l.Now.Mono
		l.Held[i] = h
	}
}

// inspected is the three levels, a registry and a checker over them.
type inspected struct {
	t      *testing.T
	truth  truth
	local  *local.Cache
	shared *shared.Cache
	feed   *trust
	cache.Checker
	next uint64
}

// inspect starts it all with a real Redis. The feed has delivered everything up to version 100, of which watermark the
// filter is too.
func inspect(t *testing.T) *inspected {
	t.Helper()
	x := &inspected{t: t, truth: truth{}, feed: &trust{live: true, unbroken: -int64(time.Hour), delivered: 100}}
	rules := cache.DefaultRules()
	var err error
	if x.local, err = local.New(local.Config{Size: 8 << 20, Tombstones: 1000}, local.Deps{Keep: rules.Longest()}); err != nil {
		t.Fatal(err)
	}
	var cfg shared.Config
	cfg.URL = "redis://" + cachetest.Redis(t).Addr
	config.Defaults(&cfg)
	cfg.Timeout, cfg.WriteTimeout = config.Duration(2*time.Second), config.Duration(2*time.Second)
	x.shared, err = shared.New(cfg, shared.Deps{Secret: []byte("0123456789abcdef"), Clock: clock.System, Keep: rules.Keep, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = x.shared.Close() })
	x.Checker = cache.Checker{Cache: cache.New(rules, cache.Deps{Local: x.local, Shared: x.shared, Feed: x.feed}), Asker: x.truth,
		Hasher: verify.NewSubjectHasher([]byte("k")), Clock: clock.System}
	return x
}

// person is one more identifier, known to the registry at a version.
func (x *inspected) person(version uint64) identity.Key {
	x.next++
	k, _ := identity.UnpackKey(identity.KindID, 1_080_000_000+x.next)
	if version > 0 {
		x.truth[k] = verify.Held{State: verify.StatePresent, Version: version, Record: fmt.Appendf(nil, "as of %d", version)}
	}
	return k
}

// put puts something into a level behind everybody's back.
func (x *inspected) put(into interface{ Remember(*verify.Lookup) }, k identity.Key, h verify.Held) {
	now := clock.System()
	h.Source, h.Learned = verify.SourceRegistry, now.Mono
	into.Remember(&verify.Lookup{Now: now, Keys: []identity.Key{k}, Subjects: []verify.Subject{x.Hasher.Subject(k)}, Held: []verify.Held{h}})
}

// settled waits until n values are in Redis.
func (x *inspected) settled(keys []identity.Key, n int) {
	x.t.Helper()
	cachetest.Eventually(x.t, "Redis to have everything", func() bool {
		l := &verify.Lookup{Now: clock.System(), Keys: keys, Held: make([]verify.Held, len(keys))}
		for _, k := range keys {
			l.Subjects = append(l.Subjects, x.Hasher.Subject(k))
		}
		x.shared.Recall(x.t.Context(), l)
		got := 0
		for _, h := range l.Held {
			if h.State != verify.StateUnknown {
				got++
			}
		}
		return got == n
	})
}

// TestTheCheckerCountsExactlyWhatWasInjected puts so many faults of each kind on each level, among entries that are as
// they must be, and holds the checker's count to it.
func TestTheCheckerCountsExactlyWhatWasInjected(t *testing.T) {
	x := inspect(t)
	record := func(v uint64, text string) verify.Held {
		return verify.Held{State: verify.StatePresent, Version: v, Record: []byte(text)}
	}
	absent := verify.Held{State: verify.StateAbsent, Version: 40}
	var keys []identity.Key
	inRedis := 0
	for _, level := range []struct {
		into  interface{ Remember(*verify.Lookup) }
		scale int
	}{{x.local, 1}, {x.shared, 10}} {
		for _, kind := range []struct {
			n       int
			version uint64 // the registry's; 0: never issued
			held    verify.Held
		}{
			{100, 45, record(45, "as of 45")},     // agrees
			{7, 0, absent},                        // agrees
			{6, 150, record(45, "as of 45")},      // behind: version 150 is not delivered yet
			{5, 45, absent},                       // denies
			{4, 45, record(44, "as of 44")},       // overtaken
			{3, 45, record(45, "something else")}, // differs
		} {
			for range kind.n * level.scale {
				k := x.person(kind.version)
				keys = append(keys, k)
				x.put(level.into, k, kind.held)
				if level.scale > 1 {
					inRedis++
				}
			}
		}
	}
	x.settled(keys, inRedis)
	want := cache.Findings{Asked: len(keys),
		Local:  cache.Level{Held: 125, Agree: 107, Behind: 6, Denies: 5, Overtaken: 4, Differs: 3},
		Shared: cache.Level{Held: 1250, Agree: 1070, Behind: 60, Denies: 50, Overtaken: 40, Differs: 30},
	}
	found := x.Check(t.Context(), keys)
	if found != want || found.Violations() != 12+120 {
		t.Errorf("found %+v\nwant  %+v", found, want)
	}
}

// What a node's own tombstone holds back from being answered is no fault, and nor is what was learned before the feed's
// last break, which has the shortest bounds.
func TestWhatIsNotAnsweredFromIsNoViolation(t *testing.T) {
	x := inspect(t)
	held, early := x.person(45), x.person(45)
	old := verify.Held{State: verify.StatePresent, Version: 44, Record: []byte("as of 44")}
	x.put(x.shared, held, old)
	x.settled([]identity.Key{held}, 1)
	x.local.Invalidate(clock.System(), []verify.Subject{x.Hasher.Subject(held)}, 45)
	x.put(x.local, early, old)
	x.feed.unbroken = clock.System().Mono
	found := x.Check(t.Context(), []identity.Key{held, early})
	if found.Violations() != 0 || found.Shared.Behind != 1 || found.Local.Behind != 1 {
		t.Errorf("found %+v", found)
	}
}

func TestTheCheckerCountsWhomTheFilterDenies(t *testing.T) {
	lab := startLab(t)
	f := lab.follow(time.Minute)
	x := inspect(t)
	x.Filter = f
	_, version := f.Position()
	var keys []identity.Key
	denied := func(n int, version uint64) {
		for got := 0; got < n; {
			k := x.person(version)
			if no, _ := f.Denies(k); no {
				keys = append(keys, k)
				got++
			} else {
				delete(x.truth, k)
			}
		}
	}
	denied(20, 0)            // rightly
	denied(8, version)       // somebody the registry has known since before the watermark
	denied(5, version+1_000) // somebody it knows since then
	found := x.Check(t.Context(), keys)
	if want := (cache.Level{Held: 33, Agree: 20, Behind: 5, Denies: 8}); found.Filter != want {
		t.Errorf("found %+v, want %+v", found.Filter, want)
	}
}

func TestTheCheckerSaysWhatItCouldNotAsk(t *testing.T) {
	x := inspect(t)
	x.Asker = silent{}
	if found := x.Check(t.Context(), []identity.Key{x.person(45), x.person(45)}); found.Asked != 2 || found.Unanswered != 2 || found.Violations() != 0 {
		t.Errorf("found %+v", found)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if found := x.Check(ctx, []identity.Key{x.person(45)}); found.Asked != 0 {
		t.Errorf("a check that was stopped went on: %+v", found)
	}
}

// silent is a registry that cannot be asked.
type silent struct{}

func (silent) Ask(context.Context, *verify.Lookup) {}
