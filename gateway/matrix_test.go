package gateway_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/verigate/verigate/clients/policy"
	"github.com/verigate/verigate/gateway"
	"github.com/verigate/verigate/verify"
)

// seat is one caller of the matrix: a kind, a purpose it always asks for, and switches in its directory entry.
type seat struct {
	kind    verify.CallerKind
	purpose verify.Purpose
	own     own
	key     string // API key and portal account alike
}

var owns = []own{{}, {details: "on", disclose: "on", deceased: "on"}, {details: "off", disclose: "off", deceased: "off"}}

// seats seats a caller for every kind, purpose and setting of switches.
func seats(w *world) (all []seat) {
	for k := verify.CallerClinic; int(k) < len(verify.CallerKindNames); k++ {
		for p := verify.PurposeTreatment; int(p) < len(verify.PurposeNames); p++ {
			for i, o := range owns {
				s := seat{k, p, o, fmt.Sprintf("%s-%s-%d", k, p, i)}
				caller := &verify.Caller{ID: s.key, Kind: k, Purpose: p, Purposes: 1 << p, Scopes: verify.ScopeLookup | verify.ScopeVerify, Policy: s.policy()}
				w.keys[s.key] = caller
				w.accounts[strings.ToUpper(s.key)] = &account{caller: caller, md5: portalMD5}
				all = append(all, s)
			}
		}
	}
	return all
}

func (s *seat) policy() verify.Policy {
	p := verify.DefaultPolicy()
	for _, f := range []struct {
		word string
		to   *bool
		bit  verify.Switch
	}{
		{s.own.details, &p.MismatchDetails, verify.SwitchMismatchDetails}, {s.own.disclose, &p.DiscloseOnMismatch, verify.SwitchDiscloseOnMismatch},
		{s.own.deceased, &p.ShowDeceased, verify.SwitchShowDeceased},
	} {
		if f.word != "" {
			*f.to = f.word == "on"
			p.Set |= f.bit
		}
	}
	return p
}

// matrix is one policy with everybody who asks under it.
type matrix struct {
	w             *world
	s             *gateway.Server
	base          string
	cells         map[[3]string]*readRule
	marks         []mark
	asked, failed int
}

// TestFieldPolicyMatrix drives every kind of caller, purpose, call, outcome and setting of switches through the real
// resolver and renderers with marked records, under the policy that is built in and under some made by chance, and holds
// every reply and its audit record against the test's own reading of the policy: nothing beyond it, nothing less.
func TestFieldPolicyMatrix(t *testing.T) {
	texts := map[string][]byte{"built in": policy.Default}
	for seed := range uint64(1) {
		texts[fmt.Sprintf("chance %d", seed)] = randomPolicy(seed)
	}
	for name, text := range texts {
		t.Run(name, func(t *testing.T) {
			table, err := policy.Parse("policy.yaml", text)
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			w := newWorld()
			w.rules = table
			m := &matrix{w: w, cells: readPolicy(t, text), marks: marks(w)}
			all := seats(w)
			if m.s, err = gateway.New(testConfig(), testDeps(w)); err != nil {
				t.Fatal(err)
			}
			m.base = start(t, w, nil)
			for i := range all {
				if name != "built in" && i%len(owns) != i/len(owns)%len(owns) { // one setting of switches for each, in turn
					continue
				}
				m.sit(t, &all[i])
				if t.Failed() {
					return
				}
			}
			if m.asked < 5_000 {
				t.Errorf("only %d questions were asked", m.asked)
			}
		})
	}
}

var portalCalls = map[string]string{
	"portal_2017": "nhanLichSuKCB", "portal_595": "KQNhanLichSuKCB595", "portal_2018": "NhanLichSuKCB2018",
	"portal_2019": "KQNhanLichSuKCB2019", "portal_2024": "KQNhanLichSuKCB2024", "portal_history": "Lskcb2025",
}

// sit asks everything that can be asked from one seat.
func (x *matrix) sit(t *testing.T, s *seat) {
	for i := range x.marks {
		m := &x.marks[i]
		for _, call := range []string{"lookup", "verify"} {
			rc := request("/v1/"+call, "Bearer "+s.key, "application/json", m.question(s.purpose.String()))
			x.s.Handle(rc)
			x.hold(t, s, m, call, rc.Response.Body(), readNative(t, rc.Response.Body()))
		}
	}
	x.stream(t, s)
	query := x.login(t, s)
	for i := range x.marks {
		m := &x.marks[i]
		for call, path := range portalCalls {
			if m.claims && call != "portal_2017" && call != "portal_595" {
				continue
			}
			rc := request("/api/egw/"+path+query, "", jsonType, m.form())
			x.s.Handle(rc)
			x.hold(t, s, m, call, rc.Response.Body(), readPortal(t, rc.Response.Body(), m))
		}
	}
}

func (x *matrix) login(t *testing.T, s *seat) string {
	t.Helper()
	rc := request("/api/token/take", "", formType, "username="+s.key+"&password="+portalMD5)
	x.s.Handle(rc)
	var a struct {
		APIKey struct {
			Token string `json:"access_token"`
			ID    string `json:"id_token"`
		}
	}
	if err := json.Unmarshal(rc.Response.Body(), &a); err != nil || a.APIKey.Token == "" {
		t.Fatalf("logging in: %v %s", err, rc.Response.Body())
	}
	x.w.decisions = x.w.decisions[:0]
	return "?token=" + a.APIKey.Token + "&id_token=" + a.APIKey.ID
}

