package apptest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// alarms is the operators' webhook.
type alarms struct {
	*httptest.Server
	mu   sync.Mutex
	list []alarm
}

type alarm struct {
	Event, Account, Caller, Reason string
	Canary                         int
	at                             time.Time
}

func listenForAlarms(t *testing.T) *alarms {
	a := new(alarms)
	a.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got := alarm{at: time.Now()}
		if json.Unmarshal(body, &got) == nil && r.Header.Get("X-Verigate-Signature") != "" {
			a.mu.Lock()
			a.list = append(a.list, got)
			a.mu.Unlock()
		}
	}))
	t.Cleanup(a.Close)
	return a
}

// await returns the first alarm of a kind about an account.
func (a *alarms) await(t *testing.T, event, account string, within time.Duration) alarm {
	t.Helper()
	for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		a.mu.Lock()
		for _, got := range a.list {
			if got.Event == event && got.Account == account {
				a.mu.Unlock()
				return got
			}
		}
		a.mu.Unlock()
	}
	t.Fatalf("no %s about %s within %s", event, account, within)
	return alarm{}
}

// startBudgeted starts `verigate serve` with harvest budgets before the registry of a demo, whose callers are its own.
func startBudgeted(t *testing.T, inner *gateway, hook *alarms, canary string) *gateway {
	t.Helper()
	dir := t.TempDir()
	secret := func(name, value string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(value), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	public, admin := freeAddr(t), freeAddr(t)
	config := fmt.Sprintf(`
listen: {http: %q}
admin: {listen: %q}
today: %q
keys: {subject: %q}
registry: {url: %q}
clients: {file: %q, key_file: %q}
gateway: {portal: {token_keys: [%q], officer_rule: false}}
audit: {dir: %q, keys: %q}
cache: {filter: {path: %q}}
budget:
  state_file: %q
  canary_file: %q
  webhook: {url: %q, key_file: %q}
`, public, admin, today, secret("subject", strings.Repeat("s", 43)), inner.Registry, filepath.Join(inner.Dir, "clients.ndjson"),
		filepath.Join(inner.Dir, "keys", "clients.key"), secret("token", strings.Repeat("t", 43)), filepath.Join(dir, "audit"),
		filepath.Join(dir, "audit-keys"), filepath.Join(dir, "filter.vgf"), filepath.Join(dir, "budget.json"), secret("canaries", canary), hook.URL, secret("hook", "shared"))
	file := inner.File
	file.Gateway, file.Admin = "http://"+public, "http://"+admin
	return serveBefore(t, secret("verigate.yaml", config), dir, file)
}

// unknown turns a sample into a question by somebody who has only the number.
func unknown(s sample) sample {
	return sample{ID: s.ID, Name: "Đặng Thị Người Lạ", DOB: "1931-05-17"}
}

// TestHarvestersAreStoppedAtTheEdge drives stolen keys through every dialect of a real gateway.
func TestHarvestersAreStoppedAtTheEdge(t *testing.T) {
	inner, hook := startDemo(t), listenForAlarms(t)
	list := samples(t, "by_id", 240, 11)
	canary := list[239]
	g := startBudgeted(t, inner, hook, "# nobody has reason to ask for\nid "+canary.ID+"\n")
	patient := list[0]
	if a, err := g.lookup(patient); err != nil || a.Outcome != "match" {
		t.Fatalf("a patient: %+v, %v", a, err)
	}

	t.Run("native", func(t *testing.T) { harvestNative(t, g, list[1:120]) })
	t.Run("portal", func(t *testing.T) { // the same caller, so it is stopped here too
		g.logIn(t)
		a, err := g.portal(unknown(list[121]))
		if err != nil || a.MaKetQua != "101" || !strings.Contains(a.GhiChu, "support@example.invalid") {
			t.Errorf("got %+v, %v", a, err)
		}
	})
	t.Run("patients", func(t *testing.T) {
		if a, err := g.lookup(patient); err != nil || a.Outcome != "match" {
			t.Errorf("somebody who was a patient before the stop: %+v, %v", a, err)
		}
	})
	t.Run("stream", func(t *testing.T) { harvestStream(t, g, list[122:239]) })
	t.Run("alarms", func(t *testing.T) {
		hook.await(t, "harvest_refused", "caller:demo-clinic", 10*time.Second)
		hook.await(t, "harvest_refused", "caller:demo-agency", 10*time.Second)
		asked := time.Now()
		if _, err := g.post(g.Gateway+"/v1/verify", "application/json", g.AgencyKey, canary.native()); err != nil {
			t.Fatal(err)
		}
		got := hook.await(t, "harvest_canary", "caller:demo-agency", time.Minute)
		t.Logf("the canary's alarm came after %s", got.at.Sub(asked).Round(time.Millisecond))
		if got.Canary != 2 {
			t.Errorf("it names line %d of the list", got.Canary)
		}
	})
	t.Run("operator", func(t *testing.T) { liftAsOperator(t, g, list[120]) })
	t.Run("log", func(t *testing.T) {
		cmd := exec.Command(program, "audit", "find", filepath.Join(g.Dir, "audit"), "--format", "ndjson")
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{`"harvest_refused"`, `"harvest_canary"`, `"harvest_lifted"`, `"budget_lift"`, `"harvest_suspected"`} {
			if !bytes.Contains(out, []byte(want)) {
				t.Errorf("the audit log does not hold %s", want)
			}
		}
	})
	if m := g.scrape(t); m.sum("verigate_budget_events_total", `event="harvest_refused"`) < 2 || m.sum("verigate_budget_enabled") != 1 {
		t.Error("the metrics do not tell")
	}
}

func harvestNative(t *testing.T, g *gateway, list []sample) {
	learned := 0
	for _, s := range list {
		a, err := g.lookup(unknown(s))
		switch {
		case err != nil:
			t.Fatal(err)
		case a.status == http.StatusForbidden && a.Code == "harvest_suspected":
			t.Logf("stopped after %d people", learned)
			return
		case a.Outcome != "not_found" && a.status == http.StatusOK:
			learned++
		}
	}
	t.Errorf("not stopped after %d people", learned)
}

func harvestStream(t *testing.T, g *gateway, list []sample) {
	var body bytes.Buffer
	for _, s := range list {
		fmt.Fprintf(&body, "%s\n", unknown(s).native())
	}
	r, err := g.post(g.Gateway+"/v1/verify", "application/x-ndjson", g.AgencyKey, body.Bytes())
	if err != nil || r.status != http.StatusOK {
		t.Fatalf("status %d, %v", r.status, err)
	}
	learned, stopped := 0, 0
	for line := range bytes.Lines(r.body) {
		var l struct{ Outcome, Code string }
		if err := json.Unmarshal(line, &l); err != nil {
			t.Fatal(err)
		}
		switch {
		case l.Code == "harvest_suspected":
			stopped++
		case l.Outcome != "not_found":
			learned++
		}
	}
	t.Logf("%d lines learned from, %d stopped", learned, stopped)
	if learned > 100 || stopped == 0 || learned+stopped != len(list) {
		t.Errorf("%d people learned of, %d lines stopped, of %d", learned, stopped, len(list))
	}
}

// liftAsOperator looks at the clinic's budget, lifts it, and asks again.
func liftAsOperator(t *testing.T, g *gateway, s sample) {
	call := func(method, path, key string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), method, g.Admin+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+key)
		r, err := g.do(req)
		if err != nil {
			t.Fatal(err)
		}
		return r.status, string(r.body)
	}
	if status, body := call(http.MethodPost, "/budget/demo-clinic/lift", g.ClinicKey); status != http.StatusForbidden {
		t.Errorf("a clinic lifts itself: %d %s", status, body)
	}
	if status, body := call(http.MethodGet, "/budget/demo-clinic", g.OperatorKey); status != http.StatusOK || !strings.Contains(body, `"refused"`) || !strings.Contains(body, `"strangers"`) {
		t.Errorf("shown: %d %s", status, body)
	}
	if status, body := call(http.MethodGet, "/budget/demo-nobody", g.OperatorKey); status != http.StatusNotFound {
		t.Errorf("an unknown caller: %d %s", status, body)
	}
	if status, body := call(http.MethodPost, "/budget/demo-clinic/lift", g.OperatorKey); status != http.StatusOK || !strings.Contains(body, `"open"`) {
		t.Errorf("lifted: %d %s", status, body)
	}
	if a, err := g.lookup(s); err != nil || a.Outcome != "match" {
		t.Errorf("after the lift: %+v, %v", a, err)
	}
}
