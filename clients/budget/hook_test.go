package budget_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/verigate/verigate/cache/cachetest"
	"github.com/verigate/verigate/clients/budget"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

// receiver is somebody's webhook.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	fail   int
	key    []byte
	forged int
	events []budget.Event
}

func newReceiver(t *testing.T, fail int) *receiver {
	r := &receiver{fail: fail, key: []byte("a shared secret of the operators")}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	if req.Header.Get(budget.HeaderSignature) != budget.Sign(r.key, req.Header.Get(budget.HeaderTimestamp), body) {
		r.forged++
	}
	if r.fail > 0 {
		r.fail--
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	var e budget.Event
	if json.Unmarshal(body, &e) == nil {
		r.events = append(r.events, e)
	}
}

func (r *receiver) kinds() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var kinds []string
	for _, e := range r.events {
		kinds = append(kinds, e.Kind)
	}
	return strings.Join(kinds, " ")
}

func (r *receiver) to(t *testing.T, cfg *budget.Config) {
	t.Helper()
	cfg.Webhook.URL = r.URL
	cfg.Webhook.KeyFile = secretFile(t, string(r.key))
	cfg.Webhook.Longest = config.Duration(100 * time.Millisecond)
}

func secretFile(t *testing.T, text string) config.SecretFile {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return config.SecretFile(path)
}

// TestEscalationsAreTold: to the audit log and the webhook, in order, through a receiver that fails at first; and
// nothing of it waits for the receiver.
func TestEscalationsAreTold(t *testing.T) {
	c := newClock()
	var j journal
	hook := newReceiver(t, 2)
	b := start(t, c, func(cfg *budget.Config, d *budget.Deps) {
		hook.to(t, cfg)
		cfg.SuspendAfter, d.Record = 5, j.record
	})
	caller := clinicAt(7)
	strange(b, c, caller, 20, 1)
	if err := b.Lift(caller.ID, "demo-operator"); err != nil {
		t.Fatal(err)
	}
	const want = "harvest_refused harvest_suspended harvest_lifted"
	cachetest.Eventually(t, "the webhook to be told", func() bool { return hook.kinds() == want })
	if got := j.kinds(); got[budget.EventSlow] != 1 || got[budget.EventRefused] != 1 || got[budget.EventSuspended] != 1 || got[budget.EventLifted] != 1 {
		t.Errorf("the audit log was told %v", got)
	}
	hook.mu.Lock()
	defer hook.mu.Unlock()
	e := hook.events[0]
	if hook.forged > 0 || e.Account != "caller:"+caller.ID || e.Reason != "strangers" || e.Counts["strangers"] != 4 || e.Contact != caller.Contact || e.ID == "" {
		t.Errorf("%d bad signatures, %+v", hook.forged, e)
	}
	if hook.events[2].By != "demo-operator" {
		t.Errorf("lifted by %q", hook.events[2].By)
	}
}

// TestAWebhookThatNeverAnswersHoldsNobodyUp: its queue is bounded, what does not fit is counted.
func TestAWebhookThatNeverAnswersHoldsNobodyUp(t *testing.T) {
	c := newClock()
	hook := newReceiver(t, 1<<30)
	b := start(t, c, func(cfg *budget.Config, _ *budget.Deps) {
		hook.to(t, cfg)
		cfg.Webhook.Queue = 3
	})
	for i := range 20 {
		strange(b, c, clinicAt(i), 4, uint64(i))
	}
	cachetest.Eventually(t, "the queue to be full", func() bool { return b.Status().Pending == 3 && len(b.Status().Lately) == 20 })
	if got := len(b.Stopped()); got != 20 {
		t.Errorf("%d of 20 harvesters refused", got)
	}
}

