package admin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"sync"
	"sync/atomic"
	"time"

	"github.com/verigate/verigate/verify"
)

// Config is the admin listener's.
type Config struct {
	Listen    string `yaml:"listen" default:"127.0.0.1:9090" required:"true" help:"Address of the admin listener; what it shows it shows to everybody, so keep it off public networks."`
	Profiling bool   `yaml:"profiling" default:"false" help:"Whether /debug/pprof answers."`
}

// Validate checks the address.
func (c *Config) Validate() error {
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return fmt.Errorf("listen %q: must be host:port", c.Listen)
	}
	return nil
}

// Deps are what the listener shows. Metrics serves /metrics. Operators, Records and Clock are needed for acts only.
type Deps struct {
	Metrics   http.Handler
	Mounts    map[string]http.Handler // by path prefix ("/audit"), which they do not see; GET and HEAD only
	Operators Operators
	Records   Recorder
	Clock     verify.Clock
	Log       *slog.Logger
}

// Component is a part of the gateway whose state decides, or is worth knowing for, readiness.
type Component struct {
	Name string
	// Vital components make the gateway not ready; any other makes it degraded, which is shown but still ready.
	Vital bool
	// Check returns nil or why the component does not work. It is safe for concurrent use and answers within a second,
	// because a probe that waits longer counts as failed.
	Check func() error
}

// Server is the admin listener. Components and sections may be added while it serves.
type Server struct {
	http     *http.Server
	mux      *http.ServeMux
	deps     Deps
	listener net.Listener
	started  time.Time
	draining atomic.Bool

	mu         sync.RWMutex
	components []Component
	sections   map[string]func() any
}

// New makes a server that does not listen yet.
func New(c Config, d Deps) *Server {
	s := &Server{started: time.Now(), sections: map[string]func() any{}, mux: http.NewServeMux(), deps: d}
	s.routes(c, d)
	s.http = &http.Server{Addr: c.Listen, Handler: s.mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second,
		WriteTimeout: time.Minute, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	if d.Log != nil {
		s.http.ErrorLog = slog.NewLogLogger(d.Log.Handler(), slog.LevelWarn)
	}
	return s
}

// AddComponent adds a component to /readyz.
func (s *Server) AddComponent(c Component) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.components = append(s.components, c)
}

// AddSection adds a section to /status; read must be quick, safe for concurrent use, and return what encoding/json can
// write.
func (s *Server) AddSection(name string, read func() any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sections[name] = read
}

// Drain makes /readyz answer "stopping" from now on, so that a load balancer looks elsewhere.
func (s *Server) Drain() { s.draining.Store(true) }

// Listen takes the configured address, the port chosen by the kernel if it is 0, and returns it.
func (s *Server) Listen() (net.Addr, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", s.http.Addr)
	if err != nil {
		return nil, fmt.Errorf("listening on admin.listen %s: %w", s.http.Addr, err)
	}
	s.listener = l
	return l.Addr(), nil
}

// Serve answers until Shutdown, then returns nil. Listen comes first.
func (s *Server) Serve() error {
	if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving admin.listen %s: %w", s.http.Addr, err)
	}
	return nil
}

// Shutdown stops listening and waits for answers under way until ctx ends.
func (s *Server) Shutdown(ctx context.Context) error {
	if err := s.http.Shutdown(ctx); err != nil {
		return fmt.Errorf("stopping the admin listener: %w", err)
	}
	return nil
}

func (s *Server) routes(c Config, d Deps) {
	mux := s.mux
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.HandleFunc("GET /status", s.status)
	if d.Metrics != nil {
		mux.Handle("GET /metrics", d.Metrics)
	}
	for prefix, h := range d.Mounts {
		mux.Handle("GET "+prefix+"/", http.StripPrefix(prefix, h))
	}
	consoleRoutes(mux)
	if c.Profiling {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
}
