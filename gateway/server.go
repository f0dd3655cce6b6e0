package gateway

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/valyala/fasthttp"

	"github.com/verigate/verigate/gateway/portal"
	v1 "github.com/verigate/verigate/gateway/v1"
	"github.com/verigate/verigate/verify"
)

// Server is the public edge. It serves any number of listeners, plain and TLS side by side, until Shutdown. It is safe
// for concurrent use.
type Server struct {
	cfg        Config
	deps       Deps
	http       *fasthttp.Server
	slots      *lanes
	streams    *lanes
	pacer      *pacer
	floods     Floods // nil: the Recorder counts nothing by address
	tokens     *portal.Tokens
	corsOrigin []byte
	proxies    []netip.Prefix
	count      counters
	pool       sync.Pool
	stopping   atomic.Bool
	ctx        context.Context //nolint:containedctx // the life of the server, which outlives every call
	cancel     context.CancelFunc
}

// New makes a server; nothing listens yet. The error names the setting or collaborator that is wrong.
func New(cfg Config, deps Deps) (*Server, error) {
	if err := deps.check(); err != nil {
		return nil, err
	}
	keys, err := cfg.tokenKeys(deps.TokenKeys)
	if err != nil {
		return nil, err
	}
	tokens, err := portal.NewTokens(keys, cfg.Portal.TokenLife.Std(), cfg.Portal.TokenGrace.Std())
	if err != nil {
		return nil, fmt.Errorf("setting up portal.token_keys: %w", err)
	}
	proxies, err := cfg.proxies()
	if err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, deps: deps, tokens: tokens, proxies: proxies, corsOrigin: []byte(cfg.Portal.CORSOrigin),
		slots:   newLanes(cfg.MaxInFlight, cfg.MaxQueue, cfg.QueueWait.Std(), cfg.Lanes.spare(cfg.MaxInFlight)),
		streams: newLanes(cfg.Stream.MaxStreams, 0, 0, [verify.Lanes]int64{}),
		pacer:   newPacer(cfg.Lanes.BatchShare, runtime.GOMAXPROCS(0), deps.Clock),
	}
	s.pool.New = func() any { return &exchange{reader: new(v1.Reader), portal: new(portal.Reader)} }
	s.ctx, s.cancel = base()
	s.count = newCounters(deps.Metrics, s)
	s.floods, _ = deps.Recorder.(Floods)
	s.failOpen()
	s.http = s.httpServer()
	return s, nil
}

// httpServer sets every limit that fasthttp leaves open by default.
func (s *Server) httpServer() *fasthttp.Server {
	return &fasthttp.Server{
		Handler:                      s.handle,
		ErrorHandler:                 s.failed,
		HeaderReceived:               closeChunked,
		Logger:                       quietLog{s.deps.Log},
		ReadTimeout:                  s.cfg.ReadTimeout.Std(),
		WriteTimeout:                 s.cfg.WriteTimeout.Std(),
		IdleTimeout:                  s.cfg.IdleTimeout.Std(),
		MaxRequestBodySize:           int(s.cfg.MaxBody),
		ReadBufferSize:               int(s.cfg.MaxHeader),
		Concurrency:                  s.cfg.MaxConnections,
		MaxConnsPerIP:                s.cfg.MaxConnectionsPerIP,
		StreamRequestBody:            true, // bodies of streams; others are read up to MaxBody in admit
		DisablePreParseMultipartForm: true,
		NoDefaultServerHeader:        true,
		SecureErrorLogMessage:        true,
		CloseOnShutdown:              true,
		LazyRequestTime:              true,
	}
}

// closeChunked ends a connection after a chunked request: it is where proxies and servers disagree about where the next
// request begins.
func closeChunked(h *fasthttp.RequestHeader) (c fasthttp.RequestConfig) {
	if h.ContentLength() == -1 {
		h.SetConnectionClose()
	}
	return c
}

// quietLog takes what fasthttp wants to say about connections. Its texts can quote a request, so only the fact is
// logged, and only for who debugs.
type quietLog struct{ log *slog.Logger }

func (l quietLog) Printf(format string, _ ...any) {
	l.log.Debug("connection trouble", slog.String("kind", format))
}

// Serve answers on a listener until Shutdown; then it returns nil. It may be called for several listeners at once.
func (s *Server) Serve(ln net.Listener) error {
	if err := s.http.Serve(ln); err != nil {
		return fmt.Errorf("serving on %s: %w", ln.Addr(), err)
	}
	return nil
}

// ServeTLS is Serve over TLS 1.2 or newer, with the certificates of cfg.
func (s *Server) ServeTLS(ln net.Listener, cfg *tls.Config) error {
	cfg = cfg.Clone()
	cfg.MinVersion = max(cfg.MinVersion, tls.VersionTLS12)
	cfg.NextProtos = []string{"http/1.1"}
	return s.Serve(tls.NewListener(ln, cfg))
}

// Shutdown stops listening, lets what is under way finish, ends streams at their next line, and returns when all
// connections are closed or ctx is done, with its error. A connection that never sent a byte is waited for until
// read_timeout, so ctx should last longer than that.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stopping.Store(true)
	defer s.cancel()
	if err := s.http.ShutdownWithContext(ctx); err != nil {
		return fmt.Errorf("draining connections: %w", err)
	}
	return nil
}
