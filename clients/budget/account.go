package budget

import (
	"math"
	"sync"
	"sync/atomic"

	"github.com/verigate/verigate/verify"
)

// Level is how far an account has come.
type Level uint32

// The levels, each worse than the one before.
const (
	Open Level = iota
	Slow
	Refused
	Suspended
)

var levelNames = [...]string{"open", "slow", "refused", "suspended"}

// String returns the level's name for operators, metrics and audit events.
func (l Level) String() string { return levelNames[l] }

// counts are what an account did in one epoch.
type counts struct {
	people sketch
	n      [counted]uint32 // all but people
}

// past is what is remembered of the epochs before the window, each forgotten by its age: the e-th part is left after
// lastingEpochs.
type past struct {
	people, strangers float32
}

// lastingEpochs is a quarter of a year, of epochs of twelve hours.
const lastingEpochs = 180

func (c *counts) past() past { return past{float32(c.people.n), float32(c.n[strangers])} }

// leave takes over what leaves the window.
func (p *past) leave(gone ...past) {
	for _, g := range gone {
		p.people += g.people
		p.strangers += g.strangers
	}
}

// age forgets as befits a number of epochs.
func (p *past) age(epochs int64) {
	left := float32(math.Exp(-float64(epochs) / lastingEpochs))
	p.people *= left
	p.strangers *= left
}

// account is what is counted of one caller, facility or staff member. It is laid out by cache lines, because 13,000 of
// them do not fit a core: an ordinary question reads the first, one about somebody new the next three. Everything below mu
// is guarded by it. An account of a caller is never removed.
type account struct {
	level   atomic.Uint32
	pending atomic.Int32 // questions under way
	room    atomic.Int32 // most of them
	ready   atomic.Bool
	asked   atomic.Int64 // monotonic time of the last question, to the second
	shared  atomic.Pointer[account]
	salt    uint64 // keeps its subjects apart in the memory
	id      string // the caller's; "" for a facility or a staff member
	mu      sync.Mutex

	epoch    int64
	window   float64 // people in the window, on all nodes: the sum that count(people) tells
	odds     int64   // of them, those learned of without proof
	usually  int64   // people above which it is slowed
	unproven int64   // from the directory: added to the limits of what is odd
	dirty    bool    // something the other nodes do not know
	now      counts
	then     counts
	others   others // the other nodes' counts
	past     past   // of all nodes

	key     string
	contact string
	kind    verify.CallerKind
	people  int64 // from the directory: the ceiling; 0: the kind's
	watched int64 // monotonic time until which the other nodes' counts are asked for again and again

	usual  float32 // people in an ordinary epoch
	epochs uint16  // for how many epochs it has been watched

	slowUntil int64 // monotonic
	slowTold  int64 // monotonic time of the last event about slowing; 0: none
	refused   int   // questions about new people since it is refused
	reason    signal
	since     int64 // wall time of the level
	version   uint64

	buckets [32]uint8
	recent  [8]uint64 // numbers asked without knowledge, newest at turn-1
	turn    uint8
	step    uint64 // distance between the last two
	_       [accountPad]byte
}

// accountPad makes an account a whole number of pairs of cache lines, because processors fetch the other of a pair too; a test
// holds it.
const accountPad = 80

// open gives a new account, whose lock is held, its name.
func (a *account) open(key string, c *verify.Caller, salt uint64) {
	a.key, a.kind, a.salt = key, c.Kind, salt
	a.contact, a.people, a.unproven = c.Contact, c.People, c.Unproven
	a.usually = math.MaxInt64 // until the first question is charged
	a.room.Store(roomAtOnce)
}

