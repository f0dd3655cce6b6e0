package clients_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/verigate/verigate/clients/budget"
	"github.com/verigate/verigate/clients/policy"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

// rights is everything that decides whether a request goes on and what it is told, at the size of the country.
type rights struct {
	directory *fixture
	policy    *policy.Store
	budget    *budget.Budget
	now       verify.Instant
	asks      []ask
	query     verify.Query // the same for all: what comes with a request is in the processor's cache anyway
	answer    verify.Answer
	released  verify.Parts
}

// ask is one request of a synthetic hour: patients come back, desks differ.
type ask struct {
	key     []byte
	subject verify.Subject
}

const everybody = 13_000

func newRights(tb testing.TB) *rights {
	tb.Helper()
	d, keys := thousands(tb, everybody)
	store, err := policy.Open(policy.Config{}, policy.Deps{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(store.Close)
	r := &rights{directory: d, policy: store, now: noon}
	var cfg budget.Config
	config.Defaults(&cfg)
	r.budget, err = budget.New(cfg, budget.Deps{Hasher: verify.NewSubjectHasher([]byte("test")), Clock: func() verify.Instant { return r.now }})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = r.budget.Close() })
	r.fill(keys)
	return r
}

func (r *rights) fill(keys [][]byte) {
	chance := rand.New(rand.NewPCG(1, 2))
	id, _ := identity.NewKey(identity.KindID, "001080000001")
	r.query = verify.Query{Key: id, Claims: verify.Claims{Name: []byte("Nguyễn Văn Mẫu"), DOB: identity.Date{Year: 1980}}}
	r.answer = verify.Answer{Outcome: verify.OutcomeMatch, Fields: verify.Fields{Name: verify.FieldMatch, DOB: verify.FieldMatch}}
	r.asks = make([]ask, 1<<16)
	for i := range r.asks {
		a := &r.asks[i]
		a.key = keys[chance.IntN(len(keys))]
		binary.LittleEndian.PutUint64(a.subject[:], chance.Uint64())
		if i > 1000 && chance.IntN(3) > 0 { // somebody who was asked about a while ago
			old := &r.asks[i-1-chance.IntN(1000)]
			a.key, a.subject = old.key, old.subject
		}
	}
}

// request is what one hot request pays: credential, limits, policy, budget before and after, and leaving.
func (r *rights) request(i int) verify.Refusal {
	a := &r.asks[i%len(r.asks)]
	r.now.Mono += 2_000_000 // 500 requests a second over all callers
	c, refusal := r.directory.Authenticate(r.now, a.key)
	if refusal != verify.RefusalNone {
		return refusal
	}
	if v := r.directory.Admit(r.now, c, 1); v.Refusal != verify.RefusalNone {
		return v.Refusal
	}
	defer r.directory.Release(c)
	cell := r.policy.Entitlements().Of(c.Kind, c.Purpose, verify.CallLookup)
	if !cell.Allowed() {
		return verify.RefusalPurpose
	}
	if v := r.budget.Ask(r.now, c, verify.Subject{}, a.subject, r.query.Key); v.Refusal != verify.RefusalNone {
		return v.Refusal
	}
	found, _ := cell.For(&c.Policy)
	r.released |= found
	r.budget.Charge(r.now, c, verify.Subject{}, a.subject, &r.query, &r.answer)
	return verify.RefusalNone
}

// BenchmarkRights is credential, limits, policy and budget together, for 13,000 callers in random order.
func BenchmarkRights(b *testing.B) {
	r := newRights(b)
	refused := 0
	for i := range r.asks {
		r.request(i) // accounts are made before time is taken
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; b.Loop(); i++ {
		if r.request(i) != verify.RefusalNone {
			refused++
		}
	}
	if refused > b.N/100 {
		b.Errorf("%d of %d were refused: that is another path", refused, b.N)
	}
}

// BenchmarkPolicy is the policy alone.
func BenchmarkPolicy(b *testing.B) {
	store, err := policy.Open(policy.Config{}, policy.Deps{})
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	p := verify.DefaultPolicy()
	var all verify.Parts
	b.ReportAllocs()
	for b.Loop() {
		found, mismatch := store.Entitlements().Of(verify.CallerClinic, verify.PurposeTreatment, verify.CallLookup).For(&p)
		all |= found | mismatch
	}
	if all == 0 {
		b.Error("nothing may be told")
	}
}
