package gateway

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/verigate/verigate/gateway/portal"
	v1 "github.com/verigate/verigate/gateway/v1"
	"github.com/verigate/verigate/resolve"
	"github.com/verigate/verigate/verify"
)

// exchange is one request from its admission to its answer, and all the memory it needs. It is pooled: whoever keeps
// anything of it beyond [exchange.close] copies it.
type exchange struct {
	s       *Server
	rc      *fasthttp.RequestCtx
	route   *route
	now     verify.Instant
	lang    v1.Language
	caller  *verify.Caller
	batch   resolve.Batch // carries the request id
	problem v1.Problem    // why there is no answer; zero: there is one

	verdict    verify.Verdict // the caller's limits, for the RateLimit headers
	retryAfter time.Duration  // with a problem
	delay      time.Duration  // a slowed caller's answer is held back so long

	slot       bool // holds a global slot
	place      bool // holds a place among the caller's requests
	identified bool // a credential was shown: from here on a refusal is recorded
	stranger   bool // the credential is nobody's: what is recorded is counted by address
	streaming  bool // handed over to a stream, which closes it

	question v1.Request
	reader   *v1.Reader
	fields   portal.Fields
	portal   *portal.Reader
	token    portal.Token

	body, out, scratch []byte
	decision           [1]verify.Decision

	ctx   context.Context
	trace trail
}

// open begins an exchange: the clock is read once, the id is drawn, the route is found.
func (s *Server) open(rc *fasthttp.RequestCtx) *exchange {
	x := s.pool.Get().(*exchange) //nolint:forcetypeassert // the pool holds nothing else
	x.s, x.rc, x.now, x.ctx = s, rc, s.deps.Clock(), s.ctx
	x.batch.Reset()
	x.batch.Now, x.batch.RequestID = x.now, newRequestID(x.now)
	x.lang = v1.AcceptLanguage(rc.Request.Header.Peek(fasthttp.HeaderAcceptLanguage))
	if x.route = find(rc.Path()); x.route.tokens && s.deps.Tokens == nil {
		x.route = routeNone
	}
	s.startTrace(x)
	return x
}

// newRequestID makes an id that sorts by time: 48 bits of milliseconds, 80 random ones. It names a request, it guards
// nothing.
func newRequestID(now verify.Instant) (id verify.RequestID) {
	ms := uint64(now.Wall / int64(time.Millisecond))
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	a, b := rand.Uint64(), rand.Uint64()
	for i := range 8 {
		id[6+i] = byte(a >> (8 * i))
	}
	id[14], id[15] = byte(b), byte(b>>8)
	return id
}

// close ends an exchange whatever way it went: a panic becomes an answer, what it holds is given back, the event is
// counted. It is deferred in [Server.handle] and is the only place that does any of this.
func (x *exchange) close() {
	if p := recover(); p != nil {
		x.crashed(p)
		x.settle()
		return // not pooled again: who knows what state it is in
	}
	if x.streaming {
		return
	}
	x.settle()
	delay := min(x.delay, x.s.cfg.MaxDelay.Std())
	s := x.s
	x.reset()
	s.pool.Put(x)
	if delay > 0 {
		time.Sleep(delay) //nolint:forbidigo // holding a slowed caller's answer back is the point; no slot is held
	}
}

// settle gives back what the exchange holds and counts it.
func (x *exchange) settle() {
	if x.slot {
		x.s.slots.give()
		x.slot = false
	}
	if x.place {
		x.s.deps.Limits.Release(x.caller)
		x.place = false
	}
	x.s.count.request(x)
	x.endTrace()
}

func (x *exchange) reset() {
	*x = exchange{batch: x.batch, body: keep(x.body), out: keep(x.out), scratch: x.scratch[:0], reader: x.reader, portal: x.portal}
}

// maxKept bounds the buffers that a pooled exchange keeps.
const maxKept = 256 << 10

func keep(b []byte) []byte {
	if cap(b) > maxKept {
		return nil
	}
	return b[:0]
}
