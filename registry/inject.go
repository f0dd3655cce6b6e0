package registry

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"time"

	"github.com/valyala/fasthttp"
)

// harm is what is to be done to one reply that is otherwise served.
type harm struct{ truncate, garble bool }

// underFaults serves a request as badly as the faults in effect demand. slow says whether latency and capacity count:
// they do for record lookups, not for feeds and exports, which are slow by nature.
func (r *Registry) underFaults(ctx *fasthttp.RequestCtx, slow bool, serve func(*fasthttp.RequestCtx, harm)) {
	s := r.faults.active.Load()
	if s == nil {
		serve(ctx, harm{})
		return
	}
	switch {
	case s.BlackHole:
		r.swallow(s.lifted, ctx)
		return
	case slow && !r.delay(s):
		errOverloaded.send(ctx)
		return
	case happens(s.ResetRate):
		ctx.HijackSetNoResponse(true)
		ctx.Hijack(reset)
		return
	case happens(s.ErrorRate):
		errInternal.send(ctx)
		return
	}
	serve(ctx, harm{truncate: happens(s.TruncateRate), garble: happens(s.GarbleRate)})
}

func happens(rate float64) bool { return rate > 0 && rand.Float64() < rate }

// delay waits for a turn and for the latency; false means that there is no turn to be had.
func (r *Registry) delay(s *setting) bool {
	wait := s.latency()
	if s.CapacityRPS > 0 {
		turn, ok := r.faults.queue.turn(r.now(), s.CapacityRPS)
		if !ok {
			return false
		}
		wait += turn
	}
	if wait > 0 {
		pause(r.ctx, wait)
	}
	return true
}

// swallow takes the connection and says nothing until the caller leaves or the fault is lifted.
func (r *Registry) swallow(lifted context.Context, ctx *fasthttp.RequestCtx) {
	ctx.HijackSetNoResponse(true)
	ctx.Hijack(func(c net.Conn) {
		// The server closes the connection once this returns; until then its Close does nothing and only a deadline
		// ends the wait. The connection beneath is asked, because the wrapper is used again for others.
		beneath := unwrap(c)
		wake := func() { _ = beneath.SetReadDeadline(time.Unix(1, 0)) }
		defer context.AfterFunc(lifted, wake)()
		defer context.AfterFunc(r.ctx, wake)()
		_, _ = io.Copy(io.Discard, beneath)
	})
}

// unwrap returns the connection that the server took over from the listener.
func unwrap(c net.Conn) net.Conn {
	if w, ok := c.(interface{ UnsafeConn() net.Conn }); ok {
		return w.UnsafeConn()
	}
	return c
}

// reset closes a connection so that the caller sees a reset instead of an end.
func reset(c net.Conn) {
	c = unwrap(c)
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	if t, ok := c.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
	_ = c.Close()
}

// hurtReply damages the complete reply that ctx holds.
func hurtReply(ctx *fasthttp.RequestCtx, h harm) {
	if h.garble {
		ctx.SetBody(garble(ctx.Response.Body()))
	}
	if h.truncate {
		cutShort(ctx)
	}
}

// cutShort sends the head of the reply and half of its body, and closes the connection.
func cutShort(ctx *fasthttp.RequestCtx) {
	var whole bytes.Buffer
	w := bufio.NewWriter(&whole)
	if ctx.Response.Write(w) != nil || w.Flush() != nil {
		return
	}
	text := whole.Bytes()[:whole.Len()-(len(ctx.Response.Body())+1)/2]
	ctx.HijackSetNoResponse(true)
	ctx.Hijack(func(c net.Conn) { _, _ = c.Write(text) })
}

// garble makes of a JSON reply something that is not the reply. Every way shows in the Content-Digest, which stays that
// of the reply as it was; all but the last show without it.
func garble(reply []byte) []byte {
	switch rand.IntN(5) {
	case 0: // a page from something in between
		return []byte("<html><body><h1>It works!</h1></body></html>")
	case 1: // the right shape, too few answers
		return []byte(`{"watermark":{"version":1,"at":"2000-01-01T00:00:00Z"},"answers":[]}`)
	case 2: // nothing at all
		return nil
	case 3:
		return scramble(bytes.Clone(reply))
	}
	return alter(bytes.Clone(reply))
}

// alter changes one digit, if there is one: the reply still reads well.
func alter(b []byte) []byte {
	for range 1000 {
		if i := rand.IntN(len(b)); b[i]-'0' <= 9 {
			b[i] = '0' + (b[i]-'0'+byte(1+rand.IntN(9)))%10
			break
		}
	}
	return b
}

// scramble overwrites a stretch with control characters, which JSON has nowhere, and which no checksum survives.
func scramble(b []byte) []byte {
	if len(b) == 0 {
		return b
	}
	at := rand.IntN(len(b))
	for i := at; i < min(at+16, len(b)); i++ {
		b[i] = byte(1 + rand.IntN(8))
	}
	return b
}

// errCut ends a stream that is to be cut off.
var errCut = errors.New("cut off on purpose")

// hurtStream is a stream that is damaged in one of its writes.
type hurtStream struct {
	out  io.Writer
	harm harm
	left int // writes until it happens
}

// wrap returns out, damaged somewhere within so many writes if h says so.
func (h harm) wrap(out io.Writer, within int) io.Writer {
	if h == (harm{}) {
		return out
	}
	return &hurtStream{out: out, harm: h, left: rand.IntN(within)}
}

func (h *hurtStream) Write(p []byte) (int, error) {
	h.left--
	if h.left != -1 {
		return h.out.Write(p)
	}
	text := p
	if h.harm.garble {
		text = scramble(bytes.Clone(p))
	}
	if !h.harm.truncate {
		return h.out.Write(text)
	}
	if _, err := h.out.Write(text[:len(text)/2]); err != nil {
		return 0, err
	}
	return 0, errCut
}
