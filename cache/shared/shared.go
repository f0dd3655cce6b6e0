package shared

import (
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/sony/gobreaker/v2"

	"github.com/verigate/verigate/internal/metric"
	"github.com/verigate/verigate/verify"
)

// Deps are the cache's collaborators and the rules it takes over from the freshness table. Secret and Clock are
// required.
type Deps struct {
	Secret  []byte                   // seals the values; every node has the same
	Clock   verify.Clock             // ages are taken on its monotonic time
	Keep    func(verify.State) int64 // nanoseconds for which knowledge of a state can be of use at all
	Metrics *metric.Set
	Log     *slog.Logger // nil: slog.Default()
}

// Cache is the shared record cache. It is safe for concurrent use. Close ends it.
type Cache struct {
	cfg     Config
	client  redis.UniversalClient
	seal    *sealer
	clock   verify.Clock
	keep    func(verify.State) int64
	breaker *gobreaker.CircuitBreaker[struct{}]
	m       counters

	fills   chan fill
	burials chan burial
	stop    context.CancelFunc
	wg      sync.WaitGroup
}

// New makes a cache and starts its two background workers. It does not connect: Redis may come later, or go and come
// back.
func New(cfg Config, d Deps) (*Cache, error) {
	seal, err := newSealer(d.Secret)
	if err != nil {
		return nil, err
	}
	client, err := cfg.Client(cfg.limits())
	if err != nil {
		return nil, err
	}
	log := d.Log
	if log == nil {
		log = slog.Default()
	}
	ctx, stop := context.WithCancel(context.Background())
	c := &Cache{
		cfg: cfg, client: client, seal: seal, clock: d.Clock, keep: d.Keep, m: newCounters(d.Metrics),
		fills: make(chan fill, cfg.FillQueue), burials: make(chan burial, cfg.InvalidationQueue), stop: stop,
	}
	c.breaker = gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
		Name: "shared", MaxRequests: 1, Timeout: cfg.BreakerPause.Std(),
		ReadyToTrip: func(n gobreaker.Counts) bool { return int(n.ConsecutiveFailures) >= cfg.BreakerFailures },
		IsExcluded:  func(err error) bool { return err != nil && !isFailure(err) },
		OnStateChange: func(_ string, from, to gobreaker.State) {
			log.LogAttrs(context.Background(), slog.LevelWarn, "shared cache breaker changed state", slog.String("from", from.String()), slog.String("to", to.String()))
		},
	})
	d.Metrics.Gauge("verigate_shared_breaker_open", "1 while Redis is not asked because it failed.", func() float64 {
		if c.breaker.State() == gobreaker.StateOpen {
			return 1
		}
		return 0
	})
	c.wg.Go(func() { c.fillLoop(ctx) })
	c.wg.Go(func() { c.buryLoop(ctx) })
	return c, nil
}

// Close stops the workers, drops what they had not done, and closes the connections.
func (c *Cache) Close() error {
	c.stop()
	c.wg.Wait()
	return c.client.Close()
}

// Ping asks Redis whether it is there, for a readiness page.
func (c *Cache) Ping(ctx context.Context) error { return c.client.Ping(ctx).Err() }

func (c *Cache) key(s *verify.Subject) string {
	b := make([]byte, 0, len(c.cfg.Prefix)+2*len(s))
	return string(hex.AppendEncode(append(b, c.cfg.Prefix...), s[:]))
}

// Recall asks Redis for every entry of l that is not settled, in one round trip, and fills those it knows something
// younger of, as SourceShared. Learned is set so that the age comes out no younger than it is.
func (c *Cache) Recall(ctx context.Context, l *verify.Lookup) {
	asked := make([]int, 0, len(l.Held))
	for i := range l.Held {
		if !l.Held[i].Settled() {
			asked = append(asked, i)
		}
	}
	if len(asked) == 0 {
		return
	}
	started := c.clock()
	_, err := c.breaker.Execute(func() (struct{}, error) {
		ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout.Std())
		defer cancel()
		return struct{}{}, c.recall(ctx, l, asked, started.Mono)
	})
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		c.m.recalled[resultBreaker].Add(int64(len(asked)))
		return
	}
	c.m.seconds.Observe(c.clock().Since(started).Seconds())
}

// recall does the round trip. The time to live is asked for before the value: should the value be replaced in between,
// its age comes out too old rather than too young.
func (c *Cache) recall(ctx context.Context, l *verify.Lookup, asked []int, started int64) (first error) {
	p := c.client.Pipeline()
	ttls, values := make([]*redis.DurationCmd, len(asked)), make([]*redis.StringCmd, len(asked))
	for n, i := range asked {
		key := c.key(&l.Subjects[i])
		ttls[n], values[n] = p.PTTL(ctx, key), p.Get(ctx, key)
	}
	_, _ = p.Exec(ctx) // each command carries its own error
	for n, i := range asked {
		value, err := values[n].Result()
		if err == nil || errors.Is(err, redis.Nil) {
			c.m.recalled[c.take(l, i, value, ttls[n].Val(), started)].Inc()
			continue
		}
		c.m.recalled[resultError].Inc()
		if first == nil && isFailure(err) {
			first = err
		}
	}
	return first
}

// take fills entry i from a value, if it says anything younger than what is in hand.
func (c *Cache) take(l *verify.Lookup, i int, value string, left time.Duration, started int64) result {
	if value == "" {
		return resultMiss
	}
	h, age, err := c.decode(&l.Subjects[i], value, left)
	switch {
	case errors.Is(err, errTombstone):
		return resultTombstone
	case errors.Is(err, errPending):
		return resultPending
	case err != nil:
		return resultGarbled
	}
	h.Learned = started - int64(age)
	if have := &l.Held[i]; have.State != verify.StateUnknown && (h.Version < have.Version || h.Learned <= have.Learned) {
		return resultOlder
	}
	l.Held[i] = h
	return resultHit
}