// roll moves on to the epoch; the caller holds mu.
func (a *account) roll(epoch int64, cfg *Config) {
	passed := epoch - a.epoch
	switch {
	case passed < -1: // the clock was far ahead, and what it counted then is counted now; else no epoch would end until then
		a.epoch = epoch
		return
	case passed <= 0:
		return // a clock put back a little counts on where it was
	case a.epoch != 0:
		a.learn(passed)
		a.past.age(passed)
	}
	a.past.leave(a.then.past(), a.others.then)
	if passed == 1 {
		a.then = a.now
		a.then.n[bucketed] = 0 // its counters are halved instead
	} else {
		a.past.leave(a.now.past(), a.others.now)
		a.then = counts{}
	}
	a.now, a.epoch = counts{}, epoch
	a.others.roll(passed)
	for i := range a.buckets {
		a.buckets[i] /= 2
	}
	a.sum(cfg)
}

// sum adds up what an ordinary question needs to know, so that it need not look at everything.
func (a *account) sum(cfg *Config) {
	a.window = a.now.people.n + a.then.people.n + float64(a.others.people)
	a.odds = a.count(unproven)
	a.usually = cfg.usual(a)
	a.makeRoom()
}

// learn takes the epoch that ends into what the account usually does: the most of late, forgotten by a tenth an epoch.
// Nothing is learned while it is refused.
func (a *account) learn(passed int64) {
	if Level(a.level.Load()) >= Refused {
		return
	}
	a.usual = max(float32(a.now.people.n), a.usual*0.9)
	a.epochs = uint16(min(int64(a.epochs)+passed, 1<<15))
}

// count returns how much there is of a signal in the window, on all nodes.
func (a *account) count(s signal) int64 {
	switch s {
	case people:
		return int64(a.window)
	case unproven:
		return a.count(strangers) + a.count(nearMisses) + a.count(elsewheres)
	case lasting:
		return a.count(strangers) + int64(a.past.strangers)
	}
	return int64(a.now.n[s]) + int64(a.then.n[s]) + a.others.n[s]
}

// makeRoom sets how many questions may be under way: as many as could all turn out to be about strangers without the
// account learning of more people than it may. A clinic's history gives it no more of it, because a thousand patients of its
// own would else let as many strangers through at once.
func (a *account) makeRoom() {
	more := int64(a.window)/2 + a.unproven
	n := min(roomAtOnce+more, room+more-a.odds)
	if a.kind != verify.CallerAgency {
		n = min(n, roomAtOnce+a.unproven, room+a.unproven-a.count(strangers))
	}
	a.room.Store(int32(max(roomWhenSlow/2, min(n, 1<<20))))
}

// take opens a place for a question under way.
func (a *account) take(most int32) bool {
	if a.pending.Add(1) <= most {
		return true
	}
	a.release()
	return false
}

// release gives the place back. Places of questions that never came back are forgotten when an account was idle, so
// there may be one less than were given.
func (a *account) release() {
	if a.pending.Add(-1) < 0 {
		a.pending.CompareAndSwap(-1, 0)
	}
}

// near tells whether a number without knowledge follows an order: close to one of the last eight, or as far from the last
// one as that was from the one before. It notes the number.
func (a *account) near(number uint64) bool {
	const close = 64
	last := a.recent[(a.turn+7)%8]
	found := false
	for _, r := range a.recent {
		found = found || r != 0 && number-r+close <= 2*close
	}
	step := number - last
	found = found || last != 0 && step == a.step && step != 0
	a.recent[a.turn%8], a.turn, a.step = number, (a.turn+1)%8, step
	return found
}

// bucket notes a question without knowledge in a bucket and returns how many there are.
func (a *account) bucket(h uint64) uint32 {
	b := &a.buckets[h%uint64(len(a.buckets))]
	*b += min(1, 255-*b)
	return uint32(*b)
}

// clear forgets what was counted, because an operator lifted the account.
func (a *account) clear() {
	a.now, a.then, a.others, a.past = counts{}, counts{}, others{}, past{}
	a.buckets, a.recent, a.step, a.refused, a.slowUntil, a.slowTold = [32]uint8{}, [8]uint64{}, 0, 0, 0, 0
	a.pending.Store(0)
}
