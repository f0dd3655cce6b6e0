package gateway

import (
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/verigate/verigate/internal/span"
)

// step is one of the edge's own steps; the resolver opens spans for those between.
type step uint8

const (
	stepAdmit step = iota
	stepIdentify
	stepParse
	stepAnswer
	steps
)

var stepNames = [steps]string{"admit", "identify", "parse", "answer"}

// trail is what a traced exchange remembers; of the others only ctx is used.
type trail struct {
	span trace.Span // nil: not traced
	at   [steps]time.Time
	on   bool
}

// startTrace begins the request's span if the tracer picks it, which it decides before anything is allocated.
func (s *Server) startTrace(x *exchange) {
	if s.deps.Tracer == nil {
		return
	}
	ctx := s.ctx
	if header := x.rc.Request.Header.Peek("Traceparent"); len(header) > 0 {
		ctx = span.Remote(ctx, header)
	}
	ctx, own := s.deps.Tracer.Start(ctx, x.route.name)
	if !own.IsRecording() {
		return
	}
	x.ctx, x.trace.span, x.trace.on = ctx, own, true
}

// mark notes that a step begins.
func (x *exchange) mark(st step) {
	if x.trace.on {
		x.trace.at[st] = x.s.deps.Clock().Time()
	}
}

// endTrace closes the span of a traced exchange, with one inside for each of the edge's steps.
func (x *exchange) endTrace() {
	if x.trace.span == nil {
		return
	}
	end := x.s.deps.Clock().Time()
	x.stepSpans(end)
	x.trace.span.SetAttributes(
		attribute.String("http.request.method", x.route.method),
		attribute.String("http.route", x.route.name),
		attribute.Int("http.response.status_code", x.rc.Response.StatusCode()),
		attribute.String("verigate.request_id", x.batch.RequestID.String()),
	)
	if x.problem.Refused() {
		m := x.problem.Meaning()
		x.trace.span.SetAttributes(attribute.String("verigate.refusal", m.Code))
		if m.Status >= 500 {
			x.trace.span.SetStatus(codes.Error, m.Code)
		}
	} else if len(x.batch.Items) == 1 {
		x.trace.span.SetAttributes(attribute.String("verigate.outcome", x.batch.Items[0].Answer.Outcome.String()))
	}
	x.trace.span.End(trace.WithTimestamp(end))
}

// stepSpans writes the edge's steps as spans. A step lasts until the next one begins; the one before "answer" lasts
// until the resolver took over, which nobody noted, so parse is given no length of its own beyond its start.
func (x *exchange) stepSpans(end time.Time) {
	for st, at := range x.trace.at {
		if at.IsZero() {
			continue
		}
		until := end
		for _, next := range x.trace.at[st+1:] {
			if !next.IsZero() {
				until = next
				break
			}
		}
		_, child := span.Step(x.ctx, stepNames[st], trace.WithTimestamp(at))
		child.End(trace.WithTimestamp(until))
	}
}
