package gateway

import (
	"io"
	"net/netip"
	"time"

	"github.com/valyala/fasthttp"
)

// Handle is one request without a connection, for measuring.
func (s *Server) Handle(rc *fasthttp.RequestCtx) { s.handle(rc) }

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
type Slots struct{ s *slots }

// NewSlots makes n slots with so many waiters for so long.
func NewSlots(n, waiting int, wait time.Duration) Slots { return Slots{newSlots(n, waiting, wait)} }

// Take takes a slot.
func (s Slots) Take() bool { return s.s.take() }

// Give gives one back.
func (s Slots) Give() { s.s.give() }

// Free is how many are free; negative: so many wait.
func (s Slots) Free() int64 { return s.s.free.Load() }

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
