package budget

import (
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"sync"

	"github.com/verigate/verigate/verify"
)

// The kinds of events, as audit log, webhook and metrics name them.
const (
	EventSlow      = "harvest_slow"
	EventRefused   = "harvest_refused"
	EventSuspended = "harvest_suspended"
	EventCanary    = "harvest_canary"
	EventLifted    = "harvest_lifted"

	// A changed canary list is in force, or was refused and the one before stays.
	EventCanaries        = "harvest_canaries"
	EventCanariesRefused = "harvest_canaries_refused"
)

var eventKinds = [...]string{EventSlow, EventRefused, EventSuspended, EventCanary, EventLifted, EventCanaries, EventCanariesRefused}

var eventOf = [...]string{Slow: EventSlow, Refused: EventRefused, Suspended: EventSuspended}

// Event is an escalation: what the audit log keeps, the webhook carries and /status shows. There is nothing in it about
// the people who were asked about. An event about the canary list is about no account.
type Event struct {
	ID      string           `json:"id"`    // 32 hexadecimal digits; a receiver that sees one twice has it already
	At      string           `json:"at"`    // RFC 3339
	Kind    string           `json:"event"` // harvest_slow, …
	Account string           `json:"account,omitempty"`
	Caller  string           `json:"caller,omitempty"` // who asked; empty when the account is not a caller's
	Contact string           `json:"contact,omitempty"`
	Reason  string           `json:"reason,omitempty"` // the signal that weighs most; why a canary list was refused
	Canary  int              `json:"canary,omitempty"` // the line of the list
	Counts  map[string]int64 `json:"counts,omitempty"`
	Limits  map[string]int64 `json:"limits,omitempty"`
	By      string           `json:"by,omitempty"` // the operator who lifted it
	Node    string           `json:"node"`

	Canaries int `json:"canaries,omitempty"` // people on the list in force, of an event about the list
}

// eventQueue is how many events wait for the audit log; more are counted as lost, never waited for.
const eventQueue = 1024

func newNode() string { return randomHex(8) }

func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// tell queues an event about an account whose lock is held.
func (b *Budget) tell(now verify.Instant, a *account, kind string, why signal, more func(*Event)) {
	e := Event{ID: randomHex(16), At: timestamp(now), Kind: kind, Account: a.key, Caller: a.id,
		Contact: a.contact, Reason: why.String(), Node: b.node}
	e.Counts, e.Limits = b.figures(a)
	if more != nil {
		more(&e)
	}
	b.queue(&e)
}

func timestamp(now verify.Instant) string { return now.Time().Format("2006-01-02T15:04:05.000Z07:00") }

// queue counts an event and leaves it to be delivered; it never waits.
func (b *Budget) queue(e *Event) {
	b.m.events[e.Kind].Inc()
	select {
	case b.events <- *e:
	default:
		b.m.lost.Inc()
	}
}

// figures returns an account's counts and limits by name; its lock is held.
func (b *Budget) figures(a *account) (have, most map[string]int64) {
	have, most = map[string]int64{}, map[string]int64{}
	l := b.cfg.limits(a, a.count(people), a.count(canaries))
	for s := range signals {
		have[s.String()], most[s.String()] = a.count(s), l[s]
	}
	return have, most
}

// slowAgain is how long an account that was told to be slow is not told of again, in nanoseconds.
const slowAgain = int64(refusedRetry)

// raise moves an account, whose lock is held, to a worse level.
func (b *Budget) raise(now verify.Instant, a *account, to Level, why signal) {
	a.level.Store(uint32(to))
	a.reason, a.since = why, now.Wall
	switch to {
	case Slow:
		if a.slowTold != 0 && now.Mono-a.slowTold < slowAgain {
			return
		}
		a.slowTold = now.Mono
	case Suspended:
		a.version++
		b.holds.put(hold{Account: a.key, Version: a.version, Suspended: true, Reason: why.String(), At: now.Wall})
	}
	b.tell(now, a, eventOf[to], why, nil)
}

// deliver brings events where they belong, one after the other, until the budgets are closed and the queue is empty.
func (b *Budget) deliver() {
	for {
		select {
		case e := <-b.events:
			b.publish(e)
		case <-b.stop:
			for {
				select {
				case e := <-b.events:
					b.publish(e)
				default:
					return
				}
			}
		}
	}
}

func (b *Budget) publish(e Event) {
	b.lately.add(e)
	level := slog.LevelWarn
	if e.Kind == EventSlow || e.Kind == EventLifted || e.Kind == EventCanaries {
		level = slog.LevelInfo
	}
	b.deps.Log.Log(bg, level, "harvest budget", "event", e.Kind, "account", e.Account, "caller", e.Caller, "reason", e.Reason)
	if b.deps.Record != nil {
		if err := b.deps.Record(e); err != nil {
			b.deps.Log.Error("an escalation is not in the audit log", "event", e.Kind, "account", e.Account, "reason", err)
			b.m.lost.Inc()
		}
	}
	if e.Kind != EventSlow {
		b.hook.push(e)
	}
}

// lately are the last events, newest last, for /status.
type lately struct {
	mu   sync.Mutex
	list []Event
}

const latelyKept = 20

func (l *lately) add(e Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.list) == latelyKept {
		l.list = append(l.list[:0], l.list[1:]...)
	}
	l.list = append(l.list, e)
}

func (l *lately) events() []Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Event{}, l.list...)
}
