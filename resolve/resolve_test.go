package resolve_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/verigate/verigate/clients/policy"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/internal/clock"
	"github.com/verigate/verigate/resolve"
	"github.com/verigate/verigate/verify"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// step plays screener, recaller and asker: it is told of the lookup and may fill it.
type step func(l *verify.Lookup)

func (f step) Screen(l *verify.Lookup)                    { f(l) }
func (f step) Recall(_ context.Context, l *verify.Lookup) { f(l) }
func (f step) Ask(_ context.Context, l *verify.Lookup)    { f(l) }

// log keeps the decisions it is told, or refuses.
type log struct {
	got []verify.Decision
	err error
}

func (l *log) Record(_ context.Context, d []verify.Decision) error {
	l.got = append(l.got, d...)
	return l.err
}

type charges []verify.Outcome

func (c *charges) Charge(_ verify.Instant, _ *verify.Caller, _, _ verify.Subject, _ *verify.Query, a *verify.Answer) {
	*c = append(*c, a.Outcome)
}

// builtIn is the policy that is in force when none is configured.
type builtIn struct{}

var table = policy.BuiltIn()

func (builtIn) Entitlements() *verify.Entitlements { return table }

var hasher = verify.NewSubjectHasher([]byte("test"))

func clinic() *verify.Caller {
	return &verify.Caller{ID: "clinic", Kind: verify.CallerClinic, Policy: verify.DefaultPolicy()}
}

func newBatch(call verify.Call, n int) *resolve.Batch {
	b := &resolve.Batch{Now: clock.System(), Caller: clinic(), Call: call, Purpose: verify.PurposeTreatment}
	for i := range n {
		item := b.Add()
		item.Query.Key, _ = identity.NewKey(identity.KindCode, "000000000"+string(rune('0'+i)))
		item.Query.Claims = verify.Claims{Name: []byte("Nguyễn Văn Mẫu"), DOB: identity.Date{Year: 1980}}
		item.Query.On = identity.Date{Year: 2026, Month: 11, Day: 21}
	}
	return b
}

func present(t testing.TB, to identity.Date, more ...verify.Card) verify.Held {
	t.Helper()
	card, _ := identity.NewKey(identity.KindCard, "GD4010000000001")
	r := verify.Record{Name: []byte("Nguyễn Văn Mẫu"), DOB: identity.Date{Year: 1980, Month: 2, Day: 1},
		Cards: append([]verify.Card{{Number: card, From: identity.Date{Year: 2026, Month: 1, Day: 1}, To: to}}, more...)}
	b, err := r.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	return verify.Held{State: verify.StatePresent, Source: verify.SourceLocal, Version: 3, MaxAge: int64(time.Minute), Record: b}
}

func fill(h ...verify.Held) step {
	return func(l *verify.Lookup) {
		for i := range l.Held {
			if i < len(h) && !l.Held[i].Settled() && (h[i].State != verify.StateUnknown || h[i].Trouble != 0) {
				if h[i].State == verify.StateUnknown {
					l.Held[i].Trouble = h[i].Trouble
					continue
				}
				l.Held[i] = h[i]
			}
		}
	}
}

func TestEachStepSettlesWhatItCan(t *testing.T) {
	valid := present(t, identity.Date{})
	asked := 0
	l := &log{}
	c := &charges{}
	r := resolve.New(resolve.Deps{
		Hasher:   hasher,
		Policy:   builtIn{},
		Screener: fill(verify.Held{State: verify.StateAbsent, Source: verify.SourceFilter}),
		Recaller: fill(verify.Held{}, valid),
		Asker: step(func(l *verify.Lookup) {
			for i := range l.Held {
				if !l.Held[i].Settled() {
					asked++
					l.Held[i] = verify.Held{State: verify.StateElsewhere, Holder: verify.HolderDefence, Source: verify.SourceRegistry}
				}
			}
		}),
		Recorder: l, Budget: c,
	})
	b := newBatch(verify.CallLookup, 4)
	b.Items[3].Fault = identity.FaultMalformed
	r.Resolve(t.Context(), b)
	want := []struct {
		outcome verify.Outcome
		source  verify.Source
	}{{verify.OutcomeNotFound, verify.SourceFilter}, {verify.OutcomeMatch, verify.SourceLocal}, {verify.OutcomeOutOfRegister, verify.SourceRegistry}, {}}
	for i, w := range want {
		if a := b.Items[i].Answer; a.Outcome != w.outcome || a.Source != w.source {
			t.Errorf("item %d: %v from %v, want %v from %v", i, a.Outcome, a.Source, w.outcome, w.source)
		}
	}
	if asked != 1 {
		t.Errorf("the registry was asked about %d of 4", asked)
	}
	if len(l.got) != 4 || l.got[3].Code != "identifier_malformed" || l.got[1].Code != "000" || l.got[1].Subject != b.Items[1].Subject {
		t.Errorf("decisions = %+v", l.got)
	}
	if len(*c) != 3 {
		t.Errorf("charged %d times for three answers", len(*c))
	}
}

