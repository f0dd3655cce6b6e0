package telemetry

import (
	"context"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/verigate/verigate/internal/metric"
)

// producer reads a metric.Set as OpenTelemetry data; it is an sdkmetric.Producer, which is how the SDK takes metrics
// that were summed elsewhere.
type producer struct {
	set   *metric.Set
	start time.Time
}

// Produce returns one metric per name, with a data point per label set.
func (p *producer) Produce(context.Context) ([]metricdata.ScopeMetrics, error) {
	now := time.Now()
	var order []string
	byName := map[string][]metric.Instrument{}
	for _, i := range p.set.Instruments() {
		if byName[i.Name] == nil {
			order = append(order, i.Name)
		}
		byName[i.Name] = append(byName[i.Name], i)
	}
	out := metricdata.ScopeMetrics{Scope: instrumentation.Scope{Name: scopeName}}
	for _, name := range order {
		out.Metrics = append(out.Metrics, p.metric(now, name, byName[name]))
	}
	return []metricdata.ScopeMetrics{out}, nil
}

func (p *producer) metric(now time.Time, name string, series []metric.Instrument) metricdata.Metrics {
	base, unit := unitOf(name)
	m := metricdata.Metrics{Name: base, Description: series[0].Help, Unit: unit}
	switch {
	case series[0].Gauge != nil:
		m.Data = p.gauge(now, series)
	case series[0].Histogram != nil:
		m.Data = p.histogram(now, series)
	default:
		m.Data = p.sum(now, series)
	}
	return m
}

func (p *producer) sum(now time.Time, series []metric.Instrument) metricdata.Aggregation {
	data := metricdata.Sum[int64]{Temporality: metricdata.CumulativeTemporality, IsMonotonic: true}
	for _, s := range series {
		point := metricdata.DataPoint[int64]{Attributes: labels(s.Labels), StartTime: p.start, Time: now}
		switch {
		case s.Counter != nil:
			point.Value = s.Counter.Value()
		case s.Count != nil:
			point.Value = s.Count()
		default:
			continue // another kind under a counter's name would spoil the whole metric
		}
		data.DataPoints = append(data.DataPoints, point)
	}
	return data
}

func (p *producer) gauge(now time.Time, series []metric.Instrument) metricdata.Aggregation {
	var data metricdata.Gauge[float64]
	for _, s := range series {
		if s.Gauge != nil {
			data.DataPoints = append(data.DataPoints,
				metricdata.DataPoint[float64]{Attributes: labels(s.Labels), StartTime: p.start, Time: now, Value: s.Gauge()})
		}
	}
	return data
}

func (p *producer) histogram(now time.Time, series []metric.Instrument) metricdata.Aggregation {
	data := metricdata.Histogram[float64]{Temporality: metricdata.CumulativeTemporality}
	for _, s := range series {
		if s.Histogram == nil {
			continue
		}
		bounds, counts, sum := s.Histogram.Snapshot()
		point := metricdata.HistogramDataPoint[float64]{Attributes: labels(s.Labels), StartTime: p.start, Time: now,
			Bounds: slices.Clone(bounds), BucketCounts: counts, Sum: sum}
		for _, n := range counts {
			point.Count += n
		}
		data.DataPoints = append(data.DataPoints, point)
	}
	return data
}

// unitOf splits a Prometheus name into the name and unit OpenTelemetry wants; the exporter puts the suffixes back.
func unitOf(name string) (base, unit string) {
	base = strings.TrimSuffix(name, "_total")
	if b, ok := strings.CutSuffix(base, "_seconds"); ok {
		return b, "s"
	}
	if b, ok := strings.CutSuffix(base, "_bytes"); ok {
		return b, "By"
	}
	return base, ""
}

func labels(pairs []string) attribute.Set {
	kv := make([]attribute.KeyValue, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		kv = append(kv, attribute.String(pairs[i], pairs[i+1]))
	}
	return attribute.NewSet(kv...)
}
