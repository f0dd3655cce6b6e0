package gateway

import (
	"errors"
	"io"
	"time"

	"github.com/valyala/fasthttp"

	v1 "github.com/verigate/verigate/gateway/v1"
	"github.com/verigate/verigate/verify"
)

var contentTypeNDJSON = []byte("application/x-ndjson")

// windowSize is how much of a stream is read ahead. It holds a full chunk of ordinary lines.
const windowSize = 128 << 10

// stream is POST /v1/verify with a body of lines: for each line in, a line out, in the same order, while the body is
// still arriving. It is the response's body: fasthttp pulls it in the connection's own goroutine, so there is nothing
// to leak, and a client that does not read is not read from.
type stream struct {
	x     *exchange
	began verify.Instant
	in    *lines
	row   uint32
	rows  []row
	text  []byte            // the lines of the chunk in hand; claims are views into it
	audit []verify.Decision // of the rows refused before they could be looked up
	stop  v1.Problem        // why no further line is looked up: the caller's quota is used up, say

	rights *verify.Entitlements // the field policy of the chunk in hand
	seat   seat
	seated bool
}

// row is one line of the chunk in hand.
type row struct {
	n       uint32
	query   verify.Query
	subject verify.Subject
	staff   verify.Subject
	purpose verify.Purpose
	problem v1.Problem
}

// stream begins a streamed verification.
func (x *exchange) stream() {
	h := &x.rc.Request.Header
	if encoded(h) || !h.IsHTTP11() {
		x.refuse(v1.Problem{Refusal: verify.RefusalMediaType})
		return
	}
	if !x.identifyKey(0) {
		return
	}
	if !x.s.streams.take(verify.LaneBatch) {
		x.retryAfter = x.s.cfg.RetryAfter.Std()
		x.refuse(v1.Problem{Refusal: verify.RefusalOverloaded})
		return
	}
	x.s.slots.give() // taken again for each chunk
	x.slot = false
	x.streaming = true
	var body io.Reader = eof{}
	if r := x.rc.RequestBodyStream(); r != nil {
		body = r
	}
	limit := int(x.s.cfg.Stream.MaxLine)
	st := &stream{x: x, seat: seat{p: x.s.pacer}, began: x.now, in: newLines(&paced{x: x, r: body}, max(windowSize, limit+2))}
	x.header(fasthttp.StatusOK, contentTypeNDJSON)
	x.rc.Response.ImmediateHeaderFlush = true
	x.rc.Response.SetBodyStream(st, -1)
}

type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }

// paced gives every read its own deadline.
type paced struct {
	x *exchange
	r io.Reader
}

func (p *paced) Read(b []byte) (int, error) {
	if err := p.x.rc.SetReadDeadline(time.Now().Add(p.x.s.cfg.Stream.IdleTimeout.Std())); err != nil {
		return 0, err
	}
	return p.r.Read(b)
}

// SupportsBodyWriteTo makes fasthttp call WriteTo, one Write of which is one flushed piece of the reply.
func (st *stream) SupportsBodyWriteTo() bool { return true }

// Read is not used: see SupportsBodyWriteTo.
func (st *stream) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// WriteTo answers the whole stream. An error leaves the reply without its end mark, so that the client can tell an
// interrupted stream from a complete one.
func (st *stream) WriteTo(w io.Writer) (written int64, err error) {
	defer func() {
		if p := recover(); p != nil {
			st.rise()
			st.x.logCrash(p)
			st.x.problem = v1.Problem{Refusal: verify.RefusalInternal}
			err = errCrashed
		}
	}()
	for {
		end := st.chunk()
		st.answer()
		if end != nil && !errors.Is(end, io.EOF) {
			st.cut(end)
		}
		st.rise()
		n, werr := st.send(w)
		written += n
		switch {
		case werr != nil:
			return written, werr
		case errors.Is(end, io.EOF):
			return written, nil
		case end != nil:
			return written, end
		}
	}
}

var (
	errCrashed  = errors.New("answering a stream: crashed")
	errStopping = errors.New("answering a stream: the server stops")
)

// Close gives back what the stream holds. fasthttp calls it whatever happened.
func (st *stream) Close() error {
	x := st.x
	if x == nil {
		return nil
	}
	st.x, x.now = nil, st.began
	x.s.streams.give()
	x.settle()
	return nil // the exchange is not pooled again: its batch may have grown five hundred times its usual size
}

// sit waits for the stream's turn to run, rise ends it. Neither reading what has not come nor writing needs a turn.
func (st *stream) sit() {
	st.seat.enter()
	st.seated = true
}

func (st *stream) rise() {
	if st.seated {
		st.seated = false
		st.seat.leave()
	}
}

// chunk reads and parses lines until there are enough or the sender pauses; beside others it takes fewer at once. The
// error is what ends the stream, after the lines in hand are answered.
func (st *stream) chunk() error {
	x := st.x
	x.now = x.s.deps.Clock() // anew, like the policy: a stream may last for hours
	st.rights = x.s.deps.Policy.Entitlements()
	st.rows, st.text, x.delay = st.rows[:0], st.text[:0], 0
	limit := x.s.cfg.Stream.Chunk
	for len(st.rows) < limit && (len(st.rows) == 0 || st.in.ready()) {
		if x.s.stopping.Load() {
			return errStopping
		}
		line, long, err := st.in.next(int(x.s.cfg.Stream.MaxLine))
		if err != nil {
			return err
		}
		if len(st.rows) == 0 {
			st.sit()
			if x.s.pacer.beside() {
				limit = min(limit, chunkBeside)
			}
		}
		st.row++
		st.rows = append(st.rows, row{n: st.row})
		r := &st.rows[len(st.rows)-1]
		if long {
			r.problem = v1.Problem{Refusal: verify.RefusalBodyTooLarge}
			continue
		}
		start := len(st.text)
		st.text = append(st.text, line...)
		st.parse(r, st.text[start:])
	}
	return nil
}

func (st *stream) parse(r *row, line []byte) {
	x := st.x
	if r.problem = x.question.Scan(line); r.problem.Refused() {
		return
	}
	if r.problem = x.readQuestion(verify.CallBatch, st.rights, &r.query); r.problem.Refused() {
		return
	}
	r.purpose, r.staff = x.batch.Purpose, x.batch.Staff
	if _, scanned := x.question.Text(v1.FieldQR); scanned { // the name may lie in the reader, which the next line needs
		start := len(st.text)
		st.text = append(st.text, r.query.Claims.Name...)
		r.query.Claims.Name = st.text[start:]
	}
}