func TestCanaries(t *testing.T) {
	c := newClock()
	var j journal
	subject := hasher.Subject(key(identity.KindID, "001080000001"))
	text := "# nobody\n\nid 001 080 000000\nsubject " + hexOf(subject) + "\ncode 0100000000\n"
	text = strings.Replace(text, "001 080 000000", "001080000000", 1)
	b := start(t, c, func(cfg *budget.Config, d *budget.Deps) {
		cfg.CanaryFile, d.Record = secretFile(t, text), j.record
	})
	caller := clinicAt(7)
	ask := func(k identity.Key) (bool, verify.Verdict) {
		x := &question{q: verify.Query{Key: k}, a: verify.Answer{Outcome: verify.OutcomeMatch, Fields: verify.Fields{Name: verify.FieldMatch}}}
		return put(b, c.add(time.Second), caller, verify.Subject{}, x)
	}
	if ok, v := ask(key(identity.KindID, "001080000002")); !ok || v.Delay > 0 {
		t.Fatalf("somebody else: %v %+v", ok, v)
	}
	if ok, v := ask(key(identity.KindID, "001080000000")); !ok || v.Delay == 0 {
		t.Errorf("the first canary is answered, slowly, so that nobody learns what it was: %v %+v", ok, v)
	}
	ask(key(identity.KindID, "001080000000")) // the same again is one
	if got := level(b, caller.ID); got != "slow" {
		t.Errorf("after one canary: %s", got)
	}
	cachetest.Eventually(t, "the alert", func() bool { return j.kinds()[budget.EventCanary] == 1 })
	if ok, v := ask(key(identity.KindID, "001080000001")); ok || v.Refusal != verify.RefusalHarvest {
		t.Errorf("the second canary: %v %+v", ok, v)
	}
	if got := level(b, caller.ID); got != "suspended" {
		t.Errorf("after two canaries: %s", got)
	}
	cachetest.Eventually(t, "the alerts", func() bool { return j.kinds()[budget.EventCanary] == 2 && j.kinds()[budget.EventSuspended] == 1 })
	j.mu.Lock()
	defer j.mu.Unlock()
	if e := j.events[0]; e.Canary != 3 {
		t.Errorf("the alert names line %d of the list, want 3: %+v", e.Canary, e)
	}
}

func hexOf(s verify.Subject) string { return verify.RequestID(s).String() }

func TestBadCanaryFilesStopTheStart(t *testing.T) {
	for name, want := range map[string]string{
		"id 00108000000\n":                          "line 1: id: ",
		"# none\n":                                  "names nobody",
		"id 001080000000\nperson 001080000000\n":    "line 2: must begin with",
		"id 001080000000 extra\n":                   "line 1: must be a kind and a number",
		"subject 00\n":                              "line 1: subject: ",
		"subject zz" + strings.Repeat("0", 30) + "": "line 1: subject: ",
	} {
		cfg := defaults()
		cfg.CanaryFile = secretFile(t, name)
		b, err := budget.New(cfg, budget.Deps{Clock: newClock().read, Hasher: hasher})
		if err == nil {
			b.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "budget.canary_file") || strings.Contains(err.Error(), "00108") {
			t.Errorf("%q: %v, want %q and no number", name, err, want)
		}
	}
}

func TestSuspensionsSurviveARestart(t *testing.T) {
	c := newClock()
	file := filepath.Join(t.TempDir(), "budget.json")
	open := func() *budget.Budget {
		return start(t, c, func(cfg *budget.Config, _ *budget.Deps) {
			cfg.StateFile, cfg.SuspendAfter, cfg.Sync = file, 5, config.Duration(50*time.Millisecond)
		})
	}
	caller := clinicAt(7)
	b := open()
	strange(b, c, caller, 20, 1)
	cachetest.Eventually(t, "the suspension to be on disk, should the node be killed", func() bool {
		text, _ := os.ReadFile(file)
		return strings.Contains(string(text), caller.ID)
	})
	second := open()
	if n := strange(second, c, caller, 3, 2); n != 0 {
		t.Errorf("%d questions answered after the restart", n)
	}
	if list := second.Stopped(); len(list) != 1 || list[0].Level != "suspended" || list[0].Reason != "strangers" {
		t.Errorf("stopped: %+v", list)
	}
	if err := second.Lift(caller.ID, "x"); err != nil {
		t.Fatal(err)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	if n := strange(open(), c, caller, 3, 3); n != 3 {
		t.Errorf("%d of 3 questions answered after the lift and another restart", n)
	}
}

func TestABrokenStateFileStopsTheStart(t *testing.T) {
	for _, text := range []string{"", "{", `{"version":2}`, `{"version":1,"holds":[{"account":""}]}`} {
		cfg := defaults()
		cfg.StateFile = filepath.Join(t.TempDir(), "budget.json")
		if err := os.WriteFile(cfg.StateFile, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		b, err := budget.New(cfg, budget.Deps{Clock: newClock().read, Hasher: hasher})
		if err == nil {
			b.Close()
			t.Errorf("%q: taken", text)
		} else if !strings.Contains(err.Error(), "budget.state_file") || !strings.Contains(err.Error(), cfg.StateFile) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
