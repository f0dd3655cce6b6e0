package registry

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"io"
	"log/slog"
	"net"
	"runtime/debug"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
)

const (
	typeNDJSON  = "application/x-ndjson"
	typeCompact = "application/vnd.verigate.keys"

	maxBody       = 64 << 10 // what a call takes
	maxRead       = 4 << 20  // what is read of a body: a client still writing when the connection closes sees no refusal
	replyTimeout  = 10 * time.Second
	exportTimeout = time.Hour
)

func (r *Registry) newServer() *fasthttp.Server {
	return &fasthttp.Server{
		Handler:               r.serve,
		HeaderReceived:        limitsFor,
		ErrorHandler:          sendBroken,
		Name:                  "verigate-registry",
		ReadTimeout:           10 * time.Second,
		WriteTimeout:          replyTimeout,
		IdleTimeout:           2 * time.Minute,
		MaxRequestBodySize:    maxRead,
		ReadBufferSize:        8 << 10,
		CloseOnShutdown:       true,
		SecureErrorLogMessage: true, // its log lines would quote requests otherwise
		Logger:                quiet{},
	}
}

// quiet drops fasthttp's own log lines: what they tell is a caller's broken connection.
type quiet struct{}

func (quiet) Printf(string, ...any) {}

// limitsFor gives the calls that stream the time they need.
func limitsFor(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
	switch uri := h.RequestURI(); {
	case bytes.HasPrefix(uri, []byte("/changes")):
		return fasthttp.RequestConfig{WriteTimeout: maxWait + replyTimeout}
	case bytes.HasPrefix(uri, []byte("/keys")):
		return fasthttp.RequestConfig{WriteTimeout: exportTimeout}
	}
	return fasthttp.RequestConfig{}
}

// sendBroken answers what fasthttp could not read as a request.
func sendBroken(ctx *fasthttp.RequestCtx, err error) {
	p := refuse(400, "request_malformed", "this is not a request that can be read")
	var small *fasthttp.ErrSmallBuffer
	var network net.Error
	switch {
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		p = errTooLarge
	case errors.As(err, &small):
		p = refuse(431, "head_too_large", "the head of the request is too large")
	case errors.As(err, &network) && network.Timeout():
		p = refuse(408, "request_timeout", "the request took too long to arrive")
	}
	p.send(ctx)
	ctx.SetConnectionClose()
}

// serve is every request's way: a known call, its method, the caller's token, then the call itself.
func (r *Registry) serve(ctx *fasthttp.RequestCtx) {
	defer func() {
		if recover() != nil { // its own words may quote the request
			r.log.Error("a request broke the registry", "stack", string(debug.Stack()))
			errInternal.send(ctx)
		}
	}()
	c, known := r.calls[string(ctx.Path())]
	switch {
	case !known:
		errPath.send(ctx)
	case !c.allows(ctx.Method()):
		errMethod.send(ctx)
		ctx.Response.Header.Set("Allow", c.methods)
	case c.token && !r.admits(ctx.Request.Header.Peek("Authorization")):
		errUnauthorized.send(ctx)
	case len(ctx.Request.Body()) > maxBody:
		errTooLarge.send(ctx)
	default:
		c.serve(ctx)
	}
}

// call is one entry of the API.
type call struct {
	methods string // separated by ", "
	token   bool   // asks for the bearer token, if there is one
	serve   fasthttp.RequestHandler
}

func (c *call) allows(method []byte) bool {
	for m := range strings.SplitSeq(c.methods, ", ") {
		if m == string(method) {
			return true
		}
	}
	return false
}

// newCalls lists what the registry answers.
func (r *Registry) newCalls() map[string]call {
	under := func(slow bool, serve func(*fasthttp.RequestCtx, harm)) fasthttp.RequestHandler {
		return func(ctx *fasthttp.RequestCtx) { r.underFaults(ctx, slow, serve) }
	}
	calls := map[string]call{
		"/records": {"POST", true, under(true, r.serveRecords)},
		"/changes": {"GET", true, under(false, r.serveChanges)},
		"/keys":    {"GET", true, under(false, r.serveKeys)},
		"/healthz": {"GET", false, serveHealth},
	}
	if r.config.Lab {
		calls["/lab/people"] = call{"POST", false, r.servePeople}
		calls["/lab/faults"] = call{"GET, POST, DELETE", false, r.serveFaults}
	}
	return calls
}

func serveHealth(ctx *fasthttp.RequestCtx) {
	ctx.SetContentType("application/json")
	ctx.SetBodyString(`{"status":"ok"}`)
}

// admits compares digests, so that neither the token's length nor a common beginning shows in the time it takes.
func (r *Registry) admits(authorization []byte) bool {
	if r.config.Token == "" {
		return true
	}
	const scheme = "Bearer "
	if len(authorization) < len(scheme) || !strings.EqualFold(string(authorization[:len(scheme)]), scheme) {
		return false
	}
	given := sha256.Sum256(authorization[len(scheme):])
	return subtle.ConstantTimeCompare(given[:], r.token[:]) == 1
}

// stream answers with what write writes, each write a chunk that leaves at once. An error of write breaks the
// connection off, so that the caller cannot take what it got for the whole.
func (r *Registry) stream(ctx *fasthttp.RequestCtx, contentType string, write func(io.Writer) error) {
	ctx.SetContentType(contentType)
	ctx.SetBodyStream(&body{write: write, log: r.log}, -1)
}

// body is a reply that is written rather than read; fasthttp calls WriteTo because SupportsBodyWriteTo says so.
type body struct {
	write func(io.Writer) error
	log   *slog.Logger
}

func (b *body) SupportsBodyWriteTo() bool { return true }

func (b *body) Read([]byte) (int, error) {
	return 0, errors.New("reading a stream that only writes: the caller speaks HTTP/1.0")
}

var errBroken = errors.New("writing a stream: it broke the registry")

func (b *body) WriteTo(out io.Writer) (_ int64, err error) {
	defer func() {
		if recover() != nil { // nothing further up would catch it
			b.log.Error("a stream broke the registry", "stack", string(debug.Stack()))
			err = errBroken
		}
	}()
	return 0, b.write(out)
}
