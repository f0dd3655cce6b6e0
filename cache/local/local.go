package local

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"runtime"
	"sync/atomic"

	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/internal/mapped"
	"github.com/verigate/verigate/internal/metric"
	"github.com/verigate/verigate/verify"
)

// Config bounds the cache.
type Config struct {
	Size       config.ByteSize `yaml:"size" default:"256MiB" min:"1MiB" max:"256GiB" help:"Memory for records held in this process; a record takes about 500 bytes."`
	Tombstones int             `yaml:"tombstones" default:"1000000" min:"1000" help:"Changes remembered so that a late answer cannot bring back what they replaced; about 100 bytes each."`
}

// Deps are the cache's collaborators and the rule it takes over from the freshness table.
type Deps struct {
	Keep    config.Duration // how long anything can be of use at all: the longest of all bounds
	Metrics *metric.Set
}

// Cache is the in-process record cache. It is safe for concurrent use; a hit allocates nothing once the lookup's own
// memory has grown.
type Cache struct {
	shards []shard
	shift  int
	size   int64
}

// New reserves the memory; pages are taken from the system as they fill. The memory lives as long as the cache is
// reachable.
func New(cfg Config, d Deps) (*Cache, error) {
	n := shardsFor(cfg.Size.Bytes())
	per := int(cfg.Size.Bytes()) / n &^ 4095
	region, err := mapped.Anonymous(per * n)
	if err != nil {
		return nil, fmt.Errorf("making the local cache of size %s: %w", cfg.Size, err)
	}
	c := &Cache{shards: make([]shard, n), shift: 64 - bits.TrailingZeros(uint(n)), size: int64(per * n)}
	lost := new(atomic.Int64)
	lost.Store(math.MinInt64)
	// Tied to the shards, not to c: whoever works in a shard keeps the memory.
	runtime.AddCleanup(&c.shards[0], func(b []byte) { _ = mapped.Release(b) }, region)
	for i := range c.shards {
		b := region[i*per : (i+1)*per : (i+1)*per]
		cut := per / 10 &^ 7
		s := &c.shards[i]
		s.rings[small].b, s.rings[main].b = b[:cut:cut], b[cut:]
		s.index = make(map[verify.Subject]place)
		s.ghost = make([]uint32, 1<<bits.Len(uint(per/512)))
		s.grave = graves{versions: make(map[verify.Subject]grave), max: max(cfg.Tombstones/n, 16), life: int64(d.Keep), lost: lost}
	}
	c.register(d.Metrics)
	return c, nil
}

// shardsFor picks a power of two, so that shards are many for many cores and yet large enough for any record.
func shardsFor(size int64) int {
	const least = 1 << 20
	n := 1
	for n < 512 && size/int64(2*n) >= least {
		n *= 2
	}
	return n
}

func (c *Cache) shard(s *verify.Subject) *shard {
	if len(c.shards) == 1 {
		return &c.shards[0]
	}
	return &c.shards[binary.BigEndian.Uint64(s[:8])>>c.shift]
}

// Recall fills the entries of l that hold nothing yet with what is known, whatever its age, as SourceLocal. Records are
// copied into l.Space: they are good until the next Recall with the same lookup.
func (c *Cache) Recall(l *verify.Lookup) {
	l.Space = l.Space[:0]
	for i := range l.Held {
		if l.Held[i].State != verify.StateUnknown {
			continue
		}
		s := &l.Subjects[i]
		if h, space, ok := c.shard(s).get(s, l.Batch, l.Space); ok {
			l.Held[i], l.Space = h, space
		}
	}
}

// Remember keeps what the registry or the shared cache said. What is older than something known, or may be older than a
// change that is no longer remembered, is not kept; if it came from the shared cache it is also taken out of l again,
// because it must not be answered. Bulk work is kept only where
// there is free room.
func (c *Cache) Remember(l *verify.Lookup) {
	for i := range l.Held {
		h := &l.Held[i]
		if h.State == verify.StateUnknown || h.Source != verify.SourceRegistry && h.Source != verify.SourceShared {
			continue
		}
		s := &l.Subjects[i]
		if c.shard(s).put(s, h, l.Batch, l.Now.Mono) == outdated && h.Source == verify.SourceShared {
			*h = verify.Held{}
		}
	}
}

// Invalidate forgets what is known of the subjects from before version, and refuses it from now on.
func (c *Cache) Invalidate(now verify.Instant, subjects []verify.Subject, version uint64) {
	for i := range subjects {
		c.shard(&subjects[i]).bury(&subjects[i], version, now.Mono)
	}
}

// Anew says that the registry's history may be another one from now on: versions that were learned before and after now
// are not compared, and the later knowledge counts.
func (c *Cache) Anew(now verify.Instant) {
	for i := range c.shards {
		c.shards[i].anew(now.Mono)
	}
}

// Peek returns what is known of a subject but the record itself, without leaving a trace of having asked.
func (c *Cache) Peek(subject *verify.Subject) (h verify.Held, ok bool) {
	s := c.shard(subject)
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.index[*subject]
	if !ok {
		return h, false
	}
	return s.entry(p).head(), true
}
