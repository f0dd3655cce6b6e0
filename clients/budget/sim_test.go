package budget_test

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/verigate/verigate/clients/budget"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

// begin is seven in the morning of a working day in Vietnam.
var begin = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

// clock is simulated time: it moves when a test says so.
type clock struct {
	mu  sync.Mutex
	now verify.Instant
}

func newClock() *clock {
	return &clock{now: verify.Instant{Wall: begin.UnixNano(), Mono: int64(time.Hour)}}
}

func (c *clock) read() verify.Instant {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) verify.Instant {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now.Wall += int64(d)
	c.now.Mono += int64(d)
	return c.now
}

// jump sets the wall clock, as an operator or a time server does; the monotonic one does not notice.
func (c *clock) jump(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now.Wall += int64(d)
}

var hasher = verify.NewSubjectHasher([]byte("0123456789abcdef0123456789abcdef"))

// journal keeps what the audit log would be told.
type journal struct {
	mu     sync.Mutex
	events []budget.Event
}

func (j *journal) record(e budget.Event) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.events = append(j.events, e)
	return nil
}

func (j *journal) kinds() map[string]int {
	j.mu.Lock()
	defer j.mu.Unlock()
	n := map[string]int{}
	for _, e := range j.events {
		n[e.Kind]++
	}
	return n
}

func defaults() budget.Config {
	var cfg budget.Config
	config.Defaults(&cfg)
	return cfg
}

// start makes budgets with the default configuration, changed as the test likes.
func start(t testing.TB, c *clock, change func(*budget.Config, *budget.Deps)) *budget.Budget {
	t.Helper()
	cfg, deps := defaults(), budget.Deps{Clock: c.read, Hasher: hasher, Log: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&cfg, &deps)
	}
	b, err := budget.New(cfg, deps)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func clinicAt(slot int) *verify.Caller {
	facility, _ := identity.ParseFacility(fmt.Appendf(nil, "%02d%03d", 1+slot/1000%96, slot%1000))
	return &verify.Caller{ID: fmt.Sprintf("clinic-%05d", slot), Kind: verify.CallerClinic, Facility: facility, Slot: slot, Policy: verify.DefaultPolicy(), Contact: "support@example.invalid"}
}

// question is one question and the register's answer to it.
type question struct {
	q verify.Query
	a verify.Answer
}

func key(kind identity.Kind, format string, args ...any) identity.Key {
	k, ok := identity.NewKey(kind, fmt.Sprintf(format, args...))
	if !ok {
		panic(fmt.Sprintf(format, args...))
	}
	return k
}

// put asks a question as one would through the gateway and reports whether it was answered, and the budget's word.
func put(b *budget.Budget, now verify.Instant, c *verify.Caller, staff verify.Subject, x *question) (bool, verify.Verdict) {
	subject := hasher.Subject(x.q.Key)
	v := b.Ask(now, c, staff, subject, x.q.Key)
	if v.Refusal != verify.RefusalNone {
		return false, v
	}
	b.Charge(now, c, staff, subject, &x.q, &x.a)
	return true, v
}

// learned tells whether somebody's existence follows from an answer.
func learned(o verify.Outcome) bool {
	return o != verify.OutcomeNotFound && o != verify.OutcomeUnavailable && o != verify.OutcomeNone
}

// day is a full birth date as nobody guesses it.
func day(r *rand.Rand, year int) identity.Date {
	return identity.Date{Year: uint16(year), Month: uint8(1 + r.IntN(12)), Day: uint8(1 + r.IntN(28))}
}
