package prefilter

import (
	"time"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/internal/metric"
)

// verdict is what the filter had to say of one identifier; everything but verdictAbsent leaves it to the next step.
type verdict uint8

const (
	verdictAbsent verdict = iota
	verdictMaybe
	verdictNotCovered
	verdictNoGeneration
	verdictIncomplete
	verdictWatermarkOld
	verdictChecked
	verdicts
)

var verdictNames = [verdicts]string{"absent", "maybe", "not_covered", "no_generation", "incomplete", "watermark_old", "checked"}

type counters struct {
	said       [verdicts]*metric.Counter
	swaps      *metric.Counter
	overflow   *metric.Counter
	late       *metric.Counter
	violations *metric.Counter
}

func newCounters(s *metric.Set) counters {
	c := counters{
		swaps:      s.Counter("verigate_prefilter_swaps_total", "Generations taken into use."),
		overflow:   s.Counter("verigate_prefilter_overflow_total", "Identifiers issued since the snapshot that no longer fitted beside the generation."),
		late:       s.Counter("verigate_prefilter_late_total", "Identifiers that the feed brought after a watermark that should have covered them."),
		violations: s.Counter("verigate_prefilter_violations_total", "Identifiers that the registry knows and the filter would have denied."),
	}
	for v := range c.said {
		c.said[v] = s.Counter("verigate_prefilter_screened_total", "Identifiers screened, by what the filter had to say.", "verdict", verdictNames[v])
	}
	return c
}

func (c *counters) count(said *[verdicts]int64) {
	for v, n := range said {
		if n > 0 {
			c.said[v].Add(n)
		}
	}
}

// gauges publishes what changes by itself.
func (f *Filter) gauges(d Deps) {
	for kind := identity.KindID; kind < identity.Kinds; kind++ {
		of := func(name, help string, read func(v *view, p *part) float64) {
			d.Metrics.Gauge(name, help, func() float64 {
				v := f.view.Load()
				if v.gen == nil || v.gen.parts[kind] == nil {
					return 0
				}
				return read(v, v.gen.parts[kind])
			}, "kind", kind.String())
		}
		of("verigate_prefilter_keys", "Identifiers in the generation in use.", func(_ *view, p *part) float64 { return float64(p.keys) })
		of("verigate_prefilter_bytes", "Memory of the generation in use.", func(_ *view, p *part) float64 { return float64(p.m() / 8) })
		of("verigate_prefilter_complete", "1 while the generation covers the kind and everything issued since is beside it.", func(v *view, _ *part) float64 {
			if v.ready[kind] {
				return 1
			}
			return 0
		})
		of("verigate_prefilter_watermark_version", "Version that the generation in use was made at.", func(_ *view, p *part) float64 { return float64(p.version) })
		d.Metrics.Gauge("verigate_prefilter_added", "Identifiers issued since that are held beside the generation.", func() float64 {
			f.mu.Lock()
			defer f.mu.Unlock()
			return float64(f.view.Load().added[kind].used)
		}, "kind", kind.String())
	}
	if d.Clock != nil {
		d.Metrics.Gauge("verigate_prefilter_watermark_age_seconds", "Age of the newest watermark; -1 without one.", func() float64 {
			mark := f.mark.Load()
			if mark == nil {
				return -1
			}
			return time.Duration(d.Clock().Mono - mark.Learned).Seconds()
		})
	}
}
