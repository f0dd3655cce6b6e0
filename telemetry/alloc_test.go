//go:build !race

package telemetry_test

import (
	"testing"
	"time"

	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/internal/metric"
	"github.com/verigate/verigate/internal/span"
	"github.com/verigate/verigate/telemetry"
)

func TestUnsampledRequestAllocatesNothing(t *testing.T) {
	tel := start(t, telemetry.Config{Endpoint: newCollector(t).URL, SampleEvery: 1 << 31, Timeout: config.Duration(time.Second)}, new(metric.Set))
	tracer := tel.Tracer()
	if n := testing.AllocsPerRun(1000, func() {
		ctx, root := tracer.Start(t.Context(), "POST /v1/lookup")
		_, step := span.Step(ctx, "ask")
		step.End()
		root.End()
	}); n != 0 {
		t.Errorf("got %v allocations", n)
	}
}
