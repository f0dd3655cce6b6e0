package budget

import (
	"encoding/binary"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/internal/metric"
	"github.com/verigate/verigate/internal/prefetch"
	"github.com/verigate/verigate/verify"
)

// Deps are what the budgets work with; only Clock and Hasher are required.
type Deps struct {
	Clock  verify.Clock
	Hasher *verify.SubjectHasher // the gateway's, for the canary list
	// Redis is where nodes tell each other; nil: this node counts alone. Whoever made it closes it, after the budgets.
	Redis  redis.UniversalClient
	Prefix string // what every key in Redis begins with
	// Record is told every escalation, for the audit log. It is called by one background goroutine and may take its time.
	Record  func(Event) error
	Metrics *metric.Set
	Log     *slog.Logger
	// ClaimBound: answers come from another portal, which tells a wrong name and nothing else; see weigh.
	ClaimBound bool
}

// Budget holds callers to their harvest budgets. It is safe for concurrent use. [Budget.Close] ends its background work;
// Ask and Charge keep working.
type Budget struct {
	cfg      Config
	deps     Deps
	canary   canaryWatch
	memory   *memory
	fleet    *fleet
	accounts accounts
	m        counters
	events   chan Event
	hook     *webhook
	node     string
	holds    holds
	lately   lately
	hurried  chan *account // that met a stranger: the other nodes are told at once
	synced   atomic.Int64  // monotonic time of the last exchange with Redis; 0: none

	stop chan struct{}
	once sync.Once
	wg   sync.WaitGroup
}

// at returns which epoch an instant lies in. Epochs begin at the same time on every node, so wall time it is; nothing but
// the age of counts depends on it.
func (b *Budget) at(now verify.Instant) int64 { return now.Wall / int64(b.cfg.Epoch) }

// Coming sends for the account of the caller in a slot of the directory, because a question of it is on its way.
func (b *Budget) Coming(slot int) {
	if a := b.accounts.at(slot); a != nil {
		prefetch.Of(a)
		prefetch.Of(&a.epoch) // begins the second line
	}
}

// Ask tells whether the caller may ask about a person. Without a refusal, the answer is to be given to [Budget.Charge].
// [verify.RefusalHarvestSlow] means that too many questions are under way for what is known of the caller: the same
// question may be asked again when others are answered. It takes no lock unless the caller is slowed or stopped, and does
// not allocate.
func (b *Budget) Ask(now verify.Instant, c *verify.Caller, staff, subject verify.Subject, _ identity.Key) verify.Verdict {
	if !b.cfg.Enabled {
		return verify.Verdict{}
	}
	b.memory.expect(b.accounts.saltAt(c.Slot), &subject)
	who := b.accounts.of(c, staff)
	prefetch.Of(who[0].now.people.register(hashOf(&subject))) // for Charge, if the person is new to the caller
	if b.canary.list.Load().has(&subject) {
		b.touched(now, &who, &subject)
	}
	var out verify.Verdict
	for i, a := range who {
		if a == nil {
			continue
		}
		v := b.ask(now, a, who[0].salt, &subject)
		if v.Refusal != verify.RefusalNone {
			for _, taken := range who[:i] {
				if taken != nil {
					taken.release()
				}
			}
			b.m.refused(v.Refusal)
			return v
		}
		out.Delay = max(out.Delay, v.Delay)
	}
	return out
}

// slowRetry is what a caller with too many questions under way is told to wait: about as long as one takes.
const slowRetry = time.Second

func (b *Budget) ask(now verify.Instant, a *account, salt uint64, s *verify.Subject) verify.Verdict {
	if last := a.asked.Load(); now.Mono-last > int64(idle) && last != 0 && a.asked.CompareAndSwap(last, now.Mono) {
		a.pending.Store(0)
	}
	if now.Mono-a.asked.Load() > int64(time.Second) {
		a.asked.Store(now.Mono)
	}
	if Level(a.level.Load()) != Open {
		return b.askClosely(now, a, salt, s)
	}
	if !a.take(a.room.Load()) {
		return verify.Verdict{Refusal: verify.RefusalHarvestSlow, RetryAfter: slowRetry}
	}
	return verify.Verdict{}
}

// refusedRetry is when asking again makes sense for a caller that is refused: when a human has looked.
const refusedRetry = time.Hour

