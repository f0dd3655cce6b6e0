package local

import "github.com/verigate/verigate/internal/metric"

// stats are counted under the shard's lock, where they cost nothing.
type stats struct {
	hits, misses, evictions, outdated, tooLarge int64
	bytes                                       int64 // of live entries
}

// Status is what /status tells of the cache.
type Status struct {
	Entries    int64   `json:"entries"`
	Bytes      int64   `json:"bytes"`
	Size       int64   `json:"size"`
	Hits       int64   `json:"hits"`
	Misses     int64   `json:"misses"`
	HitRatio   float64 `json:"hit_ratio"` // since start
	Evictions  int64   `json:"evictions"`
	Outdated   int64   `json:"outdated"` // fills refused because something newer was known
	TooLarge   int64   `json:"too_large"`
	Tombstones int64   `json:"tombstones"`
}

// Status sums up all shards.
func (c *Cache) Status() Status {
	st := Status{Size: c.size}
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		st.Entries += int64(len(s.index))
		st.Tombstones += int64(len(s.grave.versions))
		st.Bytes += s.stats.bytes
		st.Hits += s.stats.hits
		st.Misses += s.stats.misses
		st.Evictions += s.stats.evictions
		st.Outdated += s.stats.outdated
		st.TooLarge += s.stats.tooLarge
		s.mu.Unlock()
	}
	if asked := st.Hits + st.Misses; asked > 0 {
		st.HitRatio = float64(st.Hits) / float64(asked)
	}
	return st
}

// register publishes the numbers as they stand in the shards.
func (c *Cache) register(m *metric.Set) {
	gauge := func(name, help string, read func(*Status) int64) {
		m.Gauge(name, help, func() float64 {
			s := c.Status()
			return float64(read(&s))
		})
	}
	counter := func(name, help string, read func(*Status) int64) {
		m.CounterFunc(name, help, func() int64 {
			s := c.Status()
			return read(&s)
		})
	}
	gauge("verigate_local_entries", "Records held in this process.", func(s *Status) int64 { return s.Entries })
	gauge("verigate_local_bytes", "Bytes of the records held in this process.", func(s *Status) int64 { return s.Bytes })
	gauge("verigate_local_tombstones", "Changes remembered against late answers.", func(s *Status) int64 { return s.Tombstones })
	counter("verigate_local_hits_total", "Identifiers found in this process.", func(s *Status) int64 { return s.Hits })
	counter("verigate_local_misses_total", "Identifiers not found in this process.", func(s *Status) int64 { return s.Misses })
	counter("verigate_local_evictions_total", "Records thrown out for lack of room.", func(s *Status) int64 { return s.Evictions })
	counter("verigate_local_outdated_total", "Late answers refused because something newer was known.", func(s *Status) int64 { return s.Outdated })
}
