package prefilter_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/verigate/verigate/cache/prefilter"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/internal/metric"
	"github.com/verigate/verigate/verify"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pass lets time go by in the test's bubble.
func pass(d time.Duration) { <-time.After(d) }

// failing is a source that can be switched off.
type failing struct {
	*stand
	mu    sync.Mutex // over stand: a sleep in the test's bubble orders nothing
	down  atomic.Bool
	tries atomic.Int64
}

// become changes the registry while a keeper may be asking it.
func (f *failing) become(change func(s *stand)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f.stand)
}

func (f *failing) Export(ctx context.Context, kind identity.Kind, snapshot string, after uint64) (io.ReadCloser, error) {
	f.tries.Add(1)
	if f.down.Load() {
		return nil, errors.New("registry is down")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.stand.Export(ctx, kind, snapshot, after)
}

// kept is a filter with its keeper, running in the test's bubble.
type kept struct {
	*prefilter.Filter
	keeper *prefilter.Keeper
	source *failing
	set    *metric.Set
	path   string
}

func keep(t *testing.T, source *failing, path string) *kept {
	t.Helper()
	return keepAsking(t, source, path, nil)
}

// keepAsking is keep with a keeper that asks for its own comparisons.
func keepAsking(t *testing.T, source *failing, path string, ask func(k *kept, count int) error) *kept {
	t.Helper()
	var cfg prefilter.KeeperConfig
	config.Defaults(&cfg)
	cfg.Path, cfg.Comparisons = path, 3
	f, set := newFilter(nil)
	k := &kept{Filter: f, source: source, set: set, path: path}
	deps := prefilter.KeeperDeps{Filter: f, Source: source, Metrics: set, Log: slog.New(slog.DiscardHandler)}
	if ask != nil {
		deps.Ask = func(_ context.Context, count int) error { return ask(k, count) }
	}
	k.keeper = prefilter.NewKeeper(cfg, deps)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { k.keeper.Run(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	return k
}

// version is the watermark of the generation in use; 0: none.
func (k *kept) version() uint64 {
	if g := k.Status(verify.Instant{}).Generation; g != nil {
		return g.Watermark.Version
	}
	return 0
}

func (k *kept) metric(name, label string) int64 {
	for _, i := range k.set.Instruments() {
		if i.Name == name && (label == "" || i.Labels[1] == label) {
			return i.Counter.Value()
		}
	}
	return -1
}

// answers lets the registry say that it knows person i.
func (k *kept) answers(t *testing.T, n uint64) {
	for i := range n {
		k.Observe(&verify.Lookup{Keys: []identity.Key{key(t, identity.KindID, k.source.keys[identity.KindID](i))},
			Held: []verify.Held{{State: verify.StatePresent, Source: verify.SourceRegistry, Version: 1}}})
	}
}

func TestKeeperBuildsStoresAndReopens(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	synctest.Test(t, func(t *testing.T) {
		k := keep(t, &failing{stand: newStand(1000)}, path)
		<-k.keeper.Ready()
		if k.version() != 100 || k.metric("verigate_prefilter_builds_total", "built") != 1 {
			t.Errorf("after the start version %d is in use", k.version())
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := &failing{stand: newStand(1000)}
		s.down.Store(true)
		k := keep(t, s, path)
		<-k.keeper.Ready()
		if k.version() != 100 || s.tries.Load() != 0 {
			t.Errorf("after a restart version %d is in use and the registry was asked %d times", k.version(), s.tries.Load())
		}
	})
}

func TestKeeperReplacesADamagedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, saved(t, newStand(1000))[:5000], 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		k := keep(t, &failing{stand: newStand(1000)}, path)
		<-k.keeper.Ready()
		synctest.Wait()
		if k.version() != 100 || k.metric("verigate_prefilter_refused_total", "truncated") != 1 {
			t.Errorf("version %d is in use, %d files were refused as truncated", k.version(), k.metric("verigate_prefilter_refused_total", "truncated"))
		}
	})
	if _, err := prefilter.Open(path, prefilter.Expect{}); err != nil {
		t.Errorf("the damaged file is still there: %v", err)
	}
}

func TestKeeperTriesUntilTheRegistryIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &failing{stand: newStand(1000)}
		s.down.Store(true)
		k := keep(t, s, "")
		<-k.keeper.Ready() // the first try is over, the feed may begin
		if st := k.keeper.Status(); k.version() != 0 || !strings.Contains(st.LastError, "registry is down") {
			t.Errorf("version %d is in use, status %+v", k.version(), st)
		}
		s.down.Store(false)
		pass(time.Minute)
		synctest.Wait()
		if k.version() != 100 || k.keeper.Status().LastError != "" {
			t.Errorf("version %d is in use, status %+v", k.version(), k.keeper.Status())
		}
	})
}

