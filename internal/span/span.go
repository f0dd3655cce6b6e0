// Package span opens the spans below a request's own. It knows only the tracing API: where the request is not sampled
// nothing is started, allocated or recorded.
//
// A span carries names and counts from closed sets, never anything of the question or of the answer.
package span

import (
	"context"
	"encoding/hex"

	"go.opentelemetry.io/otel/trace"
)

// scope names the instrumentation in every trace.
const scope = "github.com/verigate/verigate"

var none = trace.SpanFromContext(context.Background())

// Step opens a child of the request's span, named after one of the nine steps or an outgoing call. The caller ends the
// span; ending the one of an unsampled request does nothing.
func Step(ctx context.Context, name string, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return ctx, none
	}
	return parent.TracerProvider().Tracer(scope).Start(ctx, name, opts...)
}

// Traceparent returns the W3C trace context header for a call made under ctx, "" when the request is not sampled.
func Traceparent(ctx context.Context) string {
	sc := trace.SpanContextFromContext(ctx)
	if !sc.IsSampled() {
		return ""
	}
	id, parent := sc.TraceID(), sc.SpanID()
	return "00-" + hex.EncodeToString(id[:]) + "-" + hex.EncodeToString(parent[:]) + "-01"
}

// Remote puts the trace that a caller's traceparent header names into ctx as the parent of the request's span; a
// header that is missing or malformed leaves ctx as it is. Whether it is followed is telemetry's decision.
func Remote(ctx context.Context, header []byte) context.Context {
	if len(header) != 55 || header[0] != '0' || header[1] != '0' || header[2] != '-' || header[35] != '-' || header[52] != '-' {
		return ctx
	}
	var id trace.TraceID
	var parent trace.SpanID
	var flags [1]byte
	_, err1 := hex.Decode(id[:], header[3:35])
	_, err2 := hex.Decode(parent[:], header[36:52])
	_, err3 := hex.Decode(flags[:], header[53:55])
	if err1 != nil || err2 != nil || err3 != nil {
		return ctx
	}
	sc := trace.NewSpanContext(trace.SpanContextConfig{TraceID: id, SpanID: parent, TraceFlags: trace.TraceFlags(flags[0]), Remote: true})
	if !sc.IsValid() {
		return ctx
	}
	return trace.ContextWithRemoteSpanContext(ctx, sc)
}
