package gateway_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/verigate/verigate/gateway"
)

// TestSampledRequestIsTracedByItsSteps holds the trail of a request: a span of its own, the steps below it, the caller's
// trace carried on, and nothing of the person in it.
func TestSampledRequestIsTracedByItsSteps(t *testing.T) {
	w := newWorld()
	w.putSample(sample())
	spans := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
	base := start(t, w, func(_ *gateway.Config, d *gateway.Deps) { d.Tracer = provider.Tracer("test") })
	s := login(t, base)
	const trace = "0af7651916cd43dd8448eb211c80319c"
	for name, c := range map[string]struct {
		ask  func() reply
		root string
		want []string
		attr string
	}{
		"native": {func() reply {
			return ask(t, base, "/v1/lookup", clinicKey, goodQuestion, "Traceparent", "00-"+trace+"-b7ad6b7169203331-01")
		}, "POST /v1/lookup",
			[]string{"admit", "identify", "parse", "ask", "judge", "record", "answer"}, "verigate.outcome=match"},
		"portal": {func() reply { return lookup2019(t, base, s.query()) }, "POST /api/egw/KQNhanLichSuKCB2019",
			[]string{"admit", "identify", "parse", "ask", "judge", "record", "answer"}, "verigate.dialect=portal"},
		"refused": {func() reply { return ask(t, base, "/v1/lookup", clinicKey, `{"id":"x"}`) }, "POST /v1/lookup",
			[]string{"admit", "identify", "parse"}, "verigate.refusal=identifier_malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			spans.Reset()
			c.ask()
			ended := spans.Ended()
			if len(ended) == 0 || ended[len(ended)-1].Name() != c.root {
				t.Fatalf("spans %v", ended)
			}
			root := ended[len(ended)-1]
			var got []string
			for _, sp := range ended[:len(ended)-1] {
				got = append(got, sp.Name())
				if sp.Parent().SpanID() != root.SpanContext().SpanID() || sp.StartTime().Before(root.StartTime()) || sp.EndTime().After(root.EndTime()) {
					t.Errorf("%s lies outside %s", sp.Name(), root.Name())
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("steps %v, want %v", got, c.want)
			}
			if name == "native" && root.SpanContext().TraceID().String() != trace {
				t.Error("the caller's trace was not carried on")
			}
			all := fmt.Sprint(root.Attributes())
			var has bool
			for _, kv := range root.Attributes() {
				has = has || string(kv.Key)+"="+kv.Value.String() == c.attr
			}
			if !has || strings.Contains(all, "001080") || strings.Contains(all, "GD401") {
				t.Errorf("attributes %s", all)
			}
		})
	}
}
