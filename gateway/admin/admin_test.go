package admin_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/gateway/admin"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestReadyzNamesEveryComponentAndWhy(t *testing.T) {
	down := errors.New("connecting to 127.0.0.1:6379: connection refused")
	loading := errors.New("loading the first generation")
	for _, test := range []struct {
		name          string
		filter, redis error
		drain         bool
		status        int
		want          string
	}{
		{"all well", nil, nil, false, 200, `{"state":"ready","components":[{"name":"filter","state":"ready"},{"name":"shared cache","state":"ready"}]}`},
		{"accelerator down", nil, down, false, 200,
			`{"state":"degraded","components":[{"name":"filter","state":"ready"},{"name":"shared cache","state":"degraded","why":"` + down.Error() + `"}]}`},
		{"vital part down", loading, down, false, 503,
			`{"state":"not_ready","components":[{"name":"filter","state":"not_ready","why":"` + loading.Error() + `"},{"name":"shared cache","state":"degraded","why":"` + down.Error() + `"}]}`},
		{"stopping", nil, nil, true, 503, `{"state":"stopping","components":[{"name":"filter","state":"ready"},{"name":"shared cache","state":"ready"}]}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, url := serve(t, admin.Config{})
			s.AddComponent(admin.Component{Name: "filter", Vital: true, Check: func() error { return test.filter }})
			s.AddComponent(admin.Component{Name: "shared cache", Check: func() error { return test.redis }})
			if test.drain {
				s.Drain()
			}
			status, _, body := get(t, url+"/readyz")
			if got := compact(t, body); status != test.status || got != test.want {
				t.Errorf("got %d %s\nwant %d %s", status, got, test.status, test.want)
			}
		})
	}
}

func TestStatusShowsEverySection(t *testing.T) {
	s, url := serve(t, admin.Config{})
	s.AddSection("filter", func() any { return map[string]any{"generation": 7, "coverage": []string{"id", "code"}} })
	s.AddSection("breaker", func() any { return struct{ State string }{"closed"} })
	_, header, body := get(t, url+"/status")
	var got struct {
		Filter struct {
			Generation int
			Coverage   []string
		}
		Breaker   struct{ State string }
		Readiness struct{ State string }
		Process   struct {
			HeapBytes int64 `json:"heap_bytes"`
		}
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	if got.Filter.Generation != 7 || len(got.Filter.Coverage) != 2 || got.Breaker.State != "closed" || got.Readiness.State != "ready" ||
		got.Process.HeapBytes == 0 || header.Get("Content-Type") != "application/json" {
		t.Errorf("got %s", body)
	}
}

func TestRoutes(t *testing.T) {
	_, url := serve(t, admin.Config{})
	for _, test := range []struct {
		path, kind, part string
		status           int
	}{
		{"/healthz", "text/plain; charset=utf-8", "ok\n", 200},
		{"/metrics", "text/plain", "verigate_up 1", 200},
		{"/console", "text/html; charset=utf-8", "<title>verigate</title>", 200},
		{"/console.js", "text/javascript; charset=utf-8", "use strict", 200},
		{"/console.css", "text/css; charset=utf-8", "body", 200},
		{"/", "text/html; charset=utf-8", "<title>verigate</title>", 200},
		{"/debug/pprof/", "text/plain; charset=utf-8", "", 404},
		{"/nothing", "text/plain; charset=utf-8", "", 404},
	} {
		status, header, body := get(t, url+test.path)
		if status != test.status || header.Get("Content-Type") != test.kind || !strings.Contains(body, test.part) {
			t.Errorf("%s: got %d %q %.80q", test.path, status, header.Get("Content-Type"), body)
		}
	}
	reply, err := http.Post(url+"/healthz", "text/plain", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: got %d", reply.StatusCode)
	}
}

func TestConsoleLoadsNothingFromElsewhere(t *testing.T) {
	_, url := serve(t, admin.Config{})
	for _, path := range []string{"/console", "/console.js", "/console.css"} {
		_, header, body := get(t, url+path)
		if strings.Contains(body, "//") && strings.Contains(body, "http") || strings.Contains(body, "innerHTML") {
			t.Errorf("%s reaches out or writes markup", path)
		}
		if !strings.Contains(header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: policy %q", path, header.Get("Content-Security-Policy"))
		}
	}
}

func TestProfilingAnswersOnlyWhenAsked(t *testing.T) {
	_, url := serve(t, admin.Config{Profiling: true})
	if status, _, body := get(t, url+"/debug/pprof/goroutine?debug=1"); status != 200 || !strings.Contains(body, "goroutine profile") {
		t.Errorf("got %d %.80q", status, body)
	}
}

func TestTakenPortIsNamed(t *testing.T) {
	_, url := serve(t, admin.Config{})
	address := strings.TrimPrefix(url, "http://")
	_, err := admin.New(admin.Config{Listen: address}, admin.Deps{}).Listen()
	if err == nil || !strings.Contains(err.Error(), "admin.listen "+address) {
		t.Errorf("got %v", err)
	}
	if err := config.Parse("v.yaml", []byte("listen: nowhere"), nil, new(admin.Config)); err == nil || !strings.Contains(err.Error(), `listen "nowhere"`) {
		t.Errorf("got %v", err)
	}
}

func serve(t *testing.T, c admin.Config) (s *admin.Server, url string) {
	t.Helper()
	return serveWith(t, c, admin.Deps{Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = w.Write([]byte("verigate_up 1\n"))
	})})
}

func serveWith(t *testing.T, c admin.Config, d admin.Deps) (s *admin.Server, url string) {
	t.Helper()
	c.Listen = "127.0.0.1:0"
	s = admin.New(c, d)
	addr, err := s.Listen()
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve() }()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := errors.Join(s.Shutdown(ctx), <-done); err != nil {
			t.Error(err)
		}
	})
	return s, "http://" + addr.String()
}

func get(t *testing.T, url string) (int, http.Header, string) {
	t.Helper()
	reply, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply.StatusCode, reply.Header, string(body)
}

func compact(t *testing.T, body string) string {
	t.Helper()
	var b strings.Builder
	for line := range strings.Lines(body) {
		b.WriteString(strings.TrimSpace(line))
	}
	return strings.ReplaceAll(b.String(), `": `, `":`)
}
