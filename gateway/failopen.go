package gateway

import (
	"log/slog"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/internal/metric"
	"github.com/verigate/verigate/verify"
)

// open stands before the limits, the budget and the slowing of strangers: when one of them crashes, the request goes on
// as if it had said nothing, and the fault is counted and logged. Nobody is turned away because a counter is broken.
type open struct {
	limits    Limits
	budget    Budget
	strangers Strangers
	clock     verify.Clock
	log       *slog.Logger
	faults    *metric.Counter
	told      atomic.Int64 // Mono of the last line in the log
}

func (s *Server) failOpen() {
	o := &open{limits: s.deps.Limits, budget: s.deps.Budget, strangers: s.deps.Strangers, clock: s.deps.Clock, log: s.deps.Log,
		faults: s.deps.Metrics.Counter("verigate_gateway_limiter_faults_total", "Limits, budgets and slowings that crashed; the requests went on.")}
	o.told.Store(o.clock().Mono - int64(time.Minute))
	s.deps.Limits, s.deps.Budget, s.deps.Strangers = o, o, o
}

// caught is deferred around every call. It logs once a second at most: a broken limiter breaks at every request.
func (o *open) caught(what string) {
	p := recover()
	if p == nil {
		return
	}
	o.faults.Inc()
	now, last := o.clock().Mono, o.told.Load()
	if now-last >= int64(time.Second) && o.told.CompareAndSwap(last, now) {
		o.log.Error("limiter crashed, requests go on without it", slog.String("in", what), slog.String("panic", kindOfPanic(p)))
	}
}

func (o *open) Admit(now verify.Instant, c *verify.Caller, cost int) (v verify.Verdict) {
	defer o.caught("admit")
	return o.limits.Admit(now, c, cost)
}

func (o *open) Release(c *verify.Caller) {
	defer o.caught("release")
	o.limits.Release(c)
}

func (o *open) Spend(now verify.Instant, c *verify.Caller, cost int) (v verify.Verdict) {
	defer o.caught("spend")
	return o.limits.Spend(now, c, cost)
}

func (o *open) Usage(now verify.Instant, c *verify.Caller) (u verify.Usage) {
	defer o.caught("usage")
	return o.limits.Usage(now, c)
}

func (o *open) Ask(now verify.Instant, c *verify.Caller, staff, subject verify.Subject, k identity.Key) (v verify.Verdict) {
	defer o.caught("budget")
	return o.budget.Ask(now, c, staff, subject, k)
}

func (o *open) Stranger(now verify.Instant, addr netip.Addr) (v verify.Verdict) {
	defer o.caught("strangers")
	return o.strangers.Stranger(now, addr)
}
