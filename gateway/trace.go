package gateway

import (
	"github.com/valyala/fasthttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/verigate/verigate/internal/span"
)

// The edge's own steps; the resolver opens spans for those between.
const (
	stepAdmit    = "admit"
	stepIdentify = "identify"
	stepParse    = "parse"
	stepAnswer   = "answer"
)

// trail is the tracing of one exchange; on is false for all but the few that are sampled, and then nothing else is
// touched.
type trail struct {
	on   bool
	root trace.Span
	step trace.Span // the step under way; nil between steps
}

// serverSpan is made once, so that asking for a span costs an unsampled request no allocation.
var serverSpan = []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindServer)}

// startTrace asks the tracer for a span; whether there is one is its decision.
func (s *Server) startTrace(x *exchange) {
	if s.deps.Tracer == nil {
		return
	}
	ctx := s.ctx
	if parent := x.rc.Request.Header.Peek("Traceparent"); len(parent) > 0 {
		ctx = span.Remote(ctx, parent)
	}
	ctx, root := s.deps.Tracer.Start(ctx, x.route.span, serverSpan...)
	if !root.IsRecording() {
		root.End()
		return
	}
	x.ctx, x.trace = ctx, trail{on: true, root: root}
}

// mark notes that a step begins and the one before it ends; the empty step is the resolver's part of the walk.
func (x *exchange) mark(step string) {
	if !x.trace.on {
		return
	}
	if x.trace.step != nil {
		x.trace.step.End()
		x.trace.step = nil
	}
	if step != "" {
		_, x.trace.step = span.Step(x.ctx, step) //nolint:spancheck // ended by the next mark, the last one by endTrace
	}
}

// endTrace closes the spans of a sampled exchange.
func (x *exchange) endTrace() {
	if !x.trace.on {
		return
	}
	x.mark("")
	x.trace.root.SetAttributes(x.attributes()...)
	if status := x.rc.Response.StatusCode(); status >= fasthttp.StatusInternalServerError {
		x.trace.root.SetStatus(codes.Error, "")
	}
	x.trace.root.End()
	x.trace.on = false
}

func (x *exchange) attributes() []attribute.KeyValue {
	dialect := "native"
	if x.route.portal != 0 {
		dialect = "portal"
	}
	all := []attribute.KeyValue{
		attribute.String("http.request.method", x.route.method),
		attribute.String("http.route", x.route.path),
		attribute.Int("http.response.status_code", x.rc.Response.StatusCode()),
		attribute.String("verigate.request_id", x.batch.RequestID.String()),
		attribute.String("verigate.dialect", dialect),
	}
	if x.problem.Refused() {
		return append(all, attribute.String("verigate.refusal", x.problem.Meaning().Code))
	}
	if len(x.batch.Items) == 1 {
		item := &x.batch.Items[0]
		all = append(all, attribute.String("verigate.kind", item.Query.Key.Kind().String()),
			attribute.String("verigate.outcome", item.Answer.Outcome.String()), attribute.String("verigate.source", item.Answer.Source.String()))
	}
	return all
}
