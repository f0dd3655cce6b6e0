package shared

import "github.com/verigate/verigate/internal/metric"

// result is what Redis had to say of one identifier.
type result uint8

const (
	resultHit result = iota
	resultMiss
	resultOlder     // what was in hand is younger
	resultTombstone // changed, and nothing newer learned yet
	resultPending   // written, not confirmed
	resultGarbled   // not ours, damaged, or sealed with another key
	resultError     // Redis failed or was too slow
	resultBreaker   // Redis was not asked
	results
)

var resultNames = [results]string{"hit", "miss", "older", "tombstone", "pending", "garbled", "error", "breaker_open"}

// fillResult is what became of one fill.
type fillResult uint8

const (
	fillStored fillResult = iota
	fillKnown
	fillOutdated
	fillTooOld
	fillDropped
	fillFailed
	fillResults
)

var fillNames = [fillResults]string{"stored", "known", "outdated", "too_old", "dropped", "failed"}

// burialResult is what became of one invalidation.
type burialResult uint8

const (
	burialDone burialResult = iota
	burialDropped
	burialFailed
	burialResults
)

var burialNames = [burialResults]string{"done", "dropped", "failed"}

type counters struct {
	recalled [results]*metric.Counter
	fills    [fillResults]*metric.Counter
	burials  [burialResults]*metric.Counter
	seconds  *metric.Histogram
}

func newCounters(s *metric.Set) (c counters) {
	for i := range c.recalled {
		c.recalled[i] = s.Counter("verigate_shared_recalled_total", "Identifiers asked of Redis, by what it had.", "result", resultNames[i])
	}
	for i := range c.fills {
		c.fills[i] = s.Counter("verigate_shared_fills_total", "Records on their way to Redis, by what became of them.", "result", fillNames[i])
	}
	for i := range c.burials {
		c.burials[i] = s.Counter("verigate_shared_invalidations_total", "Changes on their way to Redis, by what became of them.", "result", burialNames[i])
	}
	c.seconds = s.Histogram("verigate_shared_recall_seconds", "How long a recall from Redis took.", metric.LatencyBounds)
	return c
}

// Status is what /status tells of the shared cache.
type Status struct {
	Breaker       string           `json:"breaker"`
	Recalled      map[string]int64 `json:"recalled"`
	Fills         map[string]int64 `json:"fills"`
	Invalidations map[string]int64 `json:"invalidations"`
	FillQueue     int              `json:"fill_queue"`
	HitRatio      float64          `json:"hit_ratio"` // since start
}

// Status sums up what happened since start.
func (c *Cache) Status() Status {
	s := Status{
		Breaker: c.breaker.State().String(), FillQueue: len(c.fills),
		Recalled: values(c.m.recalled[:], resultNames[:]), Fills: values(c.m.fills[:], fillNames[:]),
		Invalidations: values(c.m.burials[:], burialNames[:]),
	}
	asked := int64(0)
	for _, n := range s.Recalled {
		asked += n
	}
	if asked > 0 {
		s.HitRatio = float64(s.Recalled[resultNames[resultHit]]) / float64(asked)
	}
	return s
}

func values(counters []*metric.Counter, names []string) map[string]int64 {
	m := make(map[string]int64, len(names))
	for i, c := range counters {
		m[names[i]] = c.Value()
	}
	return m
}
