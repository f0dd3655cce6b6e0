package telemetry_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/internal/metric"
	"github.com/verigate/verigate/internal/span"
	"github.com/verigate/verigate/telemetry"
)

// collector is an OTLP/HTTP endpoint that keeps what it is sent.
type collector struct {
	*httptest.Server
	mu    sync.Mutex
	raw   []byte
	auth  string
	spans []*tracepb.Span
	attrs []string // of the resource
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var req coltrace.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &req)
		}
		if err != nil || r.URL.Path != "/v1/traces" {
			t.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.raw, c.auth = append(c.raw, body...), r.Header.Get("Authorization")
		for _, rs := range req.ResourceSpans {
			for _, kv := range rs.Resource.Attributes {
				c.attrs = append(c.attrs, kv.Key+"="+kv.Value.GetStringValue())
			}
			for _, ss := range rs.ScopeSpans {
				c.spans = append(c.spans, ss.Spans...)
			}
		}
	}))
	t.Cleanup(c.Close)
	return c
}

func TestSampledRequestReachesTheCollectorWithoutPersonalData(t *testing.T) {
	c := newCollector(t)
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("sesame\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tel := start(t, telemetry.Config{Endpoint: c.URL, SampleEvery: 1, Instance: "node-a", TokenFile: config.SecretFile(token),
		Timeout: config.Duration(time.Second)}, new(metric.Set))

	const mark = "001080000000"
	ctx, root := tel.Tracer().Start(t.Context(), "POST /v1/lookup")
	_, child := span.Step(ctx, "ask")
	child.SetAttributes(attribute.String("verigate.outcome", "match"), attribute.String("person.id", mark))
	child.AddEvent("retry", trace.WithAttributes(attribute.String("key", mark)))
	child.RecordError(errors.New("asking about " + mark))
	child.SetStatus(codes.Error, mark)
	child.End()
	header := span.Traceparent(ctx)
	root.End()
	if err := tel.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}

	if len(c.spans) != 2 || c.spans[0].Name != "ask" || c.spans[1].Name != "POST /v1/lookup" {
		t.Fatalf("got spans %v", c.spans)
	}
	ask := c.spans[0]
	if !slices.Equal(ask.ParentSpanId, c.spans[1].SpanId) || len(ask.Attributes) != 1 || ask.Attributes[0].Value.GetStringValue() != "match" ||
		len(ask.Events) != 2 || ask.Status.Code != tracepb.Status_STATUS_CODE_ERROR {
		t.Errorf("got %v", ask)
	}
	if strings.Contains(string(c.raw), mark) {
		t.Error("a marked identifier left the process")
	}
	if c.auth != "Bearer sesame" || !slices.Contains(c.attrs, "service.name=verigate") || !slices.Contains(c.attrs, "service.instance.id=node-a") {
		t.Errorf("got authorization %q, resource %q", c.auth, c.attrs)
	}
	if back := trace.SpanContextFromContext(span.Remote(t.Context(), []byte(header))); back.TraceID() != root.SpanContext().TraceID() || !back.IsSampled() {
		t.Errorf("header %q: got %v back", header, back)
	}
}

func TestCallersTraceIsFollowedOnlyWhenTrusted(t *testing.T) {
	const header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	for _, test := range []struct {
		name     string
		trust    bool
		every    uint32
		recorded bool
		followed bool
	}{
		{"trusted", true, 1 << 31, true, true},
		{"not trusted, not drawn", false, 1 << 31, false, false},
		{"not trusted, drawn", false, 1, true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			tel := start(t, telemetry.Config{Endpoint: newCollector(t).URL, SampleEvery: test.every, TrustParent: test.trust,
				Timeout: config.Duration(time.Second)}, new(metric.Set))
			_, s := tel.Tracer().Start(span.Remote(t.Context(), []byte(header)), "POST /v1/lookup")
			defer s.End()
			followed := s.SpanContext().TraceID().String() == header[3:35]
			if s.IsRecording() != test.recorded || followed != test.followed {
				t.Errorf("got recorded %t, followed %t", s.IsRecording(), followed)
			}
		})
	}
}

func TestOneRequestInManyIsSampled(t *testing.T) {
	tel := start(t, telemetry.Config{Endpoint: newCollector(t).URL, SampleEvery: 100, Timeout: config.Duration(time.Second)}, new(metric.Set))
	n := 0
	for range 100_000 {
		ctx, s := tel.Tracer().Start(t.Context(), "POST /v1/lookup")
		if s.IsRecording() {
			n++
		} else if _, step := span.Step(ctx, "ask"); step.IsRecording() {
			t.Fatal("a step of an unsampled request was recorded")
		}
		s.End()
	}
	if n < 800 || n > 1200 { // 1000 ± 6 standard deviations
		t.Errorf("got %d of 100000 sampled", n)
	}
}

func TestCollectorThatIsDownIsCountedOnly(t *testing.T) {
	set := new(metric.Set)
	tel := start(t, telemetry.Config{Endpoint: "http://127.0.0.1:1", SampleEvery: 1, Timeout: config.Duration(100 * time.Millisecond)}, set)
	_, s := tel.Tracer().Start(t.Context(), "POST /v1/lookup")
	s.End()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	_ = tel.Shutdown(ctx) // the SDK may hand the export's failure to the handler or back
	failures := set.Counter("verigate_telemetry_failures_total", "")
	if failures.Value() == 0 {
		t.Error("the failed export was not counted")
	}
}

func TestRemoteIgnoresWhatIsNotATraceparent(t *testing.T) {
	for _, header := range []string{"", "00-", strings.Repeat("0", 55), "00-00000000000000000000000000000000-b7ad6b7169203331-01",
		"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		"00-0af7651916cd43dd8448eb211c80319z-b7ad6b7169203331-01", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-zz"} {
		if sc := trace.SpanContextFromContext(span.Remote(t.Context(), []byte(header))); sc.IsValid() {
			t.Errorf("%q: got %v", header, sc)
		}
	}
}

func TestConfigNamesABadEndpoint(t *testing.T) {
	for _, bad := range []string{"127.0.0.1:4318", "ftp://a", "http://", "http://u:p@h", "http://h?q=1", "://"} {
		err := config.Parse("v.yaml", []byte("endpoint: '"+bad+"'"), nil, new(telemetry.Config))
		if err == nil || !strings.Contains(err.Error(), "endpoint") {
			t.Errorf("%q: got %v", bad, err)
		}
	}
}
