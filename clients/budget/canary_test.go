package budget_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/verigate/verigate/clients/budget"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/internal/metric"
	"github.com/verigate/verigate/verify"
)

// TestAChangedCanaryListIsInForce walks one file through its life: what is good is in force within two looks, what is
// not is told once and leaves the list as it was.
func TestAChangedCanaryListIsInForce(t *testing.T) {
	const first, second = "id 001080000001\n", "# moved\nid 001080000002\ncode 0100000000\n"
	file := filepath.Join(t.TempDir(), "canaries")
	in := func(text string) func() error { return func() error { return os.WriteFile(file, []byte(text), 0o600) } }
	if err := in(first)(); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		c, set := newClock(), new(metric.Set)
		var j journal
		b := start(t, c, func(cfg *budget.Config, d *budget.Deps) {
			cfg.CanaryFile, cfg.Canaries, d.Record, d.Metrics = config.SecretFile(file), 100, j.record, set
		})
		// rung tells which of the two the list in force names; each is asked for by somebody new.
		slot := 0
		rung := func() (names string) {
			for _, id := range []string{"001080000001", "001080000002"} {
				slot++
				before := j.kinds()[budget.EventCanary]
				put(b, c.add(time.Second), clinicAt(slot), verify.Subject{}, &question{q: verify.Query{Key: key(identity.KindID, "%s", id)}, a: verify.Answer{Outcome: verify.OutcomeMatch, Fields: verify.Fields{Name: verify.FieldMatch}}})
				synctest.Wait()
				if j.kinds()[budget.EventCanary] > before {
					names += id[11:]
				}
			}
			return names
		}
		for _, step := range []struct {
			name   string
			do     func() error
			rings  string // who of the two
			people int
			reason string // why what is there now is refused
		}{
			{"at the start", func() error { return nil }, "1", 1, ""},
			{"a broken line", in(second + "person 001080000003\n"), "1", 1, "line 4: must begin with id, code, card or subject"},
			{"a wrong number", in("id 00108000000\n"), "1", 1, "line 1: id: "},
			{"the wrong file", in(strings.Repeat(first, 5000)), "1", 1, "longer than 65536 bytes"},
			{"empty", in(""), "1", 1, "names nobody"},
			{"another list", in(second), "2", 2, ""},
			{"gone", func() error { return os.Remove(file) }, "2", 2, "no such file"},
			{"back", in(first), "1", 1, ""},
		} {
			if err := step.do(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(3 * time.Second)
			synctest.Wait()
			if got := rung(); got != step.rings {
				t.Errorf("%s: %q rings, want %q", step.name, got, step.rings)
			}
			s := b.Status()
			if s.Canaries != step.people || !strings.Contains(s.CanariesRefused, step.reason) || (s.CanariesRefused == "") != (step.reason == "") {
				t.Errorf("%s: %d people, refused because of %q; want %d, %q", step.name, s.Canaries, s.CanariesRefused, step.people, step.reason)
			}
			if strings.Contains(s.CanariesRefused, "00108") {
				t.Errorf("%s: the reason names a number: %s", step.name, s.CanariesRefused)
			}
			if got := gauge(t, set, "verigate_budget_canary_list_refused") == 1; got != (step.reason != "") {
				t.Errorf("%s: the metric says refused: %v", step.name, got)
			}
		}
		if got := j.kinds(); got[budget.EventCanaries] != 2 || got[budget.EventCanariesRefused] != 5 {
			t.Errorf("the audit log was told %v, want two lists and five refusals", got)
		}
	})
}

// gauge reads one of the published gauges.
func gauge(t *testing.T, set *metric.Set, name string) float64 {
	t.Helper()
	for _, i := range set.Instruments() {
		if i.Name == name {
			return i.Gauge()
		}
	}
	t.Fatalf("%s is not published", name)
	return 0
}
