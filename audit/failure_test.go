package audit_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/verigate/verigate/audit"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/internal/metric"
	"github.com/verigate/verigate/verify"
)

// alarms collects what the log tells its operator.
type alarms struct {
	mu   sync.Mutex
	told []error
}

func (a *alarms) tell(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.told = append(a.told, err)
}

func (a *alarms) all() []error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.told
}

// eventually waits for what happens in the background.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 6000 {
		if ok() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("waiting in vain: %s", what)
}

func counter(set *metric.Set, name, label string) (n int64) {
	for _, i := range set.Instruments() {
		if i.Name == name && i.Counter != nil && (label == "" || strings.Contains(strings.Join(i.Labels, "="), label)) {
			n += i.Counter.Value()
		}
	}
	return n
}

func quick(c *audit.Config) {
	c.SegmentSize, c.StallTimeout = 1<<20, config.Duration(50*time.Millisecond)
	c.LinkEvery, c.Checkpoint = config.Duration(100*time.Millisecond), config.Duration(100*time.Millisecond)
}

// A full disk is told a segment ahead; when the segment is full, decisions are refused (or answered, if so configured),
// and when there is room again writing goes on by itself, with how many went unrecorded written down. What was
// acknowledged is all there.
func TestDiskFull(t *testing.T) {
	for _, policy := range []string{"refuse", "answer"} {
		t.Run(policy, func(t *testing.T) {
			cfg := settings(t, quick, func(c *audit.Config) { c.OnFailure = policy })
			var told alarms
			set := new(metric.Set)
			l, err := audit.Open(cfg, audit.Deps{Alarm: told.tell, Metrics: set})
			if err != nil {
				t.Fatal(err)
			}
			eventually(t, "the second segment", func() bool {
				info, err := os.Stat(filepath.Join(cfg.Dir, "next.tmp"))
				return err == nil && info.Size() == 1<<20
			})
			time.Sleep(50 * time.Millisecond)
			restore := smallFiles(t)
			acknowledged, unrecorded := fillUp(t, l, set)
			if len(told.all()) == 0 || told.all()[0] == nil {
				t.Errorf("the alarm told %v", told.all())
			}
			if l.Healthy() == nil || l.Status().Trouble == "" {
				t.Error("it calls itself healthy")
			}
			restore()
			eventually(t, "recovery", func() bool { return l.Healthy() == nil })
			fill(t, l, 10)
			eventually(t, "the end of the alarm", func() bool { a := told.all(); return a[len(a)-1] == nil })
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			r := mustVerify(t, audit.VerifyConfig{Dir: cfg.Dir})
			if !r.Sound() || len(r.Notes) > 0 || r.Decisions != uint64(acknowledged+10) {
				t.Errorf("%d decisions, want %d; %v %v", r.Decisions, acknowledged+10, r.Findings, r.Notes)
			}
			holdGap(t, cfg.Dir, policy, unrecorded)
		})
	}
}

// fillUp records until 100 decisions went unrecorded.
func fillUp(t *testing.T, l *audit.Log, set *metric.Set) (acknowledged, unrecorded int) {
	t.Helper()
	for lost := int64(0); lost < 100; {
		err := l.Record(context.Background(), []verify.Decision{decision(1)})
		now := counter(set, "verigate_audit_unrecorded_total", "")
		switch {
		case err != nil && now == lost, err != nil && !errors.Is(err, audit.ErrFull):
			t.Fatalf("%v, %d unrecorded", err, now)
		case now == lost:
			acknowledged++
		default:
			unrecorded++
		}
		lost = now
	}
	return acknowledged, unrecorded
}

// holdGap fails unless the log says how many decisions went unrecorded.
func holdGap(t *testing.T, dir, policy string, want int) {
	t.Helper()
	for _, e := range events(t, dir) {
		if e.Kind != "gap" {
			continue
		}
		if e.Detail["decisions"] != itoa(want) || e.Detail["answered"] != map[string]string{"refuse": "false", "answer": "true"}[policy] {
			t.Errorf("the gap says %v, want %d decisions", e.Detail, want)
		}
		return
	}
	t.Error("the gap is not written down")
}

