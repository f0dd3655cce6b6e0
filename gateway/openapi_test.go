package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	v1 "github.com/verigate/verigate/gateway/v1"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/resolve"
	"github.com/verigate/verigate/verify"
)

// described is the description as the running server serves it.
func described(t *testing.T, base string) routers.Router {
	t.Helper()
	got := send(t, http.MethodGet, base+"/openapi.yaml", "", "")
	if got.status != http.StatusOK || got.header.Get("Content-Type") != "application/yaml" {
		t.Fatalf("status %d, type %s", got.status, got.header.Get("Content-Type"))
	}
	if router, ok := parsed.Load(got.body); ok {
		return router.(routers.Router) //nolint:forcetypeassert // nothing else is stored
	}
	doc, err := openapi3.NewLoader().LoadFromData([]byte(got.body))
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(context.Background()); err != nil {
		t.Fatal(err)
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	parsed.Store(got.body, router)
	return router
}

// parsed keeps what was read of a description, since reading it is what these tests would spend their time on.
var parsed sync.Map

// hold checks one exchange against the description: the reply always, the request when it is meant to be right.
func hold(t *testing.T, router routers.Router, method, path string, body string, good bool, got reply) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	route, params, err := router.FindRoute(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	in := &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true}}
	if good {
		if err := openapi3filter.ValidateRequest(t.Context(), in); err != nil {
			t.Errorf("%s %s: the description refuses a request the server takes: %v", method, path, err)
		}
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: got.status, Header: got.header,
		Body: io.NopCloser(bytes.NewReader([]byte(got.body))), Options: in.Options}
	if err := openapi3filter.ValidateResponse(t.Context(), out); err != nil {
		t.Errorf("%s %s: %v\n%s", method, path, err, got.body)
	}
}

// scene is one way to be answered or refused.
type scene struct {
	name   string
	call   string // default lookup
	key    string // default the clinic's
	body   string // default a good question
	kind   string // content type; default JSON
	world  func(*world)
	status int
	code   string // of the problem, or the outcome
	field  string
}

const goodQuestion = `{"id":"001080000000","name":"Nguyễn Văn Mẫu","dob":"1980-02-01"}`