func TestKeeperRebuildsOnScheduleAfterATrial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &failing{stand: newStand(1000)}
		k := keep(t, s, "")
		<-k.keeper.Ready()
		s.become(func(s *stand) { s.version = 200 })
		pass(24*time.Hour + time.Minute)
		synctest.Wait()
		if st := k.keeper.Status(); st.Doing != "comparing" || k.version() != 100 {
			t.Fatalf("doing %q with version %d in use, want comparing", st.Doing, k.version())
		}
		k.answers(t, 3)
		synctest.Wait()
		if k.version() != 200 {
			t.Errorf("after three agreements version %d is in use", k.version())
		}
		s.become(func(s *stand) { s.version = 300 })
		k.keeper.Rebuild()
		synctest.Wait()
		pass(10 * time.Minute) // nobody asks anything: the trial ends by itself
		synctest.Wait()
		if k.version() != 300 {
			t.Errorf("after a trial without a comparison version %d is in use", k.version())
		}
	})
}

func TestKeeperAsksForItsComparisons(t *testing.T) {
	for _, c := range []struct {
		name    string
		ask     func(t *testing.T) func(*kept, int) error
		at      uint64 // in use right after
		tenMins uint64 // and when the trial is over
	}{
		{"the registry agrees", func(t *testing.T) func(*kept, int) error {
			return func(k *kept, n int) error { k.answers(t, uint64(n)); return nil }
		}, 200, 200},
		{"the registry cannot be asked", func(*testing.T) func(*kept, int) error {
			return func(*kept, int) error { return errors.New("down") }
		}, 100, 200},
		{"it knows somebody whom the new one denies", func(t *testing.T) func(*kept, int) error {
			return func(k *kept, n int) error {
				k.Observe(&verify.Lookup{Keys: []identity.Key{key(t, identity.KindID, 1_080_000_001)},
					Held: []verify.Held{{State: verify.StatePresent, Source: verify.SourceRegistry, Version: 150}}})
				return nil
			}
		}, 100, 100},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &failing{stand: newStand(1000)}
				k := keepAsking(t, s, "", c.ask(t))
				<-k.keeper.Ready()
				s.become(func(s *stand) { s.version = 200 })
				k.keeper.Rebuild()
				synctest.Wait()
				if k.version() != c.at {
					t.Errorf("version %d is in use, want %d", k.version(), c.at)
				}
				pass(time.Second)
				pass(10 * time.Minute)
				synctest.Wait()
				if c.at != c.tenMins && k.version() != c.tenMins {
					t.Errorf("after the trial version %d is in use, want %d", k.version(), c.tenMins)
				}
			})
		})
	}
}

func TestKeeperGivesUpAGenerationThatDisagrees(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &failing{stand: newStand(1000)}
		k := keep(t, s, "")
		<-k.keeper.Ready()
		whole := s.keys[identity.KindID]
		s.become(func(s *stand) {
			s.version, s.keys[identity.KindID] = 200, func(i uint64) uint64 { return whole(i) + 3 } // other people
		})
		k.keeper.Rebuild()
		synctest.Wait()
		s.keys[identity.KindID] = whole
		k.answers(t, 2)
		synctest.Wait()
		if k.version() != 100 || k.metric("verigate_prefilter_disagreements_total", "") != 1 {
			t.Errorf("version %d is in use, want the last good one", k.version())
		}
	})
}

func TestKeeperRefusesAWorseExport(t *testing.T) {
	for _, c := range []struct {
		name, reason string
		harm         func(*stand)
	}{
		{"half the people", "count", func(s *stand) { s.count[identity.KindID] = 500 }},
		{"ten times the people", "count", func(s *stand) { s.count[identity.KindID] = 10_000 }},
		{"another registry", "registry", func(s *stand) { s.registry = "other" }},
		{"an older snapshot", "watermark", func(s *stand) { s.version = 99 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &failing{stand: newStand(1000)}
				k := keep(t, s, "")
				<-k.keeper.Ready()
				c.harm(s.stand)
				k.keeper.Rebuild()
				synctest.Wait()
				if k.version() != 100 || k.metric("verigate_prefilter_refused_total", c.reason) != 1 {
					t.Errorf("version %d is in use, status %+v", k.version(), k.keeper.Status())
				}
			})
		})
	}
}

func TestKeeperRebuildsAfterAGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &failing{stand: newStand(1000)}
		k := keep(t, s, "")
		<-k.keeper.Ready()
		s.become(func(s *stand) { s.registry, s.version = "another history", 50 })
		k.Gap()
		pass(time.Minute)
		synctest.Wait()
		if k.version() != 50 {
			t.Errorf("after a gap version %d is in use, want the new history's", k.version())
		}
	})
}

