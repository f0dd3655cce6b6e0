package gateway_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/gateway"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/internal/clock"
	"github.com/verigate/verigate/internal/metric"
	"github.com/verigate/verigate/verify"
)

// counting is a recorder that counts what strangers are refused, as the audit log does.
type counting struct {
	*world
	mu      sync.Mutex
	refused map[string]int // "address code"
}

func (c *counting) Refused(_ *verify.Caller, addr netip.Addr, code string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused[addr.String()+" "+code]++
	return nil
}

// directory opens a real directory of a clinic, an agency and a laboratory, with a clock that can be put forward.
func directory(t *testing.T) (*clients.Directory, *clients.Seeded, func(time.Duration), verify.Clock) {
	t.Helper()
	seeded, err := clients.Seed(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var ahead atomic.Int64
	now := func() verify.Instant {
		i := clock.On(today)()
		i.Wall += ahead.Load()
		i.Mono = ahead.Load() // stands still otherwise: what is measured is what is asked
		return i
	}
	d, err := clients.Open(clients.Config{File: string(seeded.File), Key: seeded.Key, Poll: config.Duration(time.Second)}, clients.Deps{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d, seeded, func(by time.Duration) { ahead.Add(int64(by)) }, now
}

// TestFloodsOfBadKeys: bad credentials are counted and slowed by address; a good key from the same address always
// passes, and another address is another matter.
func TestFloodsOfBadKeys(t *testing.T) {
	d, seeded, forward, now := directory(t)
	w := newWorld()
	w.putSample(sample())
	c := &counting{world: w, refused: map[string]int{}}
	base := start(t, w, func(cfg *gateway.Config, deps *gateway.Deps) {
		cfg.TrustedProxies = []string{"127.0.0.0/8"}
		deps.Callers, deps.Limits, deps.Strangers, deps.Recorder, deps.Clock = d, d, d, c, now
	})
	ask := func(key, from string) reply {
		return send(t, http.MethodPost, base+"/v1/lookup", "application/json", goodQuestion, "Authorization", "Bearer "+key, "X-Forwarded-For", from)
	}
	known := func(from string) { // a good key passes, now as ever
		t.Helper()
		if got := ask(seeded.ClinicKey, from); got.status != http.StatusOK {
			t.Fatalf("a good key from %s: %d %s", from, got.status, got.body)
		}
	}
	const thief, neighbour = "192.0.2.1", "192.0.2.2"
	for i := range 250 {
		want := http.StatusUnauthorized
		if i >= 200 {
			want = http.StatusTooManyRequests
		}
		got := ask(fmt.Sprintf("vg_guess%d", i), thief)
		if got.status != want || want == http.StatusTooManyRequests && got.header.Get("Retry-After") != "1" {
			t.Fatalf("guess %d: %d, Retry-After %q", i, got.status, got.header.Get("Retry-After"))
		}
		if i%50 == 0 {
			known(thief)
		}
	}
	known(thief)
	if got := ask("vg_guess", neighbour); got.status != http.StatusUnauthorized {
		t.Errorf("the neighbour: %d", got.status)
	}
	if got := ask("vg_guess", "203.0.113.9, 127.0.0.1"); got.status != http.StatusUnauthorized {
		t.Errorf("behind two proxies: %d", got.status)
	}
	forward(time.Second)
	for i, want := range []int{401, 401, 401, 401, 401, 429} {
		if got := ask("vg_guess", thief); got.status != want {
			t.Errorf("guess %d a second later: %d, want %d", i, got.status, want)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for what, n := range map[string]int{thief + " key_malformed": 205, thief + " rate_limited": 51, neighbour + " key_malformed": 1, "203.0.113.9 key_malformed": 1} {
		if c.refused[what] != n {
			t.Errorf("%s: counted %d, want %d", what, c.refused[what], n)
		}
	}
	for _, d := range w.recorded() {
		if d.Outcome == verify.OutcomeNone {
			t.Errorf("a guess is a record of its own: %+v", d)
		}
	}
}

// TestAddressesAreNotBelieved: who is no trusted proxy cannot say that it is somebody else.
func TestAddressesAreNotBelieved(t *testing.T) {
	d, _, _, now := directory(t)
	w := newWorld()
	c := &counting{world: w, refused: map[string]int{}}
	base := start(t, w, func(_ *gateway.Config, deps *gateway.Deps) {
		deps.Callers, deps.Limits, deps.Strangers, deps.Recorder, deps.Clock = d, d, d, c, now
	})
	for i := range 3 {
		send(t, http.MethodPost, base+"/v1/lookup", "application/json", goodQuestion, "Authorization", "Bearer vg_guess", "X-Forwarded-For", fmt.Sprintf("192.0.2.%d", i))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refused["127.0.0.1 key_malformed"] != 3 || len(c.refused) != 1 {
		t.Errorf("counted %v", c.refused)
	}
}

// TestPortalTokensOfStrangers: a token that nobody signed counts against its address, whichever account it names; one
// that merely expired does not.
func TestPortalTokensOfStrangers(t *testing.T) {
	w := newWorld()
	c := &counting{world: w, refused: map[string]int{}}
	base := start(t, w, func(_ *gateway.Config, deps *gateway.Deps) { deps.Recorder = c })
	for _, token := range []string{"AAAA", "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB"} {
		send(t, http.MethodPost, base+"/api/egw/KQNhanLichSuKCB2019?token="+token+"&id_token=x&username="+portalUser, jsonType, portalQuestion)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refused["127.0.0.1 key_malformed"]+c.refused["127.0.0.1 key_unknown"] != 2 || len(w.recorded()) != 0 {
		t.Errorf("counted %v, recorded %d", c.refused, len(w.recorded()))
	}
}

// TestRejectedCallsCostNothing: once its burst is used up a caller is told exactly when to come back, and neither that
// time nor its quota moves however often it asks before.
func TestRejectedCallsCostNothing(t *testing.T) {
	d, seeded, forward, now := directory(t)
	w := newWorld()
	w.putSample(sample())
	base := start(t, w, func(_ *gateway.Config, deps *gateway.Deps) { deps.Callers, deps.Limits, deps.Clock = d, d, now })
	auth := []string{"Authorization", "Bearer " + seeded.LaboratoryKey}
	ask := func() reply {
		return send(t, http.MethodPost, base+"/v1/verify", "application/json", goodQuestion, auth...)
	}
	const burst = 50 // a laboratory's
	for i := range burst {
		got := ask()
		left, err := strconv.Atoi(got.header.Get("RateLimit-Remaining"))
		if got.status != http.StatusOK || err != nil || left != burst-1-i || got.header.Get("RateLimit-Limit") != strconv.Itoa(burst) {
			t.Fatalf("question %d: %d, headers %v", i, got.status, got.header)
		}
	}
	usage := func() string {
		return send(t, http.MethodGet, base+"/v1/usage", "", "", auth...).body[:120]
	}
	before := usage()
	for range 100 {
		got := ask()
		if got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") != "1" || got.header.Get("RateLimit-Remaining") != "0" || got.header.Get("RateLimit-Reset") != "5" {
			t.Fatalf("%d, headers %v", got.status, got.header)
		}
	}
	if after := usage(); after != before {
		t.Errorf("before %s\nafter  %s", before, after)
	}
	forward(100 * time.Millisecond) // what one query costs a laboratory
	if got := ask(); got.status != http.StatusOK {
		t.Errorf("when it was told to come back: %d", got.status)
	}
}

const portalQuestion = `{"maThe":"GD4010000000001","hoTen":"NGUYỄN VĂN MẪU","ngaySinh":"01/02/1980"}`

// crashingBudget crashes whoever is asked about.
type crashingBudget struct{}

func (crashingBudget) Ask(verify.Instant, *verify.Caller, verify.Subject, verify.Subject, identity.Key) verify.Verdict {
	panic("budget")
}

// broken crashes whatever it is asked.
type broken struct{}

func (broken) Admit(verify.Instant, *verify.Caller, int) verify.Verdict { panic("limits") }
func (broken) Spend(verify.Instant, *verify.Caller, int) verify.Verdict { panic("limits") }
func (broken) Release(*verify.Caller)                                   { panic("limits") }
func (broken) Usage(verify.Instant, *verify.Caller) verify.Usage        { panic("limits") }
func (broken) Stranger(verify.Instant, netip.Addr) verify.Verdict       { panic("strangers") }

// TestABrokenLimiterTurnsNobodyAway: whatever crashes among limits, budget and slowing, no call is a 5xx or a 429.
func TestABrokenLimiterTurnsNobodyAway(t *testing.T) {
	w := newWorld()
	w.putSample(sample())
	w.budget = nil
	set := new(metric.Set)
	base := start(t, w, func(_ *gateway.Config, deps *gateway.Deps) {
		deps.Limits, deps.Strangers, deps.Metrics = broken{}, broken{}, set
		deps.Budget = crashingBudget{}
	})
	sess := login(t, base)
	for name, c := range map[string]struct {
		method, path, kind, key, body, want string
		status                              int
	}{
		"lookup":   {http.MethodPost, "/v1/lookup", "application/json", clinicKey, goodQuestion, `"outcome":"match"`, 200},
		"verify":   {http.MethodPost, "/v1/verify", "application/json", agencyKey, goodQuestion, `"outcome":"match"`, 200},
		"stream":   {http.MethodPost, "/v1/verify", "application/x-ndjson", agencyKey, goodQuestion + "\n" + goodQuestion, `"row":2`, 200},
		"portal":   {http.MethodPost, "/api/egw/KQNhanLichSuKCB2019" + sess.query(), jsonType, "", portalQuestion, `{"maKetQua":"000"`, 200},
		"usage":    {http.MethodGet, "/v1/usage", "", clinicKey, "", `"caller":"clinic"`, 200},
		"stranger": {http.MethodPost, "/v1/lookup", "application/json", "nobody", goodQuestion, `"code":"key_unknown"`, 401},
	} {
		got := send(t, c.method, base+c.path, c.kind, c.body, "Authorization", "Bearer "+c.key)
		if got.status != c.status || !strings.Contains(got.body, c.want) {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	for _, i := range set.Instruments() {
		if i.Name == "verigate_gateway_limiter_faults_total" && i.Counter.Value() < 12 {
			t.Errorf("%d faults counted", i.Counter.Value())
		}
		if i.Name == "verigate_gateway_panics_total" && i.Counter.Value() != 0 {
			t.Error("a request crashed")
		}
	}
}
