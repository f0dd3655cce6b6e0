package metric_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/verigate/verigate/internal/metric"
)

func TestInstrumentsCountEverything(t *testing.T) {
	var set metric.Set
	c := set.Counter("verigate_x_total", "X.", "kind", "a")
	h := set.Histogram("verigate_y_seconds", "Y.", []float64{1, 2})
	const workers, each = 8, 3000
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := range each {
				c.Inc()
				h.Observe(float64(i%3) + 1) // 1, 2, 3: on a bound belongs below it
			}
		})
	}
	wg.Wait()
	h.ObserveDuration(500 * time.Millisecond)
	if got := c.Value(); got != workers*each {
		t.Errorf("counter: got %d, want %d", got, workers*each)
	}
	bounds, counts, sum := h.Snapshot()
	if !slices.Equal(bounds, []float64{1, 2}) || !slices.Equal(counts, []uint64{8001, 8000, 8000}) || sum != 48000.5 {
		t.Errorf("histogram: got %v %v %v", bounds, counts, sum)
	}
}

func TestSetHandsOutOneInstrumentForOneName(t *testing.T) {
	var set metric.Set
	a, b := set.Counter("n_total", "N.", "k", "1"), set.Counter("n_total", "N.", "k", "1")
	other := set.Counter("n_total", "N.", "k", "2")
	if a != b || a == other {
		t.Error("the same name and labels must be one counter, other labels another")
	}
	set.Gauge("g", "G.", func() float64 { return 1 })
	set.Gauge("g", "G.", func() float64 { return 2 })
	set.CounterFunc("c_total", "C.", func() int64 { return 3 })
	got := set.Instruments()
	if len(got) != 4 || got[2].Gauge() != 2 || got[3].Count() != 3 {
		t.Errorf("got %+v", got)
	}
}

func TestNilSetWorks(t *testing.T) {
	var set *metric.Set
	set.Counter("a_total", "A.").Inc()
	set.Histogram("b_seconds", "B.", metric.LatencyBounds).Observe(1)
	set.Gauge("c", "C.", func() float64 { return 0 })
	if got := set.Instruments(); got != nil {
		t.Errorf("got %v", got)
	}
}

func BenchmarkObserve(b *testing.B) {
	h := new(metric.Set).Histogram("x_seconds", "X.", metric.LatencyBounds)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			h.Observe(.0003)
		}
	})
}
