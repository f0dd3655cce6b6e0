package upstream

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/internal/metric"
	"github.com/verigate/verigate/verify"
)

// Config is how much we ask of a registry and how long we wait for it.
type Config struct {
	Timeout     config.Duration `yaml:"timeout" default:"2s" min:"10ms" max:"10s" help:"How long one call to the registry may take; slower counts as a failure."`
	Concurrency int             `yaml:"concurrency" default:"64" min:"1" max:"4096" help:"Calls on their way to the registry at once."`
	BatchSize   int             `yaml:"batch_size" default:"500" min:"1" max:"500" help:"Most identifiers in one call (the record API allows 500)."`
	Pending     int             `yaml:"pending" default:"20000" min:"1" help:"Questions waiting for a free call; more are refused as busy."`
	BatchShare  float64         `yaml:"batch_share" default:"0.25" min:"0.01" max:"1" help:"Share of the calls on their way that batches may take up; clinics go before registrations, both before batches."`
	RetryRatio  float64         `yaml:"retry_ratio" default:"0.1" min:"0" max:"1" help:"Retries allowed per successful call; 0 switches retries off."`
	Breaker     BreakerConfig   `yaml:"breaker"`
}

// BreakerConfig is when we stop asking.
type BreakerConfig struct {
	MinCalls     int             `yaml:"min_calls" default:"20" min:"1" help:"Calls within the window before the breaker may open."`
	FailureRatio float64         `yaml:"failure_ratio" default:"0.5" min:"0.01" max:"1" help:"Share of failed calls in the last 10 s that opens the breaker."`
	OpenFor      config.Duration `yaml:"open_for" default:"2s" min:"10ms" help:"How long the breaker stays open before it lets trial calls through."`
	Trials       int             `yaml:"trials" default:"5" min:"1" help:"Trial calls that must succeed before the breaker closes."`
}

// Fetcher is one dialect. Fetch asks for everything in the lookup in one call and fills l.Held[i] for l.Keys[i], or for
// l.Queries[i] if it judges claims, with State, Holder, Version, AsOf and Record. It returns an error, a [Failure] where
// it can tell, when the call as a whole failed; then nothing in l.Held counts. It must honour the context's deadline and
// is safe for concurrent use.
type Fetcher interface {
	Fetch(ctx context.Context, l *verify.Lookup) error
}

// Rememberer is told what was learned before anybody who waits is. It may set MaxAge on the entries.
type Rememberer interface {
	Remember(l *verify.Lookup)
}

// Failure is why a call failed, in the words of [verify.Trouble].
type Failure struct {
	Trouble verify.Trouble
	Err     error
}

// Error tells the cause, without identifiers.
func (f *Failure) Error() string {
	return "asking registry: " + f.Trouble.String() + ": " + f.Err.Error()
}

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

// Deps are the asker's collaborators. Fetcher and Clock are required.
type Deps struct {
	Fetcher    Fetcher
	Rememberer Rememberer
	Clock      verify.Clock
	Metrics    *metric.Set
	// OnBreaker is told of every change of the breaker's state; it must return at once and not call the asker.
	OnBreaker func(from, to string)
	// ClaimBound: the fetcher needs the queries, not only the identifiers.
	ClaimBound bool
}

// Asker implements resolve.Asker over one dialect. It is safe for concurrent use.
type Asker struct {
	cfg     Config
	deps    Deps
	breaker *gobreaker.CircuitBreaker[struct{}]
	retries retryBudget
	m       counters

	base context.Context
	stop context.CancelFunc
	wg   sync.WaitGroup

	mu      sync.Mutex
	flights map[verify.Subject]*flight
	lanes   lanes
}

// flight is one question on its way, shared by everybody who asks it meanwhile. held is good once done is closed.
type flight struct {
	key     identity.Key
	query   *verify.Query // a copy, when the fetcher needs it
	subject verify.Subject
	done    chan struct{}
	held    verify.Held
	batch   bool
	lane    verify.Lane
	taken   bool // on its way: no longer waiting
}

// New makes an asker; Close ends it.
func New(cfg Config, d Deps) *Asker {
	a := &Asker{cfg: cfg, deps: d, flights: make(map[verify.Subject]*flight), lanes: newLanes(&cfg)}
	a.base, a.stop = context.WithCancel(context.Background())
	a.retries = retryBudget{ratio: cfg.RetryRatio, tokens: min(1, cfg.RetryRatio*1000) * maxRetryTokens}
	a.m = newCounters(d.Metrics)
	a.breaker = newBreaker(cfg.Breaker, d.OnBreaker)
	for lane := range verify.Lane(verify.Lanes) {
		d.Metrics.Gauge("verigate_upstream_pending", "Questions waiting for a free call to the registry, by lane.", func() float64 {
			a.mu.Lock()
			defer a.mu.Unlock()
			return float64(a.lanes.waiting[lane])
		}, "lane", verify.LaneNames[lane])
	}
	return a
}

// Close cancels the calls on their way and waits for them.
func (a *Asker) Close() {
	a.stop()
	a.wg.Wait()
}

// State returns the breaker's state: closed, half-open or open.
func (a *Asker) State() string { return a.breaker.State().String() }

// Ask settles what it can of the unsettled entries, until ctx ends. Entries that stay unsettled carry a Trouble.
func (a *Asker) Ask(ctx context.Context, l *verify.Lookup) {
	flights := make([]*flight, len(l.Held))
	a.mu.Lock()
	for i := range l.Held {
		if !l.Held[i].Settled() {
			flights[i] = a.join(l, i)
		}
	}
	a.dispatch()
	a.mu.Unlock()
	for i, f := range flights {
		if f != nil {
			wait(ctx, f, &l.Held[i])
		} else if !l.Held[i].Settled() {
			l.Held[i].Trouble = verify.TroubleBusy
		}
	}
}

