package gateway

import (
	"crypto/sha256"
	"crypto/x509"
	"io"
	"net"
	"net/netip"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/verigate/verigate/verify"
)

// Handle is one request without a connection, for measuring.
func (s *Server) Handle(rc *fasthttp.RequestCtx) { s.handle(rc) }

// Connected puts a request on a connection that was opened with the certificate, as if it were not its first.
func Connected(rc *fasthttp.RequestCtx, trust Trust, leaf *x509.Certificate) {
	c := &trustedConn{trust: trust, read: true, chain: []*x509.Certificate{leaf}, epoch: trust.Epoch(), expires: 1<<63 - 1}
	c.cert = verify.Certificate{Key: sha256.Sum256(leaf.RawSubjectPublicKeyInfo), Whole: sha256.Sum256(leaf.Raw)}
	c.local = localAddr{&net.TCPAddr{}, c}
	rc.Init2(c, nil, false)
}

// Address is whom a request comes from.
func (s *Server) Address(rc *fasthttp.RequestCtx) netip.Addr {
	x := s.open(rc)
	defer x.close()
	return x.address()
}

// RoutesInPlace tells whether every route knows its place.
func RoutesInPlace() bool {
	for i, r := range routes() {
		if r.n != i {
			return false
		}
	}
	return true
}

// Slots are the global slots by themselves.
type Slots struct{ l *lanes }

// NewSlots makes n slots with so many waiters of a lane for so long; spare are those each lane leaves to those before it.
func NewSlots(n, waiting int, wait time.Duration, spare [verify.Lanes]int64) Slots {
	return Slots{newLanes(n, waiting, wait, spare)}
}

// Take takes a slot.
func (s Slots) Take(lane verify.Lane) bool { return s.l.take(lane) }

// TakeLast takes a slot for a chunk of a batch.
func (s Slots) TakeLast() func() { return s.l.takeLast() }

// Give gives one back.
func (s Slots) Give() { s.l.give() }

// Free is how many are free.
func (s Slots) Free() int64 { return s.l.free.Load() }

// Waiting is how many wait.
func (s Slots) Waiting() int64 { return s.l.waiting.Load() }

// Pacer is what holds batches back, by itself.
type Pacer struct{ p *pacer }

// NewPacer makes one.
func NewPacer(share float64, all int, clock verify.Clock) Pacer {
	return Pacer{newPacer(share, all, clock)}
}

// Noticed tells it that somebody else asks.
func (p Pacer) Noticed(now verify.Instant) { p.p.noticed(now) }

// Seat is a stream's right to run.
func (p Pacer) Seat() (enter, leave func()) {
	s := &seat{p: p.p}
	return s.enter, s.leave
}

// ReadLines reads a stream to its end by the window given.
func ReadLines(r io.Reader, window, limit int) (all []string, tooLong []bool, err error) {
	l := newLines(r, window)
	for {
		line, long, err := l.next(limit)
		if err != nil {
			return all, tooLong, err
		}
		all = append(all, string(line))
		tooLong = append(tooLong, long)
	}
}