// stream asks about everybody in one stream.
func (x *matrix) stream(t *testing.T, s *seat) {
	t.Helper()
	var body strings.Builder
	for i := range x.marks {
		body.WriteString(x.marks[i].question(s.purpose.String()) + "\n")
	}
	got := send(t, http.MethodPost, x.base+"/v1/verify", "application/x-ndjson", body.String(), "Authorization", "Bearer "+s.key)
	lines := bytes.Split(bytes.TrimSpace([]byte(got.body)), []byte("\n"))
	if len(lines) != len(x.marks) {
		t.Fatalf("%d lines for %d", len(lines), len(x.marks))
	}
	byRow := map[uint32]verify.Decision{}
	for _, d := range x.w.recorded() {
		byRow[d.Row] = d
	}
	for i, line := range lines {
		x.w.decisions = append(x.w.decisions[:0], byRow[uint32(i+1)])
		x.hold(t, s, &x.marks[i], "batch", line, readNative(t, line))
	}
}

// hold holds one reply and its record against the policy.
func (x *matrix) hold(t *testing.T, s *seat, m *mark, call string, body []byte, got read) {
	t.Helper()
	x.asked++
	d := x.w.decisions[len(x.w.decisions)-1]
	x.w.decisions = x.w.decisions[:0]
	portal := strings.HasPrefix(call, "portal")
	fail := func(format string, args ...any) {
		if x.failed++; x.failed > 10 {
			t.FailNow()
		}
		t.Errorf("%s %+v, %s, %s: %s\n%s", s.key, s.own, call, m.name, fmt.Sprintf(format, args...), body)
	}
	group := call
	if portal {
		group = "portal"
	}
	rule := x.cells[[3]string{s.kind.String(), s.purpose.String(), group}]
	allowed, told := words{}, false
	if rule != nil {
		allowed, told = rule.may(m.outcome, s.own, portal)
	}
	if bad := forbidden(string(body), allowed, m); bad != "" {
		fail("%q left, and only %q may", bad, allowed)
	}
	switch {
	case rule == nil:
		x.refused(d, got, portal, "purpose_not_allowed", []string{"401", "401"}, fail)
		return
	case !told:
		x.refused(d, got, portal, "outcome_withheld", []string{"100", "10"}, fail)
		return
	case m.outcome == "unavailable":
		if d.Outcome != verify.OutcomeUnavailable || d.Released != 0 || len(got.left) != 0 {
			fail("recorded %v, released %05b, told %q", d.Outcome, d.Released, got.left)
		}
		return
	case !portal && got.outcome != m.outcome:
		fail("outcome %q, want %q", got.outcome, m.outcome)
	}
	want := x.expected(m, call, allowed)
	if portal { // these are told by the result code, or by nothing
		for _, w := range []string{"results", "reason", "holder"} {
			delete(got.left, w)
			if want[w] {
				got.left[w] = true
			}
		}
	}
	if call == "lookup" { // as are these, by portal_code
		got.left["holder"] = want["holder"]
		got.left["reason"] = got.left["reason"] || got.implied["reason"]
	}
	delete(want, "deceased")
	if got.left["deceased"] != (allowed["deceased"] && m.name == "dead" && call == "lookup") {
		fail("a death is told: %v", got.left["deceased"])
	}
	delete(got.left, "deceased")
	if got.left.String() != want.String() {
		fail("told %q, want %q", got.left, want)
	}
	for w := range got.implied {
		if got.implied[w] && !allowed[w] {
			fail("the wording tells %s, and only %q may leave", w, allowed)
		}
	}
	if d.Outcome.String() != m.outcome || d.Released != released(got.left) {
		fail("recorded %v, released %05b; told %q is %05b", d.Outcome, d.Released, got.left, released(got.left))
	}
}

// expected is what must be in a reply: what may be, the reply has a place for, and there is.
func (x *matrix) expected(m *mark, call string, allowed words) words {
	there := m.there
	if m.native != nil && !strings.HasPrefix(call, "portal") {
		there = m.native
	}
	want := maps.Clone(allowed.only(placeFor[call])).only(there)
	switch {
	case strings.HasPrefix(call, "portal") && m.outcome != "mismatch":
		delete(want, "results") // the codes of agreement say nothing of single claims
	case strings.HasPrefix(call, "portal"):
		delete(want, "successor")
	}
	return want
}

// refused holds a refusal to its code, in either dialect, and to telling nothing.
func (x *matrix) refused(d verify.Decision, got read, portal bool, code string, codes []string, fail func(string, ...any)) {
	if portal && got.code != codes[0] && got.code != codes[1] || !portal && got.code != code {
		fail("code %q, want %q", got.code, code)
	}
	if len(got.left) != 0 || got.outcome != "" {
		fail("a refusal tells %q, %q", got.outcome, got.left)
	}
	if d.Code != code || d.Outcome != verify.OutcomeNone || d.Released != 0 || d.Fields != (verify.Fields{}) {
		fail("recorded as %q, %v, released %05b", d.Code, d.Outcome, d.Released)
	}
}
