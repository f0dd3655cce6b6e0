package upstream_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/internal/clock"
	"github.com/verigate/verigate/upstream"
	"github.com/verigate/verigate/verify"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// registryDouble answers every key as absent, after delay, unless fail says otherwise.
type registryDouble struct {
	mu    sync.Mutex
	calls [][]identity.Key
	delay time.Duration
	fail  func(call int) error
}

func (r *registryDouble) Fetch(ctx context.Context, l *verify.Lookup) error {
	r.mu.Lock()
	r.calls = append(r.calls, append([]identity.Key(nil), l.Keys...))
	n, delay, fail := len(r.calls), r.delay, r.fail
	r.mu.Unlock()
	select {
	case <-time.After(delay):
	case <-ctx.Done():
		return ctx.Err()
	}
	if fail != nil {
		if err := fail(n); err != nil {
			return err
		}
	}
	for i := range l.Held {
		l.Held[i] = verify.Held{State: verify.StateAbsent, Version: 7}
	}
	return nil
}

func (r *registryDouble) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.calls)
}

func (r *registryDouble) sizes() (n []int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.calls {
		n = append(n, len(c))
	}
	return n
}

func defaults(change func(*upstream.Config)) upstream.Config {
	var cfg upstream.Config
	config.Defaults(&cfg)
	if change != nil {
		change(&cfg)
	}
	return cfg
}

var hasher = verify.NewSubjectHasher([]byte("test"))

func lookup(numbers ...int) *verify.Lookup {
	l := &verify.Lookup{Now: clock.System(), Held: make([]verify.Held, len(numbers))}
	for _, n := range numbers {
		k, _ := identity.NewKey(identity.KindCode, string([]byte{'0' + byte(n/100), '0' + byte(n/10%10), '0' + byte(n%10), '0', '0', '0', '0', '0', '0', '0'}))
		l.Keys = append(l.Keys, k)
		l.Subjects = append(l.Subjects, hasher.Subject(k))
	}
	return l
}

func newAsker(t *testing.T, r upstream.Fetcher, cfg upstream.Config) *upstream.Asker {
	t.Helper()
	return upstream.New(cfg, upstream.Deps{Fetcher: r, Clock: clock.System})
}

func TestEqualQuestionsShareOneCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &registryDouble{delay: 100 * time.Millisecond}
		a := newAsker(t, r, defaults(nil))
		defer a.Close()
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				l := lookup(1)
				a.Ask(context.Background(), l)
				if l.Held[0].State != verify.StateAbsent || l.Held[0].Source != verify.SourceRegistry || l.Held[0].Version != 7 {
					t.Errorf("held = %+v", l.Held[0])
				}
			})
		}
		wg.Wait()
		if n := r.count(); n != 1 {
			t.Errorf("%d calls for 50 equal questions", n)
		}
	})
}

// Who asks after a change was delivered must not be told what the registry said before it.
func TestNobodyJoinsAQuestionThatAChangeOvertook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &registryDouble{delay: time.Second}
		a := newAsker(t, r, defaults(nil))
		defer a.Close()
		before, after := lookup(1, 2), lookup(1, 2)
		var wg sync.WaitGroup
		wg.Go(func() { a.Ask(context.Background(), before) })
		synctest.Wait()
		a.Overtake(lookup(1, 3).Subjects)
		asked := clock.System()
		wg.Go(func() { a.Ask(context.Background(), after) })
		synctest.Wait()
		a.Ask(context.Background(), lookup(1))
		wg.Wait()
		if h := after.Held[0]; h.State != verify.StateAbsent || h.Learned < asked.Mono {
			t.Errorf("asked after the change: %+v, learned %s before it", h, time.Duration(asked.Mono-h.Learned))
		}
		if got := r.sizes(); len(got) != 2 || got[0] != 2 || got[1] != 1 {
			t.Errorf("calls of %v keys: the other question, and a third asker, should have joined one on its way", got)
		}
		if h := before.Held[0]; h.State != verify.StateAbsent {
			t.Errorf("asked before the change: %+v", h)
		}
		a.Ask(context.Background(), lookup(1))
		if got := r.sizes(); len(got) != 3 {
			t.Errorf("%d calls: an ended question is still joined", len(got))
		}
	})
}

