package apptest_test

import (
	"net/http"
	"sync"
	"testing"
	"time"
)

// TestRegistryFaultIsNeverAnOutcome breaks the registry in every way it can break: a person not yet known is then
// "unavailable" within the promised time, never "does not exist"; a person in memory is still answered; and all is well
// again once the registry is.
func TestRegistryFaultIsNeverAnOutcome(t *testing.T) {
	g := startDemo(t)
	g.logIn(t)
	list := samples(t, "valid", 110, 4)
	known, unknown := list[:10], list[10:]
	for _, s := range known {
		if f := holdNative(g, s); f != "" {
			t.Fatal(f)
		}
	}
	for _, fault := range []struct {
		name   string
		change map[string]any
	}{
		{"errors", map[string]any{"error_rate": 1}},
		{"resets", map[string]any{"reset_rate": 1}},
		{"cut-off replies", map[string]any{"truncate_rate": 1}},
		{"garbled replies", map[string]any{"garble_rate": 1}},
		{"black hole", map[string]any{"black_hole": true}},
	} {
		t.Run(fault.name, func(t *testing.T) {
			asked := unknown[:20]
			unknown = unknown[20:]
			before := g.scrape(t)
			g.faults(t, fault.change)
			var wg sync.WaitGroup
			for _, s := range asked {
				wg.Go(func() { holdUnavailable(t, g, s) })
			}
			wg.Wait()
			for _, s := range known {
				if f := holdNative(g, s); f != "" {
					t.Errorf("known person: %s", f)
				}
			}
			holdCounted(t, before, g.scrape(t), 2*len(asked))
			g.heal(t)
			awaitHealth(t, g, asked)
		})
	}
}

// holdCounted holds the metrics to what was seen: so many answers unavailable, and calls to the registry that failed.
func holdCounted(t *testing.T, before, after metrics, unavailable int) {
	t.Helper()
	const answers, calls = "verigate_answers_total", "verigate_upstream_calls_total"
	if n := after.sum(answers, `outcome="unavailable"`) - before.sum(answers, `outcome="unavailable"`); n != float64(unavailable) {
		t.Errorf("%v answers were counted as unavailable, want %d", n, unavailable)
	}
	all, ok := after.sum(calls)-before.sum(calls), after.sum(calls, `result="ok"`)-before.sum(calls, `result="ok"`)
	if all == ok {
		t.Errorf("of %v calls to the registry none was counted as failed", all)
	}
}

// patience is above the longest time a caller may be kept waiting, race build included.
const patience = 10 * time.Second

func holdUnavailable(t *testing.T, g *gateway, s sample) {
	t.Helper()
	start := time.Now()
	a, err := g.lookup(s)
	if err != nil || a.status != http.StatusServiceUnavailable || a.Code != "unavailable" || a.retryAfter == "" {
		t.Errorf("native: got %d %s %s, Retry-After %q, %v", a.status, a.Code, a.Outcome, a.retryAfter, err)
	}
	if took := time.Since(start); took > patience {
		t.Errorf("native: took %s", took)
	}
	p, err := g.portal(s)
	if err != nil || p.MaKetQua != "100" && p.MaKetQua != "101" && p.MaKetQua != "500" {
		t.Errorf("portal: got %s %q, %v", p.MaKetQua, p.GhiChu, err)
	}
}

// awaitHealth waits until the breaker has noticed that the registry is back, then holds every answer to its sample.
func awaitHealth(t *testing.T, g *gateway, list []sample) {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if holdNative(g, list[0]) == "" {
			break
		}
	}
	for _, s := range list {
		if f := holdNative(g, s); f != "" {
			t.Errorf("after healing: %s", f)
		}
		if f := holdPortal(g, s); f != "" {
			t.Errorf("after healing: %s", f)
		}
	}
}
