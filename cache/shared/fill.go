package shared

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/verigate/verigate/verify"
)

// fill is one thing learned from the registry, on its way to Redis.
type fill struct {
	subject verify.Subject
	held    verify.Held
}

// burial is one change on its way to Redis.
type burial struct {
	subject verify.Subject
	version uint64
}

// perTrip is how many fills or burials go in one round trip.
const perTrip = 128

// Remember queues what the registry said. It never waits: with a full queue the fill is dropped and counted. Bulk work
// is passed over, lest a national run push out what clinics need. Held.Record is kept until the fill is done.
func (c *Cache) Remember(l *verify.Lookup) {
	if l.Batch {
		return
	}
	for i := range l.Held {
		h := &l.Held[i]
		if h.State == verify.StateUnknown || h.Source != verify.SourceRegistry {
			continue
		}
		select {
		case c.fills <- fill{l.Subjects[i], *h}:
		default:
			c.m.fills[fillDropped].Inc()
		}
	}
}

// Invalidate queues tombstones. It never waits: with a full queue they are dropped and counted; this node's local cache
// remembers them in any case, and every other node hears of the change itself.
func (c *Cache) Invalidate(subjects []verify.Subject, version uint64) {
	for i := range subjects {
		select {
		case c.burials <- burial{subjects[i], version}:
		default:
			c.m.burials[burialDropped].Inc()
		}
	}
}

func (c *Cache) fillLoop(ctx context.Context) {
	for {
		jobs := collect(ctx, c.fills)
		if jobs == nil {
			return
		}
		c.fillAll(ctx, jobs)
	}
}

func (c *Cache) buryLoop(ctx context.Context) {
	for {
		jobs := collect(ctx, c.burials)
		if jobs == nil {
			return
		}
		c.buryAll(ctx, jobs)
	}
}

// collect waits for one job and takes what else is there; nil when ctx ends.
func collect[T any](ctx context.Context, queue <-chan T) []T {
	jobs := make([]T, 0, perTrip)
	select {
	case <-ctx.Done():
		return nil
	case job := <-queue:
		jobs = append(jobs, job)
	}
	for len(jobs) < perTrip {
		select {
		case job := <-queue:
			jobs = append(jobs, job)
		default:
			return jobs
		}
	}
	return jobs
}

// run does one background round trip behind the breaker.
func (c *Cache) run(ctx context.Context, script *redis.Script, calls []call) (results []int64, err error) {
	_, err = c.breaker.Execute(func() (struct{}, error) {
		ctx, cancel := context.WithTimeout(ctx, c.cfg.WriteTimeout.Std())
		defer cancel()
		results, err = c.runAll(ctx, script, calls)
		return struct{}{}, err
	})
	if results == nil {
		results = make([]int64, len(calls))
		for i := range results {
			results[i] = -1
		}
	}
	return results, err
}

// fillAll writes values and then confirms those that were written in time: the first reply proves that the value is no
// older than it says, because it says as old as it can be when the reply is still in time.
func (c *Cache) fillAll(ctx context.Context, jobs []fill) {
	writes, confirms := make([]call, 0, len(jobs)), make([]call, 0, len(jobs))
	now := c.clock().Mono
	for i := range jobs {
		s, h := &jobs[i].subject, &jobs[i].held
		age := time.Duration(now-h.Learned) + c.cfg.WriteTimeout.Std()
		ttl := (time.Duration(c.keep(h.State)) - age).Truncate(time.Millisecond)
		if ttl < time.Second {
			c.m.fills[fillTooOld].Inc()
			continue
		}
		value := c.encode(s, h, age, ttl)
		writes = append(writes, call{c.key(s), []any{value[:versionLen], value, ttl.Milliseconds()}})
	}
	results, _ := c.run(ctx, fillScript, writes)
	if c.clock().Mono-now > int64(c.cfg.WriteTimeout) {
		c.m.fills[fillFailed].Add(int64(len(writes))) // the ages written no longer hold
		return
	}
	for i, r := range results {
		switch r {
		case 0:
			c.m.fills[fillOutdated].Inc()
		case 1:
			c.m.fills[fillKnown].Inc()
		case 2:
			value, _ := writes[i].args[1].([]byte)
			confirms = append(confirms, call{writes[i].key, []any{value[:identityLen]}})
		default:
			c.m.fills[fillFailed].Inc()
		}
	}
	if len(confirms) == 0 {
		return
	}
	results, _ = c.run(ctx, confirmScript, confirms)
	for _, r := range results {
		if r == 1 {
			c.m.fills[fillStored].Inc()
		} else {
			c.m.fills[fillFailed].Inc()
		}
	}
}

func (c *Cache) buryAll(ctx context.Context, jobs []burial) {
	calls := make([]call, len(jobs))
	life := time.Duration(c.keep(verify.StatePresent)).Milliseconds()
	for i := range jobs {
		calls[i] = call{c.key(&jobs[i].subject), []any{appendVersion(nil, jobs[i].version), life}}
	}
	results, _ := c.run(ctx, buryScript, calls)
	for _, r := range results {
		if r < 0 {
			c.m.burials[burialFailed].Inc()
		} else {
			c.m.burials[burialDone].Inc()
		}
	}
}