func scenes() []scene {
	limit := func(r verify.Refusal) func(*world) {
		return func(w *world) {
			w.limit = func(*verify.Caller, int) verify.Verdict { return verify.Verdict{Refusal: r} }
		}
	}
	budget := func(r verify.Refusal) func(*world) {
		return func(w *world) { w.budget = func(identity.Key) verify.Verdict { return verify.Verdict{Refusal: r} } }
	}
	return []scene{
		{name: "match", status: 200, code: "match"},
		{name: "mismatch", body: `{"id":"001080000000","name":"Trần Văn Mẫu","dob":"1980"}`, status: 200, code: "mismatch"},
		{name: "not found", body: `{"id":"001080000009","name":"Nguyễn Văn Mẫu","dob":"1980"}`, status: 200, code: "not_found"},
		{name: "elsewhere", status: 200, code: "out_of_register", world: func(w *world) {
			w.held["001080000000"] = verify.Held{State: verify.StateElsewhere, Holder: verify.HolderDefence}
		}},
		{name: "expired", body: `{"id":"001080000000","name":"Nguyễn Văn Mẫu","dob":"1980","on":"2027-02-01"}`, status: 200, code: "inactive"},
		{name: "verified", call: "verify", key: agencyKey, body: `{"id":"001080000000","sex":"male","facility":"01000"}`, status: 200, code: "match"},
		{name: "usage", call: "usage", status: 200},

		{name: "no key", key: "-", status: 401, code: "key_missing"},
		{name: "damaged key", key: "damaged", status: 401, code: "key_malformed"},
		{name: "unknown key", key: "nobody", status: 401, code: "key_unknown"},
		{name: "expired key", key: "expired", status: 401, code: "key_expired"},
		{name: "revoked key", key: "revoked", status: 401, code: "key_revoked"},
		{name: "other certificate", key: "certificate", status: 401, code: "certificate_mismatch"},
		{name: "suspended", key: "suspended", status: 403, code: "caller_suspended"},
		{name: "wrong scope", key: agencyKey, status: 403, code: "scope_missing"},
		{name: "purpose not granted", body: `{"id":"001080000000","name":"A","dob":"1980","purpose":"statistics"}`, status: 403, code: "purpose_not_allowed", field: "purpose"},
		{name: "purpose not known", body: `{"id":"001080000000","name":"A","dob":"1980","purpose":"fun"}`, status: 400, code: "body_malformed", field: "purpose"},
		{name: "no staff", world: func(w *world) { w.keys[clinicKey].Policy.StaffRequired = true }, status: 403, code: "staff_missing", field: "staff"},
		{name: "long staff", body: `{"id":"001080000000","name":"A","dob":"1980","staff":{"id":"` + strings.Repeat("1", 129) + `"}}`, status: 400, code: "body_malformed", field: "staff.id"},
		{name: "purpose without a rule", body: `{"id":"001080000000","name":"A","dob":"1980"}`, world: func(w *world) { w.rules = new(verify.Entitlements) }, status: 403, code: "purpose_not_allowed", field: "purpose"},
		{name: "outcome not to be told", body: `{"id":"001080000000","name":"Trần Văn Mẫu","dob":"1980"}`, status: 403, code: "outcome_withheld", world: func(w *world) {
			w.rules = new(verify.Entitlements)
			w.rules.Set(verify.CallerClinic, verify.PurposeTreatment, verify.CallLookup, verify.Entitlement{Outcomes: 1 << verify.OutcomeMatch})
		}},
		{name: "harvest", world: budget(verify.RefusalHarvest), status: 403, code: "harvest_suspected"},
		{name: "harvest, slow", world: budget(verify.RefusalHarvestSlow), status: 429, code: "harvest_suspected"},
		{name: "rate", world: limit(verify.RefusalRate), status: 429, code: "rate_limited"},
		{name: "concurrency", world: limit(verify.RefusalConcurrency), status: 429, code: "rate_limited"},
		{name: "quota", world: limit(verify.RefusalQuota), status: 429, code: "quota_exhausted"},
		{name: "usage over quota", call: "usage", world: limit(verify.RefusalSuspended), status: 403, code: "caller_suspended"},
		{name: "registry down", status: 503, code: "unavailable", world: func(w *world) {
			w.held["001080000000"] = verify.Held{Trouble: verify.TroubleTimeout}
		}},
		{name: "log broken", status: 503, code: "unavailable", world: func(w *world) { w.logBroken = true }},
		{name: "log broken, refusal", key: "nobody", status: 503, code: "unavailable", world: func(w *world) { w.logBroken = true }},
		{name: "crash", status: 500, code: "internal", world: func(w *world) { w.resolve = func(*resolve.Batch) { panic("001080000000") } }},

		{name: "no identifier", body: `{"name":"A","dob":"1980"}`, status: 400, code: "identifier_missing"},
		{name: "two identifiers", body: `{"id":"001080000000","code":"0000000001","name":"A","dob":"1980"}`, status: 400, code: "identifier_ambiguous", field: "code"},
		{name: "no claims", call: "verify", key: agencyKey, body: `{"id":"001080000000"}`, status: 400, code: "claims_missing"},
		{name: "broken JSON", body: `{"id":`, status: 400, code: "body_malformed", field: "id"},
		{name: "empty body", body: " ", status: 400, code: "body_malformed"},
		{name: "unknown member", body: `{"id":"001080000000","phone":"1"}`, status: 400, code: "field_unknown", field: "phone"},
		{name: "large body", body: `{"name":"` + strings.Repeat("x", 100_000) + `"}`, status: 413, code: "body_too_large"},
		{name: "a form", kind: formType, status: 415, code: "media_type_unsupported"},
		{name: "malformed id", body: `{"id":"1","name":"A","dob":"1980"}`, status: 400, code: "identifier_malformed", field: "id"},
		{name: "malformed code", body: `{"code":"1","name":"A","dob":"1980"}`, status: 400, code: "identifier_malformed", field: "code"},
		{name: "province", body: `{"card":"GD4000000000001","name":"A","dob":"1980"}`, status: 400, code: "card_province_invalid", field: "card"},
		{name: "benefit", body: `{"card":"GD7010000000001","name":"A","dob":"1980"}`, status: 400, code: "card_benefit_invalid", field: "card"},
		{name: "dob", body: `{"id":"001080000000","name":"A","dob":"1980-02-30"}`, status: 400, code: "dob_invalid", field: "dob"},
		{name: "no dob", body: `{"id":"001080000000","name":"A"}`, status: 400, code: "dob_missing", field: "dob"},
		{name: "name", body: `{"id":"001080000000","name":"A\u0000","dob":"1980"}`, status: 400, code: "name_invalid", field: "name"},
		{name: "no name", body: `{"id":"001080000000","dob":"1980"}`, status: 400, code: "name_missing", field: "name"},
		{name: "sex", body: `{"id":"001080000000","name":"A","dob":"1980","sex":"m"}`, status: 400, code: "sex_invalid", field: "sex"},
		{name: "facility", body: `{"id":"001080000000","name":"A","dob":"1980","facility":"1"}`, status: 400, code: "facility_invalid", field: "facility"},
		{name: "qr", body: `{"qr":"a|b","name":"A","dob":"1980"}`, status: 400, code: "qr_unreadable", field: "qr"},
		{name: "on", body: `{"id":"001080000000","name":"A","dob":"1980","on":"tomorrow"}`, status: 400, code: "on_invalid", field: "on"},
	}
}