// askClosely is ask for an account that is not simply open.
func (b *Budget) askClosely(now verify.Instant, a *account, salt uint64, s *verify.Subject) verify.Verdict {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.roll(b.at(now), &b.cfg)
	b.settle(now, a)
	switch Level(a.level.Load()) {
	case Slow:
		if b.memory.knows(salt, s, a.epoch) {
			break // nobody new is learned of
		}
		if !a.take(min(roomWhenSlow, a.room.Load())) {
			return verify.Verdict{Refusal: verify.RefusalHarvestSlow, RetryAfter: slowRetry}
		}
		return verify.Verdict{Delay: b.cfg.SlowDelay.Std()}
	case Refused:
		if a.reason != probing && b.memory.knows(salt, s, a.epoch) {
			break // a clinic that is stopped still has the patients it had
		}
		if a.refused++; a.refused >= b.cfg.SuspendAfter {
			b.raise(now, a, Suspended, a.reason)
		}
		return verify.Verdict{Refusal: verify.RefusalHarvest, RetryAfter: refusedRetry}
	case Suspended:
		return verify.Verdict{Refusal: verify.RefusalHarvest, RetryAfter: refusedRetry}
	}
	if !a.take(max(a.room.Load(), roomWhenSlow)) {
		return verify.Verdict{Refusal: verify.RefusalHarvestSlow, RetryAfter: slowRetry}
	}
	return verify.Verdict{}
}

// Charge takes what a question brought to light from the caller's budget. The query and the answer are not kept. It takes
// locks of the caller's own accounts only, and does not allocate.
func (b *Budget) Charge(now verify.Instant, c *verify.Caller, staff, subject verify.Subject, q *verify.Query, a *verify.Answer) {
	if !b.cfg.Enabled {
		return
	}
	who := b.accounts.of(c, staff)
	shown := weigh(q, a, b.deps.ClaimBound)
	b.m.charged[shown].Inc()
	if shown == nothing {
		for _, a := range who {
			if a != nil {
				a.release()
			}
		}
		return
	}
	epoch := b.at(now)
	known := b.memory.remember(who[0].salt, &subject, epoch, shown.odd())
	f := finding{shown: shown, hash: hashOf(&subject), known: known}
	if shown.odd() {
		f.look(b.fleet, q, &subject, epoch, who[0].salt)
	}
	for i, a := range who {
		switch {
		case a == nil:
		case f.idle(): // the caller has asked before, so its facility has too
			a.release()
		default:
			b.charge(now, a, c, i, &f)
		}
	}
}

// hashOf is what a subject is counted by.
func hashOf(s *verify.Subject) uint64 { return binary.LittleEndian.Uint64(s[:8]) }

// finding is what one answer shows, the same for all accounts it is charged to.
type finding struct {
	shown   evidence
	known   bool // the caller asked about this person before
	joint   bool
	probing uint32
	trace   trace
	hash    uint64 // of the subject
}

func (f *finding) idle() bool { return f.known && f.probing == 0 }

func (f *finding) look(all *fleet, q *verify.Query, s *verify.Subject, epoch int64, asker uint64) {
	if f.shown == near || f.shown == stranger {
		f.probing = all.probed(q, s, epoch)
	}
	if f.shown.blind() && !f.known {
		f.trace = traceOf(q.Key)
		f.joint = all.joins(q, f.trace, epoch, asker)
	}
}

// charge books a finding to one account. Position 0 is the caller's own, which carries its figures from the directory.
func (b *Budget) charge(now verify.Instant, a *account, c *verify.Caller, position int, f *finding) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.release()
	a.roll(b.at(now), &b.cfg)
	if !f.shown.odd() {
		b.meet(now, a, f)
		return
	}
	if position == 0 || a.people < c.People || a.unproven < c.Unproven {
		a.people, a.unproven = c.People, c.Unproven
	}
	before := a.now.n
	a.watched = now.Mono + int64(watchedFor)
	a.book(f)
	a.sum(&b.cfg)
	b.odd(now, a, risen(&before, &a.now.n))
	if b.deps.Redis != nil && a.now.n[strangers] > before[strangers] {
		select {
		case b.hurried <- a:
		default: // the next round brings it
		}
	}
}

