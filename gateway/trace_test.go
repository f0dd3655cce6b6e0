package gateway_test

import (
	"slices"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/verigate/verigate/gateway"
)

// TestATracedLookupHasASpanPerStep holds the trail of one request: a span of its own, the steps below it, the caller's
// trace carried on, and nothing of the person in it.
func TestATracedLookupHasASpanPerStep(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
	w := newWorld()
	w.putSample(sample())
	base := start(t, w, func(_ *gateway.Config, d *gateway.Deps) { d.Tracer = provider.Tracer("test") })
	const trace = "0af7651916cd43dd8448eb211c80319c"
	ask(t, base, "/v1/lookup", clinicKey, `{"id":"001080000000","name":"Nguyễn Văn Mẫu","dob":"1980-02-01"}`,
		"Traceparent", "00-"+trace+"-b7ad6b7169203331-01")
	var names []string
	for _, s := range spans.Ended() {
		names = append(names, s.Name())
		if s.SpanContext().TraceID().String() != trace {
			t.Errorf("span %s is of another trace", s.Name())
		}
		for _, a := range s.Attributes() {
			if v := a.Value.AsString(); v == "001080000000" || v == "Nguyễn Văn Mẫu" {
				t.Errorf("span %s carries the person in %s", s.Name(), a.Key)
			}
		}
	}
	for _, want := range []string{"lookup", "admit", "identify", "parse", "ask", "judge", "record", "answer"} {
		if !slices.Contains(names, want) {
			t.Errorf("no span %s among %v", want, names)
		}
	}
}
