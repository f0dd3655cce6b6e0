package cache

import (
	"github.com/verigate/verigate/internal/metric"
	"github.com/verigate/verigate/verify"
)

type counters struct {
	fresh, stale map[verify.Source]*metric.Counter
	missed       *metric.Counter
	violations   *metric.Counter
}

func newCounters(s *metric.Set) counters {
	c := counters{fresh: make(map[verify.Source]*metric.Counter), stale: make(map[verify.Source]*metric.Counter)}
	const name, help = "verigate_cache_recalled_total", "Identifiers recalled, by level and freshness; stale ones are kept in hand only."
	for _, from := range []verify.Source{verify.SourceLocal, verify.SourceShared} {
		c.fresh[from] = s.Counter(name, help, "level", from.String(), "freshness", "fresh")
		c.stale[from] = s.Counter(name, help, "level", from.String(), "freshness", "stale")
	}
	c.missed = s.Counter("verigate_cache_missed_total", "Identifiers that no level knew anything fresh of.")
	c.violations = s.Counter("verigate_cache_violations_total", "Identifiers held in memory at a version that a delivered change had overtaken.")
	return c
}

func (c *counters) count(from verify.Source, fresh, stale int) {
	if fresh > 0 {
		c.fresh[from].Add(int64(fresh))
	}
	if stale > 0 {
		c.stale[from].Add(int64(stale))
	}
}