func (s *scene) play(t *testing.T) (reply, routers.Router) {
	t.Helper()
	w := newWorld()
	w.putSample(sample())
	if s.world != nil {
		s.world(w)
	}
	base := start(t, w, nil)
	router := described(t, base)
	header := []string{"Accept-Language", "en"}
	if s.key != "-" {
		header = append(header, "Authorization", "Bearer "+s.key)
	}
	return send(t, s.method(), base+"/v1/"+s.call, s.kind, s.body, header...), router
}

func (s *scene) method() string {
	if s.call == "usage" {
		return http.MethodGet
	}
	return http.MethodPost
}

func (s *scene) defaults() {
	if s.call == "" {
		s.call = "lookup"
	}
	if s.key == "" {
		s.key = clinicKey
	}
	if s.body == "" && s.call != "usage" {
		s.body = goodQuestion
	}
	if s.kind == "" && s.call != "usage" {
		s.kind = "application/json"
	}
}

func TestServerKeepsToItsDescription(t *testing.T) {
	// What no question can bring about, or what is told before there is a path, is tested elsewhere.
	elsewhere := []string{"method_not_allowed", "path_unknown", "header_too_large", "request_timeout", "overloaded", "token_expired", "token_revoked", "assertion_replayed", "certificate_revoked"}
	seen := map[string]bool{}
	for _, s := range scenes() {
		s.defaults()
		seen[s.code] = true
		t.Run(s.name, func(t *testing.T) {
			got, router := s.play(t)
			hold(t, router, s.method(), "/v1/"+s.call, s.body, got.status == http.StatusOK, got)
			var answer struct{ Outcome, Code, Field string }
			if err := json.Unmarshal([]byte(got.body), &answer); err != nil {
				t.Fatal(err)
			}
			if got.status != s.status || answer.Outcome+answer.Code != s.code || answer.Field != s.field {
				t.Errorf("got %d %q %q, want %d %q %q", got.status, answer.Outcome+answer.Code, answer.Field, s.status, s.code, s.field)
			}
			if strings.Contains(got.body, "001080") && got.status != http.StatusOK {
				t.Errorf("the problem repeats an identifier: %s", got.body)
			}
		})
	}
	for _, m := range v1.Meanings() {
		if !seen[m.Code] && !slices.Contains(elsewhere, m.Code) {
			t.Errorf("no scene ends in %q", m.Code)
		}
	}
}
