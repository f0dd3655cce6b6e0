package admin_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/verigate/verigate/gateway/admin"
	"github.com/verigate/verigate/internal/clock"
	"github.com/verigate/verigate/verify"
)

// operators knows the keys of an operator, of one who needs a certificate, of a suspended one, and of a clinic.
type operators struct{}

func (operators) Authenticate(_ verify.Instant, bearer []byte) (*verify.Caller, verify.Refusal) {
	switch string(bearer) {
	case "operator":
		return &verify.Caller{ID: "night-shift", KeyID: "k1", Kind: verify.CallerOperator, Scopes: verify.ScopeAdmin}, verify.RefusalNone
	case "clinic":
		return &verify.Caller{ID: "clinic-1", KeyID: "k2", Kind: verify.CallerClinic, Scopes: verify.ScopeLookup}, verify.RefusalNone
	case "bound":
		return &verify.Caller{ID: "bound", Kind: verify.CallerOperator, Scopes: verify.ScopeAdmin, CertificateRequired: true}, verify.RefusalNone
	case "suspended":
		return &verify.Caller{ID: "gone", Kind: verify.CallerOperator, Scopes: verify.ScopeAdmin}, verify.RefusalSuspended
	}
	return nil, verify.RefusalKeyUnknown
}

// records keeps what is recorded as text; with broken set it refuses everything.
type records struct {
	broken error
	lines  []string
}

func (r *records) Event(kind, actor string, detail ...string) error {
	r.lines = append(r.lines, fmt.Sprint(kind, " by ", actor, " ", detail))
	return r.broken
}

func (r *records) Refused(c *verify.Caller, addr netip.Addr, code string) error {
	id := ""
	if c != nil {
		id = c.ID
	}
	r.lines = append(r.lines, fmt.Sprintf("%s to %q from %s", code, id, addr))
	return r.broken
}

func TestActsAreForOperatorsAndAreRecordedFirst(t *testing.T) {
	for _, test := range []struct {
		name, header string
		broken       error
		status       int
		code         string // of the problem; empty: done
		record       string
	}{
		{"an operator", "Bearer operator", nil, 200, "", "clients_show by night-shift [key k1 method POST id clinic-7]"},
		{"the scheme in another case", "bearer operator", nil, 200, "", "clients_show by night-shift [key k1 method POST id clinic-7]"},
		{"no key", "", nil, 401, "key_missing", `key_missing to "" from 127.0.0.1`},
		{"another scheme", "Basic operator", nil, 401, "key_missing", `key_missing to "" from 127.0.0.1`},
		{"an unknown key", "Bearer guess", nil, 401, "key_unknown", `key_unknown to "" from 127.0.0.1`},
		{"a clinic's key", "Bearer clinic", nil, 403, "scope_missing", `scope_missing to "clinic-1" from 127.0.0.1`},
		{"an operator who needs a certificate, which nobody asks for here", "Bearer bound", nil, 401, "certificate_mismatch", `certificate_mismatch to "bound" from 127.0.0.1`},
		{"a suspended operator", "Bearer suspended", nil, 403, "caller_suspended", `caller_suspended to "gone" from 127.0.0.1`},
		{"no log, no act", "Bearer operator", errors.New("disk full"), 503, "unavailable", "clients_show by night-shift [key k1 method POST id clinic-7]"},
		{"no log, no reason", "Bearer guess", errors.New("disk full"), 503, "unavailable", `key_unknown to "" from 127.0.0.1`},
	} {
		t.Run(test.name, func(t *testing.T) {
			log, done := &records{broken: test.broken}, 0
			s, url := serveWith(t, admin.Config{}, admin.Deps{Operators: operators{}, Records: log, Clock: clock.System})
			s.AddAct(admin.Act{Pattern: "POST /clients/{id}", Name: "clients_show", Target: "id", Do: func(w http.ResponseWriter, r *http.Request, by *verify.Caller) {
				done++
				admin.Answer(w, http.StatusOK, map[string]string{"id": r.PathValue("id"), "by": by.ID})
			}})
			status, header, body := post(t, url+"/clients/clinic-7", test.header, "")
			var got struct{ Code, ID, By string }
			if err := json.Unmarshal([]byte(body), &got); err != nil {
				t.Fatalf("%v in %s", err, body)
			}
			if status != test.status || got.Code != test.code || len(log.lines) != 1 || log.lines[0] != test.record {
				t.Errorf("got %d %s, recorded %q", status, body, log.lines)
			}
			if want := test.code == ""; want != (done == 1) || want != (got.By == "night-shift") {
				t.Errorf("the act was done %d times, answer %s", done, body)
			}
			if header.Get("Cache-Control") != "no-store" {
				t.Errorf("the answer may be stored: %v", header)
			}
		})
	}
}

func TestActsAreBounded(t *testing.T) {
	s, url := serveWith(t, admin.Config{}, admin.Deps{Operators: operators{}, Records: &records{}, Clock: clock.System})
	s.AddAct(admin.Act{Pattern: "POST /import", Name: "import", MaxBody: 10, Do: func(w http.ResponseWriter, r *http.Request, _ *verify.Caller) {
		if _, err := io.ReadAll(r.Body); err != nil {
			admin.Fail(w, err)
			return
		}
		admin.Fail(w, &admin.Fault{Status: http.StatusConflict, Code: "exists", Err: errors.New("adding clinic-1: it is there already")})
	}})
	for _, test := range []struct {
		body   string
		status int
		want   string
	}{
		{"0123456789", 409, `"code": "exists"`},
		{"01234567890", 413, `"code": "body_too_large"`},
	} {
		if status, _, body := post(t, url+"/import", "Bearer operator", test.body); status != test.status || !strings.Contains(body, test.want) {
			t.Errorf("%d bytes: got %d %s", len(test.body), status, body)
		}
	}
}

func TestWithoutOperatorsThereAreNoActs(t *testing.T) {
	s, url := serve(t, admin.Config{})
	s.AddAct(admin.Act{Pattern: "POST /x", Name: "x", Do: func(http.ResponseWriter, *http.Request, *verify.Caller) { t.Error("done") }})
	if status, _, _ := post(t, url+"/x", "Bearer operator", ""); status != http.StatusNotFound {
		t.Errorf("got %d", status)
	}
}

func post(t *testing.T, url, authorization, body string) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", authorization)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(text)
}
