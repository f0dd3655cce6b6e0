package registry

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// Faults are the ways in which the registry can be made to fail, as GET /lab/faults shows them. The zero value, with the
// feed running, is a healthy registry.
type Faults struct {
	LatencyMS    float64  `json:"latency_ms"`     // added to every reply; with latency_p99_ms the median of what is added
	LatencyP99MS float64  `json:"latency_p99_ms"` // 99th percentile of a log-normal latency; 0: latency_ms is fixed
	ErrorRate    float64  `json:"error_rate"`     // share of requests answered 500
	ResetRate    float64  `json:"reset_rate"`     // share of connections reset instead of an answer
	TruncateRate float64  `json:"truncate_rate"`  // share of replies cut off in the middle
	GarbleRate   float64  `json:"garble_rate"`    // share of replies that are not what they should be
	BlackHole    bool     `json:"black_hole"`     // take requests and never answer
	CapacityRPS  float64  `json:"capacity_rps"`   // requests served per second, the rest wait up to a second and then get 503; 0: no limit
	Feed         feedMode `json:"feed"`           // run, pause, reorder or duplicate
}

const (
	maxLatencyMS = 600_000
	maxRPS       = 1_000_000
)

var errFaults = refuse(400, "fault_invalid", "latencies are 0 to 600000 ms and the p99 not below the median, rates 0 to 1, "+
	"capacity 0 to 1000000, feed run, pause, reorder or duplicate")

func (f *Faults) check() *problem {
	for _, rate := range []float64{f.ErrorRate, f.ResetRate, f.TruncateRate, f.GarbleRate} {
		if !(rate >= 0 && rate <= 1) {
			return errFaults
		}
	}
	switch {
	case !(f.LatencyMS >= 0 && f.LatencyMS <= maxLatencyMS), !(f.LatencyP99MS >= 0 && f.LatencyP99MS <= maxLatencyMS),
		f.LatencyP99MS > 0 && f.LatencyP99MS < f.LatencyMS,
		!(f.CapacityRPS >= 0 && f.CapacityRPS <= maxRPS),
		!slices.Contains(feedModes, f.Feed):
		return errFaults
	}
	return nil
}

// latency draws how much later a reply is sent.
func (f *Faults) latency() time.Duration {
	ms := f.LatencyMS
	if f.LatencyP99MS > 0 {
		if ms == 0 {
			ms = f.LatencyP99MS / 10
		}
		const z99 = 2.3263478740408408 // the standard normal's 99th percentile
		ms *= math.Exp(rand.NormFloat64() * math.Log(f.LatencyP99MS/ms) / z99)
	}
	return time.Duration(ms * float64(time.Millisecond))
}

// faults holds what is switched on. The zero value is a healthy registry; it is safe for concurrent use.
type faults struct {
	active atomic.Pointer[setting] // nil: none
	mu     sync.Mutex              // one change at a time
	queue  queue
}

// setting is a set of faults until it is replaced.
type setting struct {
	Faults
	lifted context.Context // ends when it is replaced
	lift   context.CancelFunc
}

// show returns the faults in effect.
func (f *faults) show() Faults {
	if s := f.active.Load(); s != nil {
		return s.Faults
	}
	return Faults{Feed: feedRun}
}

// set replaces the faults by what edit makes of them, and tells the feed.
func (f *faults) set(feed *feed, edit func(*Faults) *problem) (Faults, *problem) {
	f.mu.Lock()
	defer f.mu.Unlock()
	next := f.show()
	if p := edit(&next); p != nil {
		return next, p
	}
	if p := next.check(); p != nil {
		return next, p
	}
	s := &setting{Faults: next}
	s.lifted, s.lift = context.WithCancel(context.Background())
	if next == (Faults{Feed: feedRun}) {
		s = nil
	}
	if old := f.active.Swap(s); old != nil {
		old.lift()
	}
	feed.setMode(next.Feed)
	return next, nil
}

// serveFaults answers /lab/faults.
func (r *Registry) serveFaults(ctx *fasthttp.RequestCtx) {
	shown, p := r.faults.show(), (*problem)(nil)
	switch string(ctx.Method()) {
	case fasthttp.MethodPost:
		body := ctx.PostBody()
		shown, p = r.faults.set(r.feed, func(f *Faults) *problem {
			if strictly(body, f) != nil {
				return errBody
			}
			return nil
		})
	case fasthttp.MethodDelete:
		shown, p = r.faults.set(r.feed, func(f *Faults) *problem {
			*f = Faults{Feed: feedRun}
			return nil
		})
	}
	if p != nil {
		p.send(ctx)
		return
	}
	sendJSON(ctx, shown)
}

// queue paces requests to a capacity.
type queue struct {
	mu   sync.Mutex
	next time.Time // when the next request may be served
}

// maxQueue is how long a request waits for its turn before it is refused.
const maxQueue = time.Second

// turn returns how long to wait for one's turn; false means that the queue is full.
func (q *queue) turn(now time.Time, rps float64) (time.Duration, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.next.Before(now) {
		q.next = now
	}
	wait := q.next.Sub(now)
	if wait > maxQueue {
		return 0, false
	}
	q.next = q.next.Add(time.Duration(float64(time.Second) / rps))
	return wait, true
}