// meet counts somebody whom the caller proved to know.
func (b *Budget) meet(now verify.Instant, a *account, f *finding) {
	before := a.now.people.n
	if !a.now.people.add(f.hash) {
		return
	}
	a.window += a.now.people.n - before
	a.dirty = true
	a.makeRoom()
	if int64(a.window) >= a.usually {
		b.odd(now, a, 1<<people)
	}
}

// watchedFor is for how long after something odd an account's counts on other nodes are followed closely; those of any
// other account are asked for when it is asked about somebody new.
const watchedFor = time.Minute

// risen returns the set of signals that changed.
func risen[N uint32 | int64](before, after *[counted]N) (set uint16) {
	for s := range after {
		if after[s] != before[s] {
			set |= 1 << s
		}
	}
	return set
}

// book counts what is odd.
func (a *account) book(f *finding) {
	n := &a.now.n
	a.dirty = true
	n[probing] += f.probing
	if f.known {
		return
	}
	switch f.shown {
	case near:
		n[nearMisses]++
	case stranger:
		n[strangers]++
	case elsewhere:
		n[elsewheres]++
	case miss:
		n[misses]++
	}
	if !f.shown.blind() {
		return
	}
	if a.near(f.trace.number) {
		n[ordered]++
	}
	if f.joint {
		n[joint]++
	}
	n[bucketed] = max(n[bucketed], a.bucket(f.trace.bucket))
}

// odd weighs an account after the signals of a set have changed.
func (b *Budget) odd(now verify.Instant, a *account, set uint16) {
	level, reason := b.weighed(a, set)
	if level >= Slow {
		a.slowUntil = now.Mono + int64(b.cfg.SlowFor)
	}
	if level > Level(a.level.Load()) {
		b.raise(now, a, level, reason)
	}
}

// weighed tells what level an account's counts call for, and by which of them. What is near its limit slows an account
// only when it has just come nearer: a large hospital with a bad week is not to be slow all day.
func (b *Budget) weighed(a *account, set uint16) (Level, signal) {
	n, seen := a.count(people), a.count(canaries)
	l := b.cfg.limits(a, n, seen)
	level, worst, most := Open, people, int64(0)
	for s := range signals {
		have := a.count(s)
		switch {
		case s == people && have < b.cfg.usual(a) || have == 0:
			continue
		case have >= l[s]:
			level = Refused
		case set&(1<<s) != 0 && (s == people || have*4 >= l[s]*3 || s == canaries):
			level = max(level, Slow)
		default:
			continue
		}
		if part := have * 1000 / l[s]; part >= most {
			worst, most = s, part
		}
	}
	if seen >= l[canaries] {
		return Suspended, canaries
	}
	return level, worst
}

// settle lets an account go as soon as its counts allow. What is suspended stays so until an operator lifts it.
func (b *Budget) settle(now verify.Instant, a *account) {
	switch Level(a.level.Load()) {
	case Slow:
		if now.Mono >= a.slowUntil {
			b.lower(now, a)
		}
	case Refused:
		if level, _ := b.weighed(a, 0); level < Refused {
			b.lower(now, a)
		}
	}
}

func (b *Budget) lower(now verify.Instant, a *account) {
	a.level.Store(uint32(Open))
	a.since, a.refused = now.Wall, 0
}

// New makes the budgets and starts their background work. Its error names the setting.
func New(cfg Config, d Deps) (*Budget, error) {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	b := &Budget{
		cfg: cfg, deps: d, fleet: newFleet(),
		events: make(chan Event, eventQueue), hurried: make(chan *account, syncChunk), node: newNode(), stop: make(chan struct{}),
	}
	var err error
	if b.memory, err = newMemory(int64(cfg.Memory)); err != nil {
		return nil, fmt.Errorf("taking budget.memory: %w", err)
	}
	if err = b.canary.open(cfg.CanaryFile, d.Hasher); err != nil {
		return nil, fmt.Errorf("reading budget.canary_file: %w", err)
	}
	if b.hook, err = newWebhook(&cfg.Webhook, b); err != nil {
		return nil, fmt.Errorf("reading budget.webhook.key_file: %w", err)
	}
	b.register(d.Metrics)
	if err := b.load(); err != nil {
		return nil, fmt.Errorf("reading budget.state_file: %w", err)
	}
	if cfg.Enabled {
		b.start()
	}
	return b, nil
}