func events(t testing.TB, dir string) (found []audit.Event) {
	t.Helper()
	s := audit.Search{Dir: dir, Problem: func(err error) { t.Error(err) }, Visit: func(f *audit.Found) error {
		if f.Event != nil {
			found = append(found, *f.Event)
		}
		return nil
	}}
	if err := s.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	return found
}

// Somebody cuts the file under the log: the memory behind it is gone. That must not end the process, and nothing is
// answered any more.
func TestMappingThatIsGone(t *testing.T) {
	cfg := settings(t, quick)
	var told alarms
	l, err := audit.Open(cfg, audit.Deps{Alarm: told.tell})
	if err != nil {
		t.Fatal(err)
	}
	fill(t, l, 10)
	if err := os.Truncate(filepath.Join(cfg.Dir, segmentsOf(t, cfg.Dir)[0]), 0); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := l.Record(context.Background(), []verify.Decision{decision(1)}); !errors.Is(err, audit.ErrFailed) {
			t.Errorf("%v, want a failed log", err)
		}
	}
	if err := l.Event("config", "operator"); !errors.Is(err, audit.ErrFailed) {
		t.Errorf("an event: %v, want a failed log", err)
	}
	if l.Healthy() == nil || len(told.all()) != 1 {
		t.Errorf("healthy %v, alarms %v", l.Healthy(), told.all())
	}
	_ = l.Close() // a stop cannot be recorded any more
}

// A segment that a checkpoint vouches for and that was emptied is not begun anew at the next start.
func TestEmptiedSegmentIsNotBegunAnew(t *testing.T) {
	cfg, dir, kept := live(t)
	write(t, filepath.Join(dir, "checkpoint"), string(kept))
	name := segmentsOf(t, dir)[0]
	for what, do := range map[string]func(string) error{"emptied": func(p string) error { return os.Truncate(p, 0) }, "removed": os.Remove} {
		c := cfg
		c.Dir = copyDir(t, dir)
		if err := do(filepath.Join(c.Dir, name)); err != nil {
			t.Fatal(err)
		}
		before := snapshot(t, c.Dir)
		if l, err := audit.Open(c, audit.Deps{}); err == nil || !strings.Contains(err.Error(), "removed or emptied") {
			t.Errorf("%s: %v, %v", what, l, err)
		}
		if after := snapshot(t, c.Dir); !maps.Equal(before, after) {
			t.Errorf("%s: the folder was changed", what)
		}
	}
}

// Records offered after the end are refused, also by those who were on their way.
func TestRecordAfterClose(t *testing.T) {
	for _, durability := range []string{"process", "disk"} {
		t.Run(durability, func(t *testing.T) {
			cfg := settings(t, quick, func(c *audit.Config) {
				c.Durability, c.StallTimeout = durability, config.Duration(10*time.Second) // a busy disk is none that hangs
			})
			l := open(t, cfg)
			var wg sync.WaitGroup
			var mu sync.Mutex
			acknowledged := 0
			for range 8 {
				wg.Go(func() {
					for l.Record(context.Background(), []verify.Decision{decision(1)}) == nil {
						mu.Lock()
						acknowledged++
						mu.Unlock()
					}
				})
			}
			time.Sleep(20 * time.Millisecond)
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			wg.Wait()
			if err := l.Record(context.Background(), []verify.Decision{decision(1)}); !errors.Is(err, audit.ErrClosed) {
				t.Errorf("%v, want closed", err)
			}
			r := mustVerify(t, audit.VerifyConfig{Dir: cfg.Dir})
			if !r.Sound() || r.Decisions < uint64(acknowledged) {
				t.Errorf("%d decisions of %d acknowledged; %v", r.Decisions, acknowledged, r.Findings)
			}
		})
	}
}
