package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// Keys are the attributes a span may carry out of the process; their values come from closed sets or are numbers.
var Keys = map[attribute.Key]bool{
	"http.request.method":       true,
	"http.route":                true,
	"http.response.status_code": true,
	"error.type":                true,
	"server.address":            true,
	"verigate.request_id":       true,
	"verigate.dialect":          true,
	"verigate.step":             true,
	"verigate.outcome":          true,
	"verigate.source":           true,
	"verigate.refusal":          true,
	"verigate.kind":             true,
	"verigate.batch_size":       true,
	"verigate.attempt":          true,
	"verigate.breaker":          true,
}

// scrubber exports spans without anything that is not in [Keys]. Event attributes, links and status descriptions are
// dropped whole: an error's text is where an identifier slips in.
type scrubber struct{ sdktrace.SpanExporter }

// ExportSpans implements sdktrace.SpanExporter.
func (s scrubber) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	clean := make([]sdktrace.ReadOnlySpan, len(spans))
	for i, sp := range spans {
		clean[i] = scrubbed{sp}
	}
	return s.SpanExporter.ExportSpans(ctx, clean)
}

type scrubbed struct{ sdktrace.ReadOnlySpan }

// Attributes returns the attributes under allowed keys.
func (s scrubbed) Attributes() []attribute.KeyValue {
	var kept []attribute.KeyValue
	for _, kv := range s.ReadOnlySpan.Attributes() {
		if Keys[kv.Key] {
			kept = append(kept, kv)
		}
	}
	return kept
}

// Events returns the events' names and times.
func (s scrubbed) Events() []sdktrace.Event {
	events := s.ReadOnlySpan.Events()
	kept := make([]sdktrace.Event, 0, len(events))
	for _, e := range events {
		kept = append(kept, sdktrace.Event{Name: e.Name, Time: e.Time})
	}
	return kept
}

// Links returns none.
func (s scrubbed) Links() []sdktrace.Link { return nil }

// Status returns the code without its description.
func (s scrubbed) Status() sdktrace.Status {
	return sdktrace.Status{Code: s.ReadOnlySpan.Status().Code}
}
