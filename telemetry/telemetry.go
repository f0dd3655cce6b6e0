package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	otelprom "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/internal/metric"
)

const scopeName = "github.com/verigate/verigate"

// Config says what leaves the process as telemetry.
type Config struct {
	Endpoint    string            `yaml:"endpoint" help:"Base URL of an OTLP/HTTP collector, such as http://127.0.0.1:4318; traces go to /v1/traces below it; empty: no traces."`
	TokenFile   config.SecretFile `yaml:"token_file" help:"File with the bearer token for the collector."`
	SampleEvery uint32            `yaml:"sample_every" default:"1000" min:"1" help:"One request in this many is traced."`
	TrustParent bool              `yaml:"trust_parent" default:"false" help:"Whether a caller's sampled traceparent header makes its request traced; it lets callers decide what tracing costs."`
	Timeout     config.Duration   `yaml:"timeout" default:"5s" min:"100ms" max:"1m" help:"How long one export to the collector may take."`
	Instance    string            `yaml:"instance" help:"Name of this node in traces; empty: the host name."`
}

// Validate checks the endpoint.
func (c *Config) Validate() error {
	if c.Endpoint == "" {
		return nil
	}
	u, err := url.Parse(c.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.User != nil {
		return fmt.Errorf("endpoint %q: must be a URL such as http://127.0.0.1:4318", c.Endpoint)
	}
	return nil
}

// Deps are what telemetry publishes and where it complains. Version and Commit describe the build.
type Deps struct {
	Metrics         *metric.Set
	Log             *slog.Logger
	Version, Commit string
}

// Telemetry publishes metrics and traces until Shutdown. It is safe for concurrent use.
type Telemetry struct {
	metrics *sdkmetric.MeterProvider
	traces  *sdktrace.TracerProvider // nil without an endpoint
	handler http.Handler
	tracer  trace.Tracer
}

// New starts publishing. It does not connect: a collector that is down is found out and counted later. The process's
// OpenTelemetry error handler is replaced.
func New(c Config, d Deps) (*Telemetry, error) {
	complaints := &complainer{log: d.Log, failures: d.Metrics.Counter("verigate_telemetry_failures_total",
		"Exports of spans or metrics that failed.")}
	otel.SetErrorHandler(complaints)
	d.Metrics.Gauge("verigate_build_info", "Always 1; the labels say what is running.", func() float64 { return 1 },
		"version", d.Version, "commit", d.Commit, "go", runtime.Version())
	res, err := describe(c, d)
	if err != nil {
		return nil, fmt.Errorf("describing this process: %w", err)
	}
	t := &Telemetry{tracer: noop.NewTracerProvider().Tracer(scopeName)}
	if err := t.publishMetrics(d, res, complaints); err != nil {
		return nil, fmt.Errorf("publishing metrics: %w", err)
	}
	if c.Endpoint == "" {
		return t, nil
	}
	if err := t.publishTraces(c, res); err != nil {
		return nil, fmt.Errorf("publishing traces to endpoint %s: %w", c.Endpoint, err)
	}
	return t, nil
}

func describe(c Config, d Deps) (*resource.Resource, error) {
	instance := c.Instance
	if instance == "" {
		instance, _ = os.Hostname() // a node without a name is traced without one
	}
	return resource.Merge(resource.Default(), resource.NewSchemaless(
		attribute.String("service.name", "verigate"), attribute.String("service.version", d.Version),
		attribute.String("service.instance.id", instance), attribute.String("vcs.ref.head.revision", d.Commit)))
}

func (t *Telemetry) publishMetrics(d Deps, res *resource.Resource, complaints *complainer) error {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	reader, err := otelprom.New(otelprom.WithRegisterer(registry), otelprom.WithoutScopeInfo(), otelprom.WithoutTargetInfo(),
		otelprom.WithProducer(&producer{set: d.Metrics, start: time.Now()}))
	if err != nil {
		return err
	}
	t.metrics = sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader), sdkmetric.WithResource(res))
	t.handler = promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorLog: complaints, ErrorHandling: promhttp.ContinueOnError,
		MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
	return nil
}

func (t *Telemetry) publishTraces(c Config, res *resource.Resource) error {
	// WithEndpointURL takes the whole address, unlike the standard environment variable of the same meaning.
	opts := []otlptracehttp.Option{otlptracehttp.WithEndpointURL(strings.TrimSuffix(c.Endpoint, "/") + "/v1/traces"), otlptracehttp.WithTimeout(c.Timeout.Std())}
	if c.TokenFile.Set() {
		token, err := c.TokenFile.Read()
		if err != nil {
			return err
		}
		opts = append(opts, otlptracehttp.WithHeaders(map[string]string{"Authorization": "Bearer " + string(token)}))
	}
	exporter, err := otlptracehttp.New(context.Background(), opts...)
	if err != nil {
		return err
	}
	t.traces = sdktrace.NewTracerProvider(sdktrace.WithResource(res), sdktrace.WithSampler(sdktrace.AlwaysSample()),
		sdktrace.WithBatcher(scrubber{exporter}, sdktrace.WithExportTimeout(c.Timeout.Std())))
	t.tracer = &sampler{under: t.traces.Tracer(scopeName), every: max(c.SampleEvery, 1), trustParent: c.TrustParent}
	return nil
}

// Handler serves the metrics in Prometheus' text formats; for the admin listener only.
func (t *Telemetry) Handler() http.Handler { return t.handler }

// Tracer starts the spans of whole requests and decides which requests have one; see internal/span for the spans below.
// Starting a span for an unsampled request allocates nothing.
func (t *Telemetry) Tracer() trace.Tracer { return t.tracer }

// Shutdown exports the spans in hand and stops, giving up when ctx ends. Afterwards spans are dropped and a scrape
// shows the process's own metrics only.
func (t *Telemetry) Shutdown(ctx context.Context) error {
	var faults []error
	if t.traces != nil {
		faults = append(faults, t.traces.Shutdown(ctx))
	}
	faults = append(faults, t.metrics.Shutdown(ctx))
	if err := errors.Join(faults...); err != nil {
		return fmt.Errorf("flushing telemetry: %w", err)
	}
	return nil
}

// complainer counts what the SDK reports as failed and logs one line a minute of it.
type complainer struct {
	log      *slog.Logger
	failures *metric.Counter
	last     atomic.Int64
}

// Handle implements otel.ErrorHandler.
func (c *complainer) Handle(err error) {
	c.failures.Inc()
	now := time.Now().Unix()
	last := c.last.Load()
	if c.log == nil || now-last < 60 || !c.last.CompareAndSwap(last, now) {
		return
	}
	c.log.Warn("publishing telemetry failed; requests are not affected", "cause", err.Error(), "failures", c.failures.Value())
}

// Println implements promhttp.Logger.
func (c *complainer) Println(v ...any) { c.Handle(errors.New(fmt.Sprint(v...))) }
