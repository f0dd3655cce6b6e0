package gateway

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/verigate/verigate/verify"
)

// pacer holds batches back while others ask. What clinics lose to a batch is not slots but processor: a chunk of five
// hundred rows runs for milliseconds. So chunks run one at a time and for a share of the time only as long as anybody
// else has asked lately, and on all processors when nobody has.
type pacer struct {
	clock   verify.Clock
	share   float64 // of one processor, for batches, while others ask
	all     int     // chunks that may run while nobody does
	asked   atomic.Int64
	mu      sync.Mutex
	running int
	rests   int64 // Mono until which the lane rests
	queue   []chan struct{}
	parked  chan struct{} // one element for each chunk that waits for the registry
}

const (
	// lately is how long somebody who asked counts as asking: longer than the pause between two patients at a desk
	// would be too long for the batches, shorter than the pauses within a busy second too short for the clinics.
	lately = int64(time.Second)
	// chunkBeside is how many rows run at once beside others: about a tenth of a millisecond.
	chunkBeside = 32
	maxRest     = int64(100 * time.Millisecond)
	// maxParked chunks may wait for the registry: all further ones would only fill the asker's queue, which then refuses
	// rows that a moment later it would have taken.
	maxParked = 16
)

func newPacer(share float64, all int, clock verify.Clock) *pacer {
	p := &pacer{clock: clock, share: share, all: max(1, all), parked: make(chan struct{}, maxParked)}
	p.rests = clock().Mono
	p.asked.Store(p.rests - 2*lately)
	return p
}

// noticed is told of every request that is not a batch. It nearly always only reads, so that processors need not pass
// the word around.
func (p *pacer) noticed(now verify.Instant) {
	if now.Mono-p.asked.Load() > lately/64 {
		p.asked.Store(now.Mono)
	}
}

// beside tells whether somebody but batches has asked lately.
func (p *pacer) beside() bool { return p.clock().Mono-p.asked.Load() < lately }

// seat is one stream's right to run. Enter waits for it; what is done between enter and leave is the stream's work.
type seat struct {
	p     *pacer
	since int64
}

func (s *seat) enter() {
	p := s.p
	p.mu.Lock()
	if len(p.queue) == 0 && p.running < p.most() {
		p.running++
		p.mu.Unlock()
	} else {
		turn := make(chan struct{})
		p.queue = append(p.queue, turn)
		p.mu.Unlock()
		<-turn
	}
	s.rest()
	s.since = p.clock().Mono
}

// rest waits until the lane may run again. Whoever holds a seat waits for all: with one seat nobody else runs.
func (s *seat) rest() {
	p := s.p
	if !p.beside() {
		return
	}
	p.mu.Lock()
	left := p.rests - p.clock().Mono
	p.mu.Unlock()
	if left > 0 {
		pause(time.Duration(left))
	}
}

// leave ends the work and gives the seat to who waits longest.
func (s *seat) leave() {
	p := s.p
	now := p.clock().Mono
	rest := int64(0) // work that disturbed nobody is not rested from
	if p.beside() {
		rest = int64(float64(now-s.since) * (1 - p.share) / p.share)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rests = min(max(p.rests, now)+rest, now+maxRest)
	p.running--
	for len(p.queue) > 0 && p.running < p.most() {
		p.running++
		close(p.queue[0])
		p.queue = p.queue[1:]
	}
}

func (p *pacer) most() int {
	if p.beside() {
		return 1
	}
	return p.all
}

// Park implements resolve.Seat: whoever waits for the registry does not run.
func (s *seat) Park() {
	s.leave()
	s.p.parked <- struct{}{}
}

// Unpark implements resolve.Seat.
func (s *seat) Unpark() {
	<-s.p.parked
	s.enter()
}
