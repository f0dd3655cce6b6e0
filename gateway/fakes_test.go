package gateway_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/verigate/verigate/clients/policy"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/gateway"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/internal/clock"
	"github.com/verigate/verigate/resolve"
	"github.com/verigate/verigate/verify"
)

// world is everything around the edge, as far as a test needs it: people by identifier, callers by key, accounts.
type world struct {
	mu        sync.Mutex
	held      map[string]verify.Held // by identifier; what is not here was never issued
	keys      map[string]*verify.Caller
	accounts  map[string]*account  // by upper-case name
	rules     *verify.Entitlements // nil: those built in
	limit     func(*verify.Caller, int) verify.Verdict
	budget    func(k identity.Key) verify.Verdict
	resolve   func(*resolve.Batch) // runs before the answer is made
	decisions []verify.Decision
	logBroken bool
	places    int
	batches   []int
	ended     atomic.Uint32 // the refusal of every credential that was good before
}

type account struct {
	caller  *verify.Caller
	md5     string
	epoch   uint32
	refusal verify.Refusal
}

const (
	clinicKey   = "vg_clinic_test_key"
	agencyKey   = "vg_agency_test_key"
	portalUser  = "00000_BV"
	portalMD5   = "0123456789ABCDEF0123456789ABCDEF"
	officerID   = "001199000000"
	officerName = "Trần Thị Thử"
)

func newWorld() *world {
	all := uint16(1<<verify.PurposeTreatment | 1<<verify.PurposeRegistration | 1<<verify.PurposeTest)
	clinic := &verify.Caller{ID: "clinic", Kind: verify.CallerClinic, Scopes: verify.ScopeLookup, Purposes: all, Purpose: verify.PurposeTreatment, Policy: verify.DefaultPolicy(), Contact: "Liên hệ: 1900 0000"}
	agency := &verify.Caller{ID: "agency", Kind: verify.CallerAgency, Scopes: verify.ScopeVerify, Purposes: all, Purpose: verify.PurposeTest, Policy: verify.DefaultPolicy()}
	return &world{
		held:     map[string]verify.Held{},
		keys:     map[string]*verify.Caller{clinicKey: clinic, agencyKey: agency},
		accounts: map[string]*account{portalUser: {caller: clinic, md5: portalMD5, epoch: 7}},
	}
}

func (w *world) Authenticate(_ verify.Instant, bearer []byte) (*verify.Caller, verify.Refusal) {
	switch string(bearer) {
	case "revoked":
		return w.keys[clinicKey], verify.RefusalKeyRevoked
	case "expired":
		return w.keys[clinicKey], verify.RefusalKeyExpired
	case "suspended":
		return w.keys[clinicKey], verify.RefusalSuspended
	case "certificate":
		return w.keys[clinicKey], verify.RefusalCertificate
	case "damaged":
		return nil, verify.RefusalKeyMalformed
	}
	if c := w.keys[string(bearer)]; c != nil {
		return c, verify.RefusalNone
	}
	return nil, verify.RefusalKeyUnknown
}

func (w *world) Certified(_ verify.Instant, shown *verify.Certificate) (*verify.Caller, verify.Refusal) {
	for _, c := range w.keys {
		if c.Owns(shown) {
			return c, verify.RefusalNone
		}
	}
	return nil, verify.RefusalKeyUnknown
}

func (w *world) Holder(_ verify.Instant, id, _ string) (*verify.Caller, verify.Refusal) {
	for _, c := range w.keys {
		if c.ID == id {
			return c, verify.Refusal(w.ended.Load())
		}
	}
	return nil, verify.RefusalKeyRevoked
}

func (w *world) Login(_ verify.Instant, username, md5hex []byte, _ netip.Addr) (*verify.Caller, verify.Refusal) {
	a := w.accounts[strings.ToUpper(string(username))]
	switch {
	case a == nil || !strings.EqualFold(a.md5, string(md5hex)):
		return nil, verify.RefusalKeyUnknown
	case a.refusal == verify.RefusalRate:
		return nil, a.refusal
	}
	return a.caller, a.refusal
}

func (w *world) Account(username []byte) (*verify.Caller, uint32, bool) {
	for name, a := range w.accounts {
		if bytes.EqualFold([]byte(name), username) {
			return a.caller, a.epoch, true
		}
	}
	return nil, 0, false
}

func (w *world) Officer(_ *verify.Caller, idNumber, name []byte) verify.PortalStatus {
	switch {
	case string(idNumber) != officerID:
		return verify.Status054
	case string(name) != officerName:
		return verify.Status055
	}
	return verify.Status000
}

func (w *world) Admit(_ verify.Instant, c *verify.Caller, cost int) verify.Verdict {
	v := w.Spend(verify.Instant{}, c, cost)
	if v.Refusal == verify.RefusalNone {
		w.mu.Lock()
		w.places++
		w.mu.Unlock()
	}
	return v
}

func (w *world) Spend(_ verify.Instant, c *verify.Caller, cost int) verify.Verdict {
	if w.limit == nil {
		return verify.Verdict{Limit: 100, Remaining: 99, Reset: time.Second}
	}
	return w.limit(c, cost)
}

func (w *world) Release(*verify.Caller) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.places--
}

func (w *world) Usage(verify.Instant, *verify.Caller) verify.Usage {
	return verify.Usage{Rate: 50, Burst: 100, Remaining: 99, Concurrency: 8, InFlight: 1,
		Quotas: []verify.QuotaUsage{{Window: "day", Limit: 1000, Used: 10, Resets: time.Hour}}}
}