// wait copies the flight's result when it is there. A result without knowledge only adds its trouble, so that a stale
// record in hand stays in hand.
func wait(ctx context.Context, f *flight, held *verify.Held) {
	select {
	case <-f.done:
	default:
		select {
		case <-f.done:
		case <-ctx.Done():
			held.Trouble = verify.TroubleTimeout
			return
		}
	}
	if f.held.State == verify.StateUnknown {
		held.Trouble = f.held.Trouble
		return
	}
	*held = f.held
}

// join returns the flight for a question: the one on its way or a new one; nil when too many wait. A question that waits
// in a later lane comes forward with whoever joins it. Under mu.
func (a *Asker) join(l *verify.Lookup, i int) *flight {
	s, lane := l.Subjects[i], l.Lane
	if l.Batch {
		lane = verify.LaneBatch
	}
	if f := a.flights[s]; f != nil {
		a.m.coalesced.Inc()
		a.lanes.forward(f, lane)
		return f
	}
	if !a.lanes.room(lane) {
		a.m.busy.Inc()
		return nil
	}
	f := &flight{key: l.Keys[i], subject: s, done: make(chan struct{}), batch: l.Batch, lane: lane}
	if a.deps.ClaimBound {
		q := *l.Queries[i] // the flight may outlive the request that its name is a view into
		q.Claims.Name = bytes.Clone(q.Claims.Name)
		f.query = &q
	}
	a.flights[s] = f
	a.lanes.add(f)
	return f
}

// Overtake is told, when the change feed has delivered a change, whose it was: whoever asks from now on does not join a
// question that is on its way already, because the registry may have answered it before the change. It does not wait
// for anything slow.
func (a *Asker) Overtake(subjects []verify.Subject) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range subjects {
		if f := a.flights[s]; f != nil && f.taken {
			delete(a.flights, s)
		}
	}
}

// dispatch starts calls while questions wait and calls are free. Under mu.
func (a *Asker) dispatch() {
	for flights := a.lanes.take(); len(flights) > 0; flights = a.lanes.take() {
		a.wg.Add(1)
		go a.work(flights)
	}
}

// work makes one call after another until nothing waits that may go.
func (a *Asker) work(flights []*flight) {
	defer a.wg.Done()
	for len(flights) > 0 {
		lane := flights[0].lane
		a.call(flights)
		a.mu.Lock()
		for _, f := range flights {
			if a.flights[f.subject] == f { // else it was overtaken
				delete(a.flights, f.subject)
			}
			close(f.done)
		}
		a.lanes.done(lane)
		flights = a.lanes.take()
		a.dispatch()
		a.mu.Unlock()
	}
}

// call asks the registry for the flights' keys and fills their results.
func (a *Asker) call(flights []*flight) {
	l := verify.Lookup{
		Batch: flights[0].batch,
		Keys:  make([]identity.Key, len(flights)), Subjects: make([]verify.Subject, len(flights)),
		Held: make([]verify.Held, len(flights)),
	}
	for i, f := range flights {
		l.Keys[i], l.Subjects[i] = f.key, f.subject
		if f.query != nil {
			l.Queries = append(l.Queries, f.query)
		}
	}
	trouble := a.attempts(&l)
	if trouble == verify.TroubleNone && a.deps.Rememberer != nil {
		a.deps.Rememberer.Remember(&l)
	}
	for i, f := range flights {
		f.held = l.Held[i]
		if trouble != verify.TroubleNone {
			f.held = verify.Held{Trouble: trouble}
		} else if f.held.State == verify.StateUnknown {
			f.held.Trouble = verify.TroubleGarbled
		}
	}
}

// attempts calls once, and once more if the failure may pass quickly and the budget allows.
func (a *Asker) attempts(l *verify.Lookup) verify.Trouble {
	for first := true; ; first = false {
		started := a.deps.Clock()
		err := a.attempt(l)
		a.m.seconds.Observe(a.deps.Clock().Since(started).Seconds())
		trouble := troubleOf(err)
		a.m.calls[trouble].Inc()
		if trouble == verify.TroubleNone {
			a.retries.earn()
			l.Now = started
			for i := range l.Held {
				l.Held[i].Source, l.Held[i].Learned = verify.SourceRegistry, started.Mono
			}
			return verify.TroubleNone
		}
		if !first || !retryable(trouble) || !a.retries.spend() {
			return trouble
		}
		clear(l.Held)
		a.m.retries.Inc()
	}
}

func (a *Asker) attempt(l *verify.Lookup) error {
	_, err := a.breaker.Execute(func() (struct{}, error) {
		ctx, cancel := context.WithTimeout(a.base, time.Duration(a.cfg.Timeout))
		defer cancel()
		return struct{}{}, a.deps.Fetcher.Fetch(ctx, l)
	})
	return err
}

// retryable tells whether a second try may help within the same request: not when the time is gone or we must not ask.
func retryable(t verify.Trouble) bool {
	return t == verify.TroubleNetwork || t == verify.TroubleGarbled || t == verify.TroubleRefused
}

func troubleOf(err error) verify.Trouble {
	var f *Failure
	switch {
	case err == nil:
		return verify.TroubleNone
	case errors.As(err, &f):
		return f.Trouble
	case errors.Is(err, gobreaker.ErrOpenState), errors.Is(err, gobreaker.ErrTooManyRequests):
		return verify.TroubleBreaker
	case errors.Is(err, context.DeadlineExceeded):
		return verify.TroubleTimeout
	}
	return verify.TroubleNetwork
}