func TestStaleKnowledgeOnlySaysYes(t *testing.T) {
	stale := func(h verify.Held) verify.Held { h.Stale = true; return h }
	expired := present(t, identity.Date{Year: 2026, Month: 2, Day: 1})
	tests := []struct {
		name string
		held verify.Held
		want verify.Outcome
	}{
		{"a match is served", stale(present(t, identity.Date{})), verify.OutcomeMatch},
		{"an ended card is not", stale(expired), verify.OutcomeUnavailable},
		{"an absence is not", verify.Held{State: verify.StateAbsent, Stale: true}, verify.OutcomeUnavailable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := resolve.New(resolve.Deps{Hasher: hasher, Policy: builtIn{}, Recaller: fill(tt.held), Recorder: &log{},
				Asker: step(func(l *verify.Lookup) { l.Held[0].Trouble = verify.TroubleBreaker })})
			b := newBatch(verify.CallLookup, 1)
			r.Resolve(t.Context(), b)
			a := b.Items[0].Answer
			if a.Outcome != tt.want {
				t.Fatalf("outcome %v, want %v", a.Outcome, tt.want)
			}
			if a.Outcome == verify.OutcomeMatch && a.Source != verify.SourceStale {
				t.Errorf("a stale answer is labelled %v", a.Source)
			}
			if a.Outcome == verify.OutcomeUnavailable && (a.Trouble != verify.TroubleBreaker || a.Card != nil) {
				t.Errorf("an unavailable answer: %+v", a)
			}
		})
	}
}

func TestNobodyIsAnsweredUnlogged(t *testing.T) {
	r := resolve.New(resolve.Deps{Hasher: hasher, Policy: builtIn{}, Recaller: fill(present(t, identity.Date{}), verify.Held{State: verify.StateAbsent}),
		Asker: step(func(*verify.Lookup) {}), Recorder: &log{err: errors.New("disk full")}})
	b := newBatch(verify.CallPortal, 2)
	r.Resolve(t.Context(), b)
	for i := range b.Items {
		item := &b.Items[i]
		if item.Answer.Outcome != verify.OutcomeUnavailable || item.Answer.Trouble != verify.TroubleUnlogged || item.Released != 0 || item.Record() != nil {
			t.Errorf("item %d: %+v, released %b", i, item.Answer, item.Released)
		}
	}
}

func TestARecordThatDoesNotDecodeIsTrouble(t *testing.T) {
	r := resolve.New(resolve.Deps{Hasher: hasher, Policy: builtIn{}, Recorder: &log{},
		Asker: fill(verify.Held{State: verify.StatePresent, Record: []byte("nonsense")})})
	b := newBatch(verify.CallLookup, 1)
	r.Resolve(t.Context(), b)
	if a := b.Items[0].Answer; a.Outcome != verify.OutcomeUnavailable || a.Trouble != verify.TroubleGarbled {
		t.Errorf("answer = %+v", a)
	}
}

func TestWhatMayLeave(t *testing.T) {
	match := present(t, identity.Date{})
	expired := present(t, identity.Date{Year: 2026, Month: 2, Day: 1})
	next, _ := identity.NewKey(identity.KindCard, "HT3010000000001")
	renewed := present(t, identity.Date{Year: 2026, Month: 12, Day: 31}, verify.Card{Number: next, From: identity.Date{Year: 2027, Month: 1, Day: 1}})
	const (
		coverage  = verify.ReleasedCoverage
		person    = verify.ReleasedPerson
		successor = verify.ReleasedSuccessor
		details   = verify.ReleasedDetails
		reason    = verify.ReleasedReason
	)
	tests := []struct {
		name   string
		call   verify.Call
		held   verify.Held
		claim  string
		policy func(*verify.Policy)
		want   verify.Released
	}{
		{"lookup, match", verify.CallLookup, match, "", nil, coverage | details},
		{"lookup, match, renewed", verify.CallLookup, renewed, "", nil, coverage | successor | details},
		{"lookup, inactive", verify.CallLookup, expired, "", nil, coverage | details | reason},
		{"lookup, mismatch", verify.CallLookup, match, "Trần Thị Thử", nil, details},
		{"lookup, mismatch, no details", verify.CallLookup, match, "Trần Thị Thử", func(p *verify.Policy) { p.MismatchDetails = false }, 0},
		{"lookup never discloses", verify.CallLookup, match, "Trần Thị Thử", func(p *verify.Policy) { p.DiscloseOnMismatch = true }, details},
		{"verify, match: no registry data", verify.CallVerify, match, "", nil, details},
		{"verify, inactive: not why", verify.CallVerify, expired, "", nil, details},
		{"batch, match", verify.CallBatch, match, "", nil, details},
		{"portal, match", verify.CallPortal, match, "", nil, coverage | person},
		{"portal, mismatch", verify.CallPortal, match, "Trần Thị Thử", nil, details},
		{"portal, mismatch, disclosed", verify.CallPortal, match, "Trần Thị Thử", func(p *verify.Policy) { p.DiscloseOnMismatch = true }, details | person | coverage},
		{"absent", verify.CallPortal, verify.Held{State: verify.StateAbsent}, "", nil, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := resolve.New(resolve.Deps{Hasher: hasher, Policy: builtIn{}, Recorder: &log{}, Asker: fill(tt.held)})
			b := newBatch(tt.call, 1)
			if tt.claim != "" {
				b.Items[0].Query.Claims.Name = []byte(tt.claim)
			}
			if tt.policy != nil {
				tt.policy(&b.Caller.Policy)
			}
			r.Resolve(t.Context(), b)
			if got := b.Items[0].Released; got != tt.want {
				t.Errorf("released %06b, want %06b", got, tt.want)
			}
		})
	}
}

func TestABatchIsReusable(t *testing.T) {
	r := resolve.New(resolve.Deps{Hasher: hasher, Policy: builtIn{}, Recorder: &log{}, Asker: fill(present(t, identity.Date{}), verify.Held{State: verify.StateAbsent})})
	b := newBatch(verify.CallBatch, 2)
	r.Resolve(t.Context(), b)
	b.Reset()
	if len(b.Items) != 0 || b.Caller != nil {
		t.Fatalf("after Reset: %+v", b)
	}
	item := b.Add()
	if item.Answer.Outcome != verify.OutcomeNone || item.Query.Claims.Name != nil || item.Subject != (verify.Subject{}) {
		t.Errorf("an added item is not empty: %+v", item)
	}
}
