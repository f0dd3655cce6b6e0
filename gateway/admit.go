package gateway

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime"
	"runtime/debug"

	"github.com/valyala/fasthttp"

	v1 "github.com/verigate/verigate/gateway/v1"
	"github.com/verigate/verigate/verify"
)

// handle is the whole of one request.
func (s *Server) handle(rc *fasthttp.RequestCtx) {
	x := s.open(rc)
	defer x.close()
	if x.admit() {
		x.route.serve(x)
	}
}

// admit lets a request in: it must be for a call that exists, by its method, with its body here and small enough, and
// there must be a slot. The body is read before the slot is taken, so that a slow sender holds nothing.
func (x *exchange) admit() bool {
	x.mark(stepAdmit)
	method := x.rc.Method()
	switch {
	case x.route == routeNone:
		return x.refuse(v1.Problem{Refusal: verify.RefusalPath})
	case string(method) == x.route.method:
	case x.route == routeOpenAPI && string(method) == fasthttp.MethodHead:
	case x.route.portal != 0 && string(method) == fasthttp.MethodOptions && x.s.cfg.Portal.CORSOrigin != "":
		x.preflight()
		return false
	default:
		return x.refuse(v1.Problem{Refusal: verify.RefusalMethod})
	}
	if x.route.body && !x.streamed() && !x.readBody() {
		return false
	}
	return x.takeSlot()
}

// streamed tells whether the body is a stream, which is read line by line and never as a whole.
func (x *exchange) streamed() bool {
	return x.route.streams && ndjson(x.rc.Request.Header.ContentType())
}

func (x *exchange) takeSlot() bool {
	if !x.streamed() {
		x.s.pacer.noticed(x.now)
	}
	if x.slot = x.s.slots.take(x.route.lane); x.slot {
		return true
	}
	x.retryAfter = x.s.cfg.RetryAfter.Std()
	return x.refuse(v1.Problem{Refusal: verify.RefusalOverloaded})
}

// readBody reads the whole body into the exchange, up to the limit. Of a body that is too large a good part is read
// and dropped, because a client that is still writing when the connection closes never sees the answer.
func (x *exchange) readBody() bool {
	limit := int(x.s.cfg.MaxBody)
	stream := x.rc.RequestBodyStream()
	if stream == nil {
		x.body = append(x.body[:0], x.rc.PostBody()...)
		return true
	}
	if x.rc.Request.Header.ContentLength() > limit+maxDrain {
		x.rc.SetConnectionClose()
		return x.refuse(v1.Problem{Refusal: verify.RefusalBodyTooLarge})
	}
	var err error
	if x.body, err = appendAll(x.body[:0], stream, limit); errors.Is(err, errTooLarge) {
		_, err = io.CopyN(io.Discard, stream, maxDrain)
		if err == nil { // there is more
			x.rc.SetConnectionClose()
		}
		return x.refuse(v1.Problem{Refusal: verify.RefusalBodyTooLarge})
	}
	switch {
	case err == nil:
		return true
	case timedOut(err):
		x.rc.SetConnectionClose() // what is left of the body must not be read as another request
		return x.refuse(v1.Problem{Refusal: verify.RefusalTimeout})
	}
	x.rc.SetConnectionClose()
	return x.refuse(v1.Problem{Refusal: verify.RefusalBody})
}

// maxDrain bounds what is read of a body only to drop it.
const maxDrain = 4 << 20

var errTooLarge = errors.New("reading a body: larger than the limit")

func appendAll(dst []byte, r io.Reader, limit int) ([]byte, error) {
	for {
		if len(dst) == cap(dst) {
			dst = append(dst, 0)[:len(dst)]
		}
		n, err := r.Read(dst[len(dst):min(cap(dst), limit+1)])
		dst = dst[:len(dst)+n]
		switch {
		case len(dst) > limit:
			return dst, errTooLarge
		case err == io.EOF:
			return dst, nil
		case err != nil:
			return dst, err
		}
	}
}

func timedOut(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}

// crashed answers a request whose handling panicked.
func (x *exchange) crashed(p any) {
	x.logCrash(p)
	x.identified = false // the audit log may be what crashed
	x.rc.Response.Reset()
	x.refuse(v1.Problem{Refusal: verify.RefusalInternal})
}

// logCrash notes the kind of a panic and where it came from, never its value: that could hold anything the request did.
func (x *exchange) logCrash(p any) {
	x.s.count.panics.Inc()
	what := kindOfPanic(p)
	x.s.deps.Log.Error("request crashed", slog.String("call", x.route.name), slog.String("request_id", x.batch.RequestID.String()),
		slog.String("panic", what), slog.String("stack", string(debug.Stack())))
}

// kindOfPanic names a panic without its value.
func kindOfPanic(p any) string {
	if err, ok := p.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("%T", p)
}

// failed answers what never became a request: a header that cannot be parsed or did not arrive.
func (s *Server) failed(rc *fasthttp.RequestCtx, err error) {
	x := s.open(rc)
	defer x.close()
	x.route = routeNone
	var small *fasthttp.ErrSmallBuffer
	switch {
	case errors.As(err, &small):
		x.refuse(v1.Problem{Refusal: verify.RefusalHeaderTooLarge})
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		x.refuse(v1.Problem{Refusal: verify.RefusalBodyTooLarge})
	case timedOut(err):
		x.refuse(v1.Problem{Refusal: verify.RefusalTimeout})
	default:
		x.refuse(v1.Problem{Refusal: verify.RefusalBody})
	}
}
