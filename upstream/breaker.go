package upstream

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/verigate/verigate/internal/metric"
	"github.com/verigate/verigate/verify"
)

// newBreaker counts over a rolling window of ten seconds. Our own cancellation says nothing about the registry and is
// left out of the count; a timeout is a failure. An absence is an answer, so a wave of unknown numbers opens nothing.
func newBreaker(cfg BreakerConfig, onChange func(from, to string)) *gobreaker.CircuitBreaker[struct{}] {
	return gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
		Name:         "registry",
		MaxRequests:  uint32(cfg.Trials),
		Interval:     10 * time.Second,
		BucketPeriod: time.Second,
		Timeout:      time.Duration(cfg.OpenFor),
		ReadyToTrip: func(c gobreaker.Counts) bool {
			return c.Requests >= uint32(cfg.MinCalls) && float64(c.TotalFailures) >= cfg.FailureRatio*float64(c.Requests)
		},
		IsExcluded: func(err error) bool { return errors.Is(err, context.Canceled) },
		OnStateChange: func(_ string, from, to gobreaker.State) {
			if onChange != nil {
				onChange(from.String(), to.String())
			}
		},
	})
}

// retryBudget allows retries as a share of successful calls, so that an outage is not answered with twice the traffic.
type retryBudget struct {
	mu     sync.Mutex
	ratio  float64
	tokens float64
}

const maxRetryTokens = 10

func (b *retryBudget) earn() {
	b.mu.Lock()
	b.tokens = min(b.tokens+b.ratio, maxRetryTokens)
	b.mu.Unlock()
}

func (b *retryBudget) spend() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

type counters struct {
	calls                    [len(verify.TroubleNames)]*metric.Counter
	retries, coalesced, busy *metric.Counter
	seconds                  *metric.Histogram
}

func newCounters(set *metric.Set) (c counters) {
	for i, name := range verify.TroubleNames {
		if i == 0 {
			name = "ok"
		}
		c.calls[i] = set.Counter("verigate_upstream_calls_total", "Calls to the registry by result.", "result", name)
	}
	c.retries = set.Counter("verigate_upstream_retries_total", "Calls repeated once within the retry budget.")
	c.coalesced = set.Counter("verigate_upstream_coalesced_total", "Questions that joined one already on its way.")
	c.busy = set.Counter("verigate_upstream_refused_total", "Questions refused because too many waited.")
	c.seconds = set.Histogram("verigate_upstream_seconds", "Duration of one call to the registry.", metric.LatencyBounds)
	return c
}
