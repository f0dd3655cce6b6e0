package telemetry_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/verigate/verigate/internal/metric"
	"github.com/verigate/verigate/telemetry"
)

func TestMetricsAreScrapedUnderTheNamesTheyWereGiven(t *testing.T) {
	set := new(metric.Set)
	tel := start(t, telemetry.Config{}, set)
	set.Counter("verigate_edge_requests_total", "Requests answered.", "outcome", "match").Add(3)
	set.Counter("verigate_edge_requests_total", "Requests answered.", "outcome", "mismatch").Add(2)
	set.CounterFunc("verigate_cache_evictions_total", "Evictions.", func() int64 { return 7 }, "cache", "local")
	set.Counter("verigate_audit_written_bytes_total", "Bytes written.").Add(4096)
	set.Gauge("verigate_filter_age_seconds", "Age.", func() float64 { return 1.5 })
	set.Gauge("verigate_cache_hit_ratio", "Hits.", func() float64 { return .25 })
	h := set.Histogram("verigate_edge_latency_seconds", "Time to answer.", []float64{.001, .01}, "step", "ask")
	h.Observe(.001)
	h.Observe(.002)
	h.Observe(5)

	page := scrape(t, tel)
	for _, line := range []string{
		"# HELP verigate_edge_requests_total Requests answered.",
		"# TYPE verigate_edge_requests_total counter",
		`verigate_edge_requests_total{outcome="match"} 3`,
		`verigate_edge_requests_total{outcome="mismatch"} 2`,
		`verigate_cache_evictions_total{cache="local"} 7`,
		"verigate_audit_written_bytes_total 4096",
		"verigate_filter_age_seconds 1.5",
		"verigate_cache_hit_ratio 0.25",
		`verigate_edge_latency_seconds_bucket{step="ask",le="0.001"} 1`,
		`verigate_edge_latency_seconds_bucket{step="ask",le="0.01"} 2`,
		`verigate_edge_latency_seconds_bucket{step="ask",le="+Inf"} 3`,
		`verigate_edge_latency_seconds_sum{step="ask"} 5.003`,
		`verigate_edge_latency_seconds_count{step="ask"} 3`,
		`version="v1"`,
		"go_goroutines ",
		"process_resident_memory_bytes ",
	} {
		if !strings.Contains(page, line) {
			t.Errorf("no line %q in\n%s", line, grep(page, "verigate_"))
		}
	}
}

func TestOneSpoiltSeriesDoesNotSpoilTheScrape(t *testing.T) {
	set := new(metric.Set)
	tel := start(t, telemetry.Config{}, set)
	set.Counter("verigate_good_total", "Good.").Inc()
	set.Counter("verigate_mixed_total", "Mixed.").Inc()
	set.Gauge("verigate_mixed_total", "Mixed.", func() float64 { return 1 }, "as", "gauge")
	page := scrape(t, tel)
	for _, line := range []string{"verigate_good_total 1", "verigate_mixed_total 1"} {
		if !strings.Contains(page, line) {
			t.Errorf("no line %q in\n%s", line, grep(page, "verigate_"))
		}
	}
}

func start(t *testing.T, c telemetry.Config, set *metric.Set) *telemetry.Telemetry {
	t.Helper()
	tel, err := telemetry.New(c, telemetry.Deps{Metrics: set, Version: "v1", Commit: "c1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = tel.Shutdown(context.WithoutCancel(t.Context())) // several tests have shut it down already
	})
	return tel
}

func scrape(t *testing.T, tel *telemetry.Telemetry) string {
	t.Helper()
	w := httptest.NewRecorder()
	tel.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func grep(page, prefix string) string {
	var b strings.Builder
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, prefix) {
			b.WriteString(line)
		}
	}
	return b.String()
}
