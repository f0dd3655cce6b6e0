package registry_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/verigate/verigate/registry/nation"
)

func description(t *testing.T) (*openapi3.T, routers.Router) {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("../docs/registry-openapi.yaml")
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
	return doc, router
}

// TestTheServerKeepsToItsDescription sends requests, good and bad, and holds what comes back against the description.
func TestTheServerKeepsToItsDescription(t *testing.T) {
	_, router := description(t)
	x := start(t, nil)
	p, dead := somebody(t, nation.RenewedInAdvance), somebody(t, nation.Deceased)
	var former, area nation.Person
	people(t, 20_000, func(q *nation.Person) bool { former = *q; return len(q.Former) > 0 && q.Holder == "" })
	people(t, 20_000, func(q *nation.Person) bool {
		area = *q
		return len(q.Cards) > 0 && q.Cards[0].Area > 0 && !q.Cards[0].FiveYears.IsZero()
	})
	all := keysBody(keyed{"id", p.ID}, keyed{"code", dead.Code}, keyed{"code", former.Code}, keyed{"code", area.Code},
		keyed{"id", "001080999999"}, keyed{"card", "QN5979900000000"}, keyed{"card", p.Cards[0].Number[:5] + p.ID})
	person := func(op, more string) string { return `{"op":"` + op + `","id":"` + p.ID + `"` + more + `}` }
	scenes := []struct {
		method, path, body string
		status             int
		good               bool // the description must take the request, too
	}{
		{"GET", "/healthz", "", 200, true},
		{"POST", "/records", all, 200, true},
		{"POST", "/records", `{"keys":[]}`, 400, false},
		{"POST", "/records", `{"keys":[{"kind":"id","value":"1"}]}`, 400, false},
		{"GET", "/changes?after=x", "", 410, true},
		{"GET", "/changes?wait=x", "", 400, true},
		{"GET", "/keys?kind=x", "", 400, false},
		{"GET", "/keys?kind=id&snapshot=x", "", 409, true},
		{"POST", "/lab/people", `{"op":"birth","count":2,"province":"079","without_id":true}`, 200, true},
		{"POST", "/lab/people", person("recall", ""), 200, true},
		{"POST", "/lab/people", person("recall", ""), 409, true},
		{"POST", "/lab/people", person("issue", `,"object":"HN"`), 200, true},
		{"POST", "/lab/people", person("correct", `,"dob":"1980","facility":"01000","new_id":"001180999998"`), 200, true},
		{"POST", "/lab/people", `{"op":"recall","id":"001080999999"}`, 404, true},
		{"POST", "/lab/people", `{"op":"dance"}`, 400, false},
		{"GET", "/lab/faults", "", 200, true},
		{"POST", "/lab/faults", `{"latency_ms":1,"latency_p99_ms":2,"feed":"reorder"}`, 200, true},
		{"POST", "/lab/faults", `{"feed":"stop"}`, 400, false},
		{"DELETE", "/lab/faults", "", 200, true},
		{"POST", "/lab/faults", `{"error_rate":1}`, 200, true},
		{"POST", "/records", all, 500, true},
		{"GET", "/changes", "", 500, true},
		{"GET", "/keys?kind=card", "", 500, true},
	}
	for _, s := range scenes {
		t.Run(s.method+" "+s.path, func(t *testing.T) { x.hold(t, router, s.method, s.path, s.body, s.status, s.good) })
	}
}

func (x *running) hold(t *testing.T, router routers.Router, method, path, body string, status int, good bool) {
	t.Helper()
	send := func(base string) *http.Request {
		req, err := http.NewRequestWithContext(t.Context(), method, base+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if body != "" {
			req.Header.Set("Content-Type", "application/json")
		}
		return req
	}
	res, err := x.client.Do(send(x.url))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != status {
		t.Fatalf("status %d, want %d: %s", res.StatusCode, status, text)
	}
	req := send("")
	route, params, err := router.FindRoute(req)
	if err != nil {
		t.Fatal(err)
	}
	in := &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true}}
	if err := openapi3filter.ValidateRequest(t.Context(), in); good && err != nil {
		t.Errorf("the description refuses what the server takes: %v", err)
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: res.StatusCode, Header: res.Header,
		Body: io.NopCloser(bytes.NewReader(text)), Options: in.Options}
	if err := openapi3filter.ValidateResponse(t.Context(), out); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
}

// TestTheStreamsKeepToTheirDescription holds every line of feed and export against its schema.
func TestTheStreamsKeepToTheirDescription(t *testing.T) {
	doc, _ := description(t)
	x := start(t, nil)
	x.births(3, "001")
	check := func(schema string, line []byte) {
		t.Helper()
		var v any
		decode(t, line, &v)
		if err := doc.Components.Schemas[schema].Value.VisitJSON(v); err != nil {
			t.Errorf("%s: %v\n%s", schema, err, line)
		}
	}
	changes, heartbeats := 0, 0
	for line := range bytes.Lines(x.must(200, "GET", "/changes?wait=100ms", "")) {
		if bytes.Contains(line, []byte(`"watermark"`)) {
			heartbeats++
			check("Heartbeat", line)
		} else {
			changes++
			check("Change", line)
		}
	}
	if changes != 3 || heartbeats == 0 {
		t.Errorf("%d changes and %d heartbeats", changes, heartbeats)
	}
	lines := slices.Collect(bytes.Lines(x.must(200, "GET", "/keys?kind=card", "")))
	check("ExportHead", lines[0])
	check("ExportKey", lines[1])
	check("ExportEnd", lines[len(lines)-1])
	check("ExportHead", x.compactExport("kind=id").line)
}

// TestEveryCodeIsDescribed finds the refusals in the source and looks each up in the description and in the manual.
func TestEveryCodeIsDescribed(t *testing.T) {
	doc, _ := description(t)
	described := doc.Components.Schemas["Problem"].Value.Properties["code"].Value.Enum
	manual, err := os.ReadFile("../docs/registry-api.md")
	if err != nil {
		t.Fatal(err)
	}
	sources, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile(`(?:refuse\(\d{3}, |code: )"([a-z_]+)"`)
	found := map[string]bool{}
	for _, f := range sources {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		text, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range code.FindAllStringSubmatch(string(text), -1) {
			found[m[1]] = true
		}
	}
	for c := range found {
		if !slices.Contains(described, any(c)) {
			t.Errorf("the description does not know the code %s", c)
		}
		if !strings.Contains(string(manual), "`"+c+"`") {
			t.Errorf("the manual does not know the code %s", c)
		}
	}
	for _, c := range described {
		if !found[c.(string)] { //nolint:forcetypeassert // an enum of strings
			t.Errorf("nothing answers with the code %s", c)
		}
	}
}