// What still waits for a free call is not on its way: it will be asked after the change.
func TestWhatWaitsIsNotOvertaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &registryDouble{delay: time.Second}
		a := newAsker(t, r, defaults(func(c *upstream.Config) { c.Concurrency = 1 }))
		defer a.Close()
		var wg sync.WaitGroup
		for _, n := range []int{1, 2} {
			wg.Go(func() { a.Ask(context.Background(), lookup(n)) })
			synctest.Wait()
		}
		a.Overtake(lookup(2).Subjects)
		a.Ask(context.Background(), lookup(2))
		wg.Wait()
		if n := r.count(); n != 2 {
			t.Errorf("%d calls, want 2", n)
		}
	})
}

func TestAWaiterLeavesAloneAndTheCallGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &registryDouble{delay: time.Second}
		a := newAsker(t, r, defaults(nil))
		defer a.Close()
		patient := lookup(1)
		var wg sync.WaitGroup
		wg.Go(func() {
			hurried := lookup(1)
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
			defer cancel()
			a.Ask(ctx, hurried)
			if hurried.Held[0].Trouble != verify.TroubleTimeout || hurried.Held[0].State != verify.StateUnknown {
				t.Errorf("hurried waiter got %+v", hurried.Held[0])
			}
		})
		synctest.Wait()
		a.Ask(context.Background(), patient)
		wg.Wait()
		if patient.Held[0].State != verify.StateAbsent || r.count() != 1 {
			t.Errorf("patient waiter got %+v after %d calls", patient.Held[0], r.count())
		}
	})
}

func TestWhatWaitsGoesTogetherAndClinicsGoFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &registryDouble{delay: 100 * time.Millisecond}
		a := newAsker(t, r, defaults(func(c *upstream.Config) { c.Concurrency = 1; c.BatchSize = 3 }))
		defer a.Close()
		var wg sync.WaitGroup
		ask := func(l *verify.Lookup) { wg.Go(func() { a.Ask(context.Background(), l) }); synctest.Wait() }
		ask(lookup(1))
		bulk := lookup(10, 11, 12, 13)
		bulk.Batch = true
		ask(bulk)
		ask(lookup(2))
		ask(lookup(3))
		wg.Wait()
		r.mu.Lock()
		defer r.mu.Unlock()
		want := [][]identity.Key{lookup(1).Keys, lookup(2, 3).Keys, lookup(10, 11, 12).Keys, lookup(13).Keys}
		if len(r.calls) != len(want) {
			t.Fatalf("%d calls, want %d", len(r.calls), len(want))
		}
		for i := range want {
			if len(r.calls[i]) != len(want[i]) || r.calls[i][0] != want[i][0] {
				t.Errorf("call %d carried %d keys, want %d", i, len(r.calls[i]), len(want[i]))
			}
		}
	})
}

func TestTooManyWaitingAreBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &registryDouble{delay: 100 * time.Millisecond}
		a := newAsker(t, r, defaults(func(c *upstream.Config) { c.Concurrency = 1; c.Pending = 2 }))
		defer a.Close()
		l := lookup(1, 2, 3)
		a.Ask(context.Background(), l)
		if l.Held[2].Trouble != verify.TroubleBusy || l.Held[2].State != verify.StateUnknown {
			t.Errorf("third of two places: %+v", l.Held[2])
		}
		if l.Held[0].State != verify.StateAbsent || l.Held[1].State != verify.StateAbsent {
			t.Errorf("the first two: %+v", l.Held[:2])
		}
	})
}

func TestFailuresAreTroubleNeverAbsence(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want verify.Trouble
	}{
		{"garbled", &upstream.Failure{Trouble: verify.TroubleGarbled, Err: errors.New("x")}, verify.TroubleGarbled},
		{"refused", &upstream.Failure{Trouble: verify.TroubleRefused, Err: errors.New("x")}, verify.TroubleRefused},
		{"unknown error", errors.New("x"), verify.TroubleNetwork},
		{"deadline", context.DeadlineExceeded, verify.TroubleTimeout},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &registryDouble{fail: func(int) error { return tt.err }}
				a := newAsker(t, r, defaults(nil))
				defer a.Close()
				stale := verify.Held{State: verify.StatePresent, Stale: true, Record: []byte("in hand")}
				l := lookup(1, 2)
				l.Held[1] = stale
				a.Ask(context.Background(), l)
				if l.Held[0].State != verify.StateUnknown || l.Held[0].Trouble != tt.want {
					t.Errorf("held = %+v, want trouble %v", l.Held[0], tt.want)
				}
				if l.Held[1].State != verify.StatePresent || !l.Held[1].Stale || l.Held[1].Trouble != tt.want {
					t.Errorf("what was in hand became %+v", l.Held[1])
				}
			})
		})
	}
}

func TestASlowRegistryIsATimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &registryDouble{delay: time.Hour}
		a := newAsker(t, r, defaults(nil))
		defer a.Close()
		l := lookup(1)
		start := time.Now()
		a.Ask(context.Background(), l)
		if l.Held[0].Trouble != verify.TroubleTimeout || time.Since(start) != 2*time.Second || r.count() != 1 {
			t.Errorf("after %v and %d calls: %+v", time.Since(start), r.count(), l.Held[0])
		}
	})
}

func TestOneRetryWithinTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := true
		r := &registryDouble{fail: func(int) error {
			if down {
				return errors.New("reset")
			}
			return nil
		}}
		// A breaker that never opens, so that only the budget counts.
		a := newAsker(t, r, defaults(func(c *upstream.Config) { c.Breaker.MinCalls = 1 << 20 }))
		defer a.Close()
		const outage = 100
		for i := range outage {
			a.Ask(context.Background(), lookup(i))
		}
		if extra := r.count() - outage; extra != 10 {
			t.Errorf("an outage of %d questions was answered with %d retries, the budget is 10", outage, extra)
		}
		down = false
		for i := range outage {
			a.Ask(context.Background(), lookup(i))
		}
		next := r.count() + 1
		r.fail = func(call int) error {
			if call == next {
				return errors.New("reset")
			}
			return nil
		}
		l := lookup(1)
		a.Ask(context.Background(), l)
		if l.Held[0].State != verify.StateAbsent || r.count() != next+1 {
			t.Errorf("a single reset was not retried: %+v", l.Held[0])
		}
	})
}

func TestTheBreakerOpensAndRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := true
		r := &registryDouble{fail: func(int) error {
			if down {
				return errors.New("reset")
			}
			return nil
		}}
		var changes []string
		cfg := defaults(func(c *upstream.Config) { c.RetryRatio = 0 })
		a := upstream.New(cfg, upstream.Deps{Fetcher: r, Clock: clock.System,
			OnBreaker: func(from, to string) { changes = append(changes, from+">"+to) }})
		defer a.Close()
		for i := range 30 {
			a.Ask(context.Background(), lookup(i))
		}
		if r.count() != 20 || a.State() != "open" {
			t.Fatalf("%d calls reached the registry, breaker %s", r.count(), a.State())
		}
		l := lookup(1)
		a.Ask(context.Background(), l)
		if l.Held[0].Trouble != verify.TroubleBreaker {
			t.Errorf("behind an open breaker: %+v", l.Held[0])
		}
		down = false
		<-time.After(2*time.Second + time.Millisecond) // of the bubble's clock
		for i := range 5 {
			a.Ask(context.Background(), lookup(i))
		}
		if a.State() != "closed" || len(changes) != 3 {
			t.Errorf("breaker %s after %v", a.State(), changes)
		}
	})
}

func TestARememberedAnswerIsTheOneWaitersGet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &registryDouble{}
		a := upstream.New(defaults(nil), upstream.Deps{Fetcher: r, Clock: clock.System, Rememberer: remember(func(l *verify.Lookup) {
			for i := range l.Held {
				l.Held[i].MaxAge = int64(time.Minute)
			}
		})})
		defer a.Close()
		l := lookup(1, 2)
		a.Ask(context.Background(), l)
		for i, h := range l.Held {
			if h.MaxAge != int64(time.Minute) || h.Learned == 0 && h.State == verify.StateUnknown {
				t.Errorf("entry %d: %+v", i, h)
			}
		}
		if got := r.sizes(); len(got) != 1 || got[0] != 2 {
			t.Errorf("calls of %v keys, want one of 2", got)
		}
	})
}

type remember func(*verify.Lookup)

func (f remember) Remember(l *verify.Lookup) { f(l) }