func TestKeeperGoesOnWithWhatItCannotStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := keep(t, &failing{stand: newStand(1000)}, filepath.Join(t.TempDir(), "no such folder", "f"))
		<-k.keeper.Ready()
		synctest.Wait()
		if k.version() != 100 || k.metric("verigate_prefilter_unstored_total", "") != 1 || !strings.Contains(k.keeper.Status().LastError, "no such folder") {
			t.Errorf("version %d is in use, status %+v", k.version(), k.keeper.Status())
		}
	})
}

// put puts a file in the keeper's place, as an administrator does, and waits until it has been looked at and compared.
func (k *kept) put(t *testing.T, b []byte) {
	t.Helper()
	if err := os.WriteFile(k.path+".new", b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(k.path+".new", k.path); err != nil {
		t.Fatal(err)
	}
	pass(11 * time.Minute)
	synctest.Wait()
}

func TestKeeperTakesUpAFileThatIsPutInPlace(t *testing.T) {
	newer, older := newStand(1000), newStand(1000)
	newer.version, older.version = 200, 50
	newerFile, olderFile := saved(t, newer), saved(t, older)
	synctest.Test(t, func(t *testing.T) {
		s := &failing{stand: newStand(1000)}
		k := keep(t, s, filepath.Join(t.TempDir(), "f"))
		<-k.keeper.Ready()
		s.become(func(s *stand) { s.version = 200 })
		k.put(t, olderFile)
		if k.version() != 100 || k.metric("verigate_prefilter_refused_total", "watermark") != 1 {
			t.Errorf("an older file: version %d is in use", k.version())
		}
		k.put(t, newerFile)
		if k.version() != 200 {
			t.Errorf("a newer file: version %d is in use", k.version())
		}
	})
}

// A file from a history that is not the registry's, however new it looks, would deny those who are in the registry's.
func TestKeeperTakesUpNothingOfAnotherHistory(t *testing.T) {
	for name, c := range map[string]struct {
		made func(*stand) // what the file is made from; the registry has version 100 and snapshot s1
		want string
	}{
		"from before a restore":         {func(s *stand) { s.version, s.snapshot = 5000, "s0" }, "history"},
		"a snapshot with other keys":    {func(s *stand) { s.count[identity.KindCard] = 999 }, "history"},
		"a snapshot of another version": {func(s *stand) { s.version = 101 }, "history"},
		"another place in the feed":     {func(s *stand) { s.token = "t0" }, "history"},
		"another registry":              {func(s *stand) { s.registry = "other" }, "registry"},
	} {
		t.Run(name, func(t *testing.T) {
			made := newStand(1000)
			c.made(made)
			file := saved(t, made)
			for _, gap := range []bool{false, true} { // after a gap nothing is known of what to expect
				synctest.Test(t, func(t *testing.T) {
					s := &failing{stand: newStand(1000)}
					k := keep(t, s, filepath.Join(t.TempDir(), "f"))
					<-k.keeper.Ready()
					if gap {
						s.become(func(s *stand) { s.header = func(h map[string]any) { h["count"] = 0 } }) // not to be built from
						k.Gap()
						pass(time.Minute)
						s.become(func(s *stand) { s.header = nil })
					}
					k.put(t, file)
					if g := k.Status(verify.Instant{}).Generation; g == nil || g.Registry != "test" || g.Watermark.Version != 100 || g.Keys != 3000 {
						t.Errorf("after a gap %v: in use is %+v", gap, g)
					}
					if n := k.metric("verigate_prefilter_refused_total", c.want); n < 1 && !gap { // after a gap it may be overwritten first
						t.Errorf("refused for %s %d times", c.want, n)
					}
				})
			}
		})
	}
}

func TestKeeperLooksAgainWhenTheRegistryIsBack(t *testing.T) {
	newer := newStand(1000)
	newer.version = 200
	file := saved(t, newer)
	synctest.Test(t, func(t *testing.T) {
		s := &failing{stand: newStand(1000)}
		k := keep(t, s, filepath.Join(t.TempDir(), "f"))
		<-k.keeper.Ready()
		s.become(func(s *stand) { s.version = 200 })
		s.down.Store(true)
		k.put(t, file)
		if k.version() != 100 {
			t.Errorf("a file nobody vouches for: version %d is in use", k.version())
		}
		s.down.Store(false)
		pass(11 * time.Minute)
		synctest.Wait()
		if k.version() != 200 {
			t.Errorf("version %d is in use", k.version())
		}
	})
}
