package audit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/verigate/verigate/audit"
	"github.com/verigate/verigate/internal/metric"
	"github.com/verigate/verigate/verify"
)

func keyFile(cfg audit.Config, number int) string {
	return filepath.Join(cfg.Keys, fmt.Sprintf("epoch-%04d.key", number))
}

// eventsIn returns the details of a log's events of one kind.
func eventsIn(t *testing.T, dir, kind string) (list []map[string]string) {
	t.Helper()
	s := audit.Search{Dir: dir, Visit: func(f *audit.Found) error {
		if f.Event != nil && f.Event.Kind == kind {
			list = append(list, f.Event.Detail)
		}
		return nil
	}}
	if err := s.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	return list
}

// missingIn searches for a person with the keys there are and returns the finds and the epochs that were not searched.
func missingIn(t *testing.T, cfg audit.Config) (found []string, missing []*audit.MissingEpoch) {
	t.Helper()
	found, problems := find(t, cfg.Dir, audit.Filter{Subjects: []verify.Subject{person(1)}, Epochs: epochs(t, cfg)})
	for _, p := range problems {
		m, ok := errors.AsType[*audit.MissingEpoch](p)
		if !ok {
			t.Errorf("a problem of another kind: %v", p)
			continue
		}
		missing = append(missing, m)
	}
	return found, missing
}

// A lost key is never replaced by another of the same number: records of both would claim one epoch.
func TestLostEpochKeyBeginsANewEpoch(t *testing.T) {
	cfg := settings(t, quick)
	asked(t, cfg)
	asked(t, cfg)
	if err := os.Remove(keyFile(cfg, 1)); err != nil {
		t.Fatal(err)
	}
	var told bytes.Buffer
	set := new(metric.Set)
	l, err := audit.Open(cfg, audit.Deps{Log: slog.New(slog.NewTextHandler(&told, nil)), Metrics: set})
	if err != nil {
		t.Fatal(err)
	}
	d := decision(1)
	d.Subject = person(1)
	if err := l.Record(context.Background(), []verify.Decision{d}); err != nil {
		t.Fatal(err)
	}
	metrics := map[string]float64{}
	for _, i := range set.Instruments() {
		switch {
		case i.Counter != nil:
			metrics[i.Name] += float64(i.Counter.Value())
		case i.Gauge != nil:
			metrics[i.Name] = i.Gauge()
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(keyFile(cfg, 1)); !os.IsNotExist(err) {
		t.Errorf("a key was made under the lost one's number (%v)", err)
	}
	for _, name := range []string{"verigate_audit_epoch_keys_lost_total", "verigate_audit_epochs_unsearchable"} {
		if metrics[name] != 1 {
			t.Errorf("%s is %v, want 1", name, metrics[name])
		}
	}
	if !strings.Contains(told.String(), "level=ERROR") || !strings.Contains(told.String(), "lost=epoch-0001.key new=epoch-0002.key") {
		t.Errorf("logged:\n%s", told.String())
	}
	if e := eventsIn(t, cfg.Dir, "epoch_key_lost"); len(e) != 1 || e[0]["epoch"] != "1" || e[0]["next"] != "2" {
		t.Errorf("events: %v", e)
	}
	found, missing := missingIn(t, cfg)
	if len(found) != 1 || len(missing) != 1 || missing[0].Epoch != 1 || missing[0].Segments != 2 || missing[0].Another || missing[0].Until.IsZero() {
		t.Errorf("found %v, missing %+v", found, missing)
	}
	asked(t, cfg) // the new key is there: nothing more is lost
	if e := eventsIn(t, cfg.Dir, "epoch_key_lost"); len(e) != 1 {
		t.Errorf("events after another start: %v", e)
	}
	if r := mustVerify(t, audit.VerifyConfig{Dir: cfg.Dir}); !r.Sound() {
		t.Error(r.Findings)
	}
}

// Which numbers were used is known from the folder, whatever became of its segments and of the keys.
func TestEpochNumbersAreNeverUsedTwice(t *testing.T) {
	cases := map[string]struct {
		keep []int // keys that are left of the three
		want int   // the epoch that is written under then
		lost int   // epochs that cannot be searched
	}{
		"all there":       {[]int{1, 2, 3}, 3, 0},
		"the first gone":  {[]int{2, 3}, 3, 1},
		"the newest gone": {[]int{1, 2}, 4, 1},
		"only the first":  {[]int{1}, 4, 2},
		"none":            {nil, 4, 3},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			cfg := settings(t, quick)
			for n := 1; n <= 3; n++ {
				if n > 1 {
					if err := audit.AddEpoch(cfg.Keys, uint32(n)); err != nil {
						t.Fatal(err)
					}
				}
				for range 3 {
					asked(t, cfg)
				}
			}
			for n := 1; n <= 3; n++ {
				if !slices.Contains(c.keep, n) {
					if err := os.Remove(keyFile(cfg, n)); err != nil {
						t.Fatal(err)
					}
				}
			}
			asked(t, cfg)
			starts := eventsIn(t, cfg.Dir, "start")
			if got := starts[len(starts)-1]["epoch"]; got != fmt.Sprint(c.want) {
				t.Errorf("written under epoch %s, want %d", got, c.want)
			}
			if _, missing := missingIn(t, cfg); len(missing) != c.lost {
				t.Errorf("%d epochs not searched, want %d: %v", len(missing), c.lost, missing)
			}
		})
	}
}

// A key under a used number that is not that epoch's key is refused, whether it is the newest or not.
func TestForeignEpochKeyRefused(t *testing.T) {
	for _, number := range []int{1, 2} {
		t.Run(fmt.Sprint(number), func(t *testing.T) {
			cfg := settings(t, quick)
			asked(t, cfg)
			if err := audit.AddEpoch(cfg.Keys, 2); err != nil {
				t.Fatal(err)
			}
			asked(t, cfg)
			write(t, keyFile(cfg, number), strings.Repeat("b", 40))
			before := snapshot(t, cfg.Dir)
			_, err := audit.Open(cfg, audit.Deps{})
			if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("epoch-%04d.key is not the key that epoch %d", number, number)) || !strings.Contains(err.Error(), "goes on with epoch 3") {
				t.Errorf("%v", err)
			}
			if fmt.Sprint(snapshot(t, cfg.Dir)) != fmt.Sprint(before) {
				t.Error("the folder was touched")
			}
			if _, missing := missingIn(t, cfg); len(missing) != 1 || !missing[0].Another || int(missing[0].Epoch) != number {
				t.Errorf("missing %v", missing)
			}
		})
	}
}

// A key that goes while the log runs is noticed, and its time ends then.
func TestEpochKeyLostWhileRunning(t *testing.T) {
	cfg := settings(t, quick)
	var clock clockAt
	clock.put(noon)
	l, err := audit.Open(cfg, audit.Deps{Clock: clock.now})
	if err != nil {
		t.Fatal(err)
	}
	fill(t, l, 3)
	if err := os.Remove(keyFile(cfg, 1)); err != nil {
		t.Fatal(err)
	}
	clock.put(noon.Add(time.Minute))
	eventually(t, "the next segment", func() bool { return l.Status().Segment == 2 })
	fill(t, l, 3)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if e := eventsIn(t, cfg.Dir, "epoch_key_lost"); len(e) != 1 || e[0]["epoch"] != "1" || e[0]["next"] != "2" {
		t.Errorf("events: %v", e)
	}
	if _, missing := missingIn(t, cfg); len(missing) != 1 || missing[0].Epoch != 1 {
		t.Errorf("missing %v", missing)
	}
}
