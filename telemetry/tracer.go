package telemetry

import (
	"context"
	"math/rand/v2"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/embedded"
)

// sampler is a trace.Tracer for the spans of whole requests. It decides before a span exists, because even an unsampled
// span of the SDK costs an allocation or three.
type sampler struct {
	embedded.Tracer
	under       trace.Tracer
	every       uint32
	trustParent bool
}

var notSampled = trace.SpanFromContext(context.Background())

// Start begins a sampled request's span; for any other it returns ctx as it is and a span that does nothing.
func (s *sampler) Start(ctx context.Context, name string, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	if !s.sampled(ctx) {
		return ctx, notSampled
	}
	if !s.trustParent && trace.SpanContextFromContext(ctx).IsRemote() {
		ctx = trace.ContextWithSpanContext(ctx, trace.SpanContext{})
	}
	return s.under.Start(ctx, name, opts...)
}

func (s *sampler) sampled(ctx context.Context) bool {
	if s.trustParent {
		if parent := trace.SpanContextFromContext(ctx); parent.IsRemote() && parent.IsSampled() {
			return true
		}
	}
	return s.every == 1 || rand.Uint32N(s.every) == 0
}
