package clients_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/verigate/verigate/clients"
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

// ask is one request of a synthetic hour: patients come back, desks differ. Key and subject lie in it, one request after
// the other, because a real one has just been received and is in the cache; what is kept of its caller is not.
type ask struct {
	key     [clients.APIKeyLen]byte
	subject verify.Subject
}

const (
	everybody = 13_000
	comesBack = 30_000 // requests within which a patient is asked about again: a minute at 500 a second
)

// patients is whom the asks are about when they are all gone through again.
type patients func(r *rights, i int) (variant uint64)

// The patients: those of the first time, as many new ones as the first time, and ever new ones.
func sameAgain(*rights, int) uint64      { return 0 }
func asTheyCome(r *rights, i int) uint64 { return uint64(i / len(r.asks)) }
func everNew(_ *rights, i int) uint64    { return uint64(i) }

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
	d.coming = r.budget.Coming
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
		if i > 0 && chance.IntN(3) > 0 { // somebody who was asked about a while ago
			*a = r.asks[i-1-chance.IntN(min(i, comesBack))]
			continue
		}
		copy(a.key[:], keys[chance.IntN(len(keys))])
		binary.LittleEndian.PutUint64(a.subject[:], chance.Uint64())
		binary.LittleEndian.PutUint64(a.subject[8:], chance.Uint64())
	}
}

// request is what one hot request pays: credential, limits, policy, budget before and after, and leaving.
func (r *rights) request(i int, of patients) verify.Refusal {
	a := &r.asks[i%len(r.asks)]
	subject := r.subject(a, of(r, i))
	r.now.Mono += 2_000_000 // 500 requests a second over all callers
	c, refusal := r.directory.Authenticate(r.now, a.key[:])
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
	if v := r.budget.Ask(r.now, c, verify.Subject{}, subject, r.query.Key); v.Refusal != verify.RefusalNone {
		return v.Refusal
	}
	found, _ := cell.For(&c.Policy)
	r.released |= found
	r.budget.Charge(r.now, c, verify.Subject{}, subject, &r.query, &r.answer)
	return verify.RefusalNone
}

// subject is another person for every variant, and the ask's own for 0.
func (r *rights) subject(a *ask, variant uint64) (s verify.Subject) {
	mix := variant * 0x9e3779b97f4a7c15
	binary.LittleEndian.PutUint64(s[:], binary.LittleEndian.Uint64(a.subject[:])^mix)
	binary.LittleEndian.PutUint64(s[8:], binary.LittleEndian.Uint64(a.subject[8:])^mix)
	return s
}

// BenchmarkRights is credential, limits, policy and budget together, for 13,000 callers in random order: with a third of
// the patients new, as they come to clinics; with none; with all.
func BenchmarkRights(b *testing.B) {
	for _, bc := range []struct {
		name string
		of   patients
	}{{"as they come", asTheyCome}, {"known patients", sameAgain}, {"new patients", everNew}} {
		b.Run(bc.name, func(b *testing.B) {
			r := newRights(b)
			refused := 0
			i := 0
			for range r.asks {
				r.request(i, bc.of) // accounts are made before time is taken
				i++
			}
			b.ReportAllocs()
			b.ResetTimer()
			for ; b.Loop(); i++ {
				if r.request(i, bc.of) != verify.RefusalNone {
					refused++
				}
			}
			if refused > b.N/100 {
				b.Errorf("%d of %d were refused: that is another path", refused, b.N)
			}
		})
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