func (w *world) Ask(_ verify.Instant, _ *verify.Caller, _, _ verify.Subject, k identity.Key) verify.Verdict {
	if w.budget == nil {
		return verify.Verdict{}
	}
	return w.budget(k)
}

func (w *world) Record(_ context.Context, d []verify.Decision) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.logBroken {
		return errors.New("log full")
	}
	w.decisions = append(w.decisions, d...)
	return nil
}

func (w *world) recorded() []verify.Decision {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]verify.Decision(nil), w.decisions...)
}

// Ask of the asker: the world is the registry too.
type asker struct{ w *world }

func (a asker) Ask(_ context.Context, l *verify.Lookup) {
	for i := range l.Held {
		if l.Held[i].Settled() {
			continue
		}
		l.Held[i] = verify.Held{State: verify.StateAbsent}
		if h, ok := a.w.held[l.Keys[i].Value()]; ok {
			l.Held[i] = h
		}
		l.Held[i].Source = verify.SourceRegistry
		l.Held[i].AsOf = l.Now.Wall
		l.Held[i].MaxAge = int64(15 * time.Minute)
	}
}

// put files a record, unless the test has already decided what is known of the identifier.
func (w *world) put(k string, rec *verify.Record) {
	if _, decided := w.held[k]; decided {
		return
	}
	w.held[k] = verify.Held{State: verify.StatePresent, Version: 1, Record: encode(rec)}
}

// resolver is the real one, over the world.
type resolver struct {
	w  *world
	in *resolve.Resolver
}

func (r resolver) Resolve(ctx context.Context, b *resolve.Batch) {
	r.w.mu.Lock()
	hook := r.w.resolve
	r.w.batches = append(r.w.batches, len(b.Items))
	r.w.mu.Unlock()
	if hook != nil {
		hook(b)
	}
	r.in.Resolve(ctx, b)
}

// today is the day all tests live on.
var today = identity.Date{Year: 2026, Month: 11, Day: 21}

// builtIn is the field policy that the tests live by, unless a test brings its own.
var builtIn = policy.BuiltIn()

func (w *world) Entitlements() *verify.Entitlements {
	if w.rules != nil {
		return w.rules
	}
	return builtIn
}

func testConfig() gateway.Config {
	var cfg gateway.Config
	config.Defaults(&cfg)
	return cfg
}

func testDeps(w *world) gateway.Deps {
	hasher := verify.NewSubjectHasher([]byte("test"))
	return gateway.Deps{
		Resolver: resolver{w, resolve.New(resolve.Deps{Hasher: hasher, Policy: w, Asker: asker{w}, Recorder: w})},
		Callers:  w, Accounts: w, Limits: w, Budget: w, Policy: w, Recorder: w, Hasher: hasher, Clock: clock.On(today),
		TokenKeys: [][]byte{[]byte("0123456789abcdef0123456789abcdef")},
	}
}

// start serves the world on a port of the kernel's choice and returns the base URL.
func start(t *testing.T, w *world, change func(*gateway.Config, *gateway.Deps)) string {
	t.Helper()
	cfg, deps := testConfig(), testDeps(w)
	if change != nil {
		change(&cfg, &deps)
	}
	s, err := gateway.New(cfg, deps)
	if err != nil {
		t.Fatal(err)
	}
	base, done := serve(t, s)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return base
}

// serve runs a server on a port of the kernel's choice.
func serve(t *testing.T, s *gateway.Server) (base string, done chan error) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done = make(chan error, 1)
	go func() { done <- s.Serve(ln) }()
	return "http://" + ln.Addr().String(), done
}

func encode(rec *verify.Record) []byte {
	b, err := rec.AppendBinary(nil)
	if err != nil {
		panic(err)
	}
	return b
}

func key(kind identity.Kind, s string) identity.Key {
	k, ok := identity.NewKey(kind, s)
	if !ok {
		panic(s)
	}
	return k
}

func date(y, m, d int) identity.Date {
	return identity.Date{Year: uint16(y), Month: uint8(m), Day: uint8(d)}
}

// sample is a person with one card in force, whom tests bend to their needs.
func sample() *verify.Record {
	return &verify.Record{
		ID: key(identity.KindID, "001080000000"), Code: key(identity.KindCode, "0000000001"),
		Name: []byte("Nguyễn Văn Mẫu"), DOB: date(1980, 2, 1), Sex: identity.Male,
		Address: []byte("Xã Mẫu, Tỉnh Mẫu"), Office: []byte("Bảo hiểm xã hội mẫu"),
		Cards: []verify.Card{{
			Number: key(identity.KindCard, "GD4010000000001"), From: date(2026, 1, 1), To: date(2026, 12, 31),
			Facility: identity.Facility([]byte("01000")), FacilityName: []byte("Trạm y tế mẫu"), Benefit: 4, FiveYears: date(2020, 1, 1),
		}},
	}
}

// putSample files a person under all of its identifiers.
func (w *world) putSample(rec *verify.Record) {
	for _, k := range []identity.Key{rec.ID, rec.Code} {
		if !k.IsZero() {
			w.put(k.Value(), rec)
		}
	}
	for i := range rec.Cards {
		w.put(rec.Cards[i].Number.Value(), rec)
	}
	for i := range rec.Former {
		w.put(rec.Former[i].Key.Value(), rec)
	}
}

// quiet records without keeping.
type quiet struct{}

func (quiet) Record(context.Context, []verify.Decision) error { return nil }
