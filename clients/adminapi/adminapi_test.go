package adminapi_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/verigate/verigate/cache/cachetest"
	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/clients/adminapi"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/gateway/secure/securetest"
	"github.com/verigate/verigate/internal/redisconn"
)

// A closed client's attempt to reach a dead Redis sleeps for a second before it notices.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

var noon = time.Date(2026, 11, 21, 5, 0, 0, 0, time.UTC)

func secrets(t testing.TB) *clients.Secrets {
	t.Helper()
	s, err := clients.NewSecrets([]byte(strings.Repeat("0123456789abcdef", 2)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// server is the API over HTTP as the admin listener would mount it, with what it tells the audit log.
type server struct {
	t    testing.TB
	mux  *http.ServeMux
	done []string
}

func serve(t testing.TB, store clients.Store) *server {
	s := &server{t: t, mux: http.NewServeMux()}
	api := &adminapi.API{Store: store, Secrets: secrets(t), Now: func() time.Time { return noon }}
	for _, route := range api.Routes() {
		s.mux.HandleFunc(route.Pattern, func(w http.ResponseWriter, r *http.Request) {
			if route.MaxBody > 0 {
				r.Body = http.MaxBytesReader(w, r.Body, route.MaxBody)
			}
			a, err := route.Do(r)
			if err != nil {
				a.Status, a.Body = http.StatusBadRequest, map[string]string{"error": err.Error()}
				if f, ok := errors.AsType[*adminapi.Fault](err); ok {
					a.Status, a.Body = f.Status, map[string]string{"error": err.Error(), "code": f.Code}
				}
			}
			s.done = a.Done
			w.WriteHeader(a.Status)
			_ = json.NewEncoder(w).Encode(a.Body)
		})
	}
	return s
}

func (s *server) do(method, path, body string) (int, string) {
	s.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if strings.HasSuffix(path, "/import") {
		r.Header.Set("Content-Type", "text/csv; charset=utf-8")
	}
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// stores are the two places where a directory can be.
func stores(t *testing.T) map[string]clients.Store {
	t.Helper()
	shared, err := clients.OpenRedis(clients.RedisConfig{
		Endpoint: redisconn.Endpoint{URL: "redis://" + cachetest.Redis(t).Addr}, Prefix: "test:", Timeout: config.Duration(5 * time.Second),
	}, secrets(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shared.Close() })
	return map[string]clients.Store{"file": &clients.FileStore{Path: filepath.Join(t.TempDir(), "clients.ndjson")}, "redis": shared}
}

// One life of a caller, step by step, the same in a file and in Redis.
func TestLifeOfACaller(t *testing.T) {
	for name, store := range stores(t) {
		t.Run(name, func(t *testing.T) {
			s := serve(t, store)
			for i, step := range []struct {
				method, path, body string
				status             int
				want               []string // in the answer
				done               string   // told to the audit log, how it begins
			}{
				{"POST", "/clients", `{"id":"clinic-1","kind":"clinic","facility":"01001","portal_username":"01001_BV","valid":"90d","limits":{"rate":7}}`, 201,
					[]string{`"id":"clinic-1"`, `"key":"vg_`, `"portal_password":"`, `"rate":7,"burst":100`, `"expires":"2027-02-19T05:00:00Z"`, `"scopes":["lookup","verify"]`}, "id clinic-1 key "},
				{"POST", "/clients", `{"id":"clinic-1","kind":"clinic"}`, 400, []string{"there is one with this id"}, ""},
				{"POST", "/clients", `{"id":"clinic-2","kind":"hospital"}`, 400, []string{`kind \"hospital\"`}, ""},
				{"POST", "/clients", `{"id":"clinic-2","kind":"clinic","colour":1}`, 400, []string{`unknown field \"colour\"`}, ""},
				{"POST", "/clients", `{"id":"clinic-2","kind":"clinic","portal_username":"01001_bv"}`, 400, []string{"belongs to clinic-1"}, ""},
				{"POST", "/clients", `{"id":"agency-1","kind":"agency","no_key":true}`, 201, []string{`"keys":[]`}, "id agency-1"},
				{"POST", "/clients", `{} {}`, 400, []string{"more than one object"}, ""},
				{"GET", "/clients?kind=agency", "", 200, []string{`"callers":[{"id":"agency-1"`, `"total":1`}, ""},
				{"GET", "/clients?limit=1", "", 200, []string{`"after":"clinic-1"`, `"total":2`}, ""},
				{"GET", "/clients?limit=1&after=clinic-1", "", 200, []string{`{"callers":[{"id":"agency-1"`}, ""},
				{"GET", "/clients?limit=0", "", 400, []string{"limit"}, ""},
				{"GET", "/clients?kin=agency", "", 400, []string{`parameter \"kin\"`}, ""},
				{"GET", "/clients/clinic-9", "", 404, []string{"caller_unknown"}, ""},
				{"POST", "/clients/clinic-1/rotate", `{"overlap":"7d"}`, 200, []string{`"key":"vg_`, `"expires":"2026-11-28T05:00:00Z"`}, "key "},
				{"POST", "/clients/clinic-1/rotate", `{"account":"01001_BV"}`, 200, []string{`"portal_password":"`}, "account 01001_BV"},
				{"POST", "/clients/clinic-1/rotate", `{"account":"nobody"}`, 400, []string{"no portal account"}, ""},
				{"POST", "/clients/clinic-1/limits", `{"rate":0,"daily":9}`, 200, []string{`"rate":20,`, `"daily":9`}, "rate 0 daily 9"},
				{"POST", "/clients/clinic-1/limits", `{"rate":-1}`, 400, []string{"limits.rate -1"}, ""},
				{"POST", "/clients/clinic-1/limits", ``, 400, []string{"nothing to change"}, ""},
				{"POST", "/clients/clinic-1/policy", `{"show_deceased":true}`, 200, []string{`"show_deceased":true`}, "show_deceased true"},
				{"POST", "/clients/clinic-1/policy", `{"show_everything":true}`, 400, []string{"show_everything"}, ""},
				{"POST", "/clients/clinic-1/accounts", `{"username":"01001_BV","networks":["192.0.2.0/24"]}`, 200, []string{`"networks":["192.0.2.0/24"]`}, "account 01001_BV"},
				{"POST", "/clients/clinic-1/accounts", `{"username":"01001_BV","networks":["192.0.2.0"]}`, 400, []string{"network"}, ""},
				{"POST", "/clients/clinic-1/accounts", `{"username":"01001_PK","md5":"0123456789abcdef0123456789ABCDEF"}`, 200, []string{`"username":"01001_PK"`}, "account 01001_PK"},
				{"POST", "/clients/clinic-1/officers", `{"number":"001180000000","name":"Trần Thị Mẫu"}`, 200, []string{`"officers":1`}, "registered 1"},
				{"POST", "/clients/clinic-1/officers", `{"number":"001180000001","remove":true}`, 400, []string{"no officer with that number"}, ""},
				{"POST", "/clients/clinic-1/officers", `{"number":"001180000000","remove":true}`, 200, []string{`"officers":0`}, "removed 1"},
				{"POST", "/clients/clinic-1/suspend", `{"contact":"0000 000 000"}`, 200, []string{`"status":"suspended","contact":"0000 000 000"`}, ""},
				{"POST", "/clients/clinic-1/resume", ``, 200, []string{`"status":"active"`}, ""},
				{"POST", "/clients/clinic-1/revoke", `{"account":"01001_PK"}`, 200, []string{`"username":"01001_PK","revoked":true`}, "account 01001_PK"},
				{"POST", "/clients/clinic-1/revoke", `{}`, 400, []string{"want one of"}, ""},
				{"POST", "/clients/clinic-1/revoke", `{"all":true,"key":"x"}`, 400, []string{"want one of"}, ""},
				{"POST", "/clients/clinic-1/revoke", `{"all":true}`, 200, []string{`"status":"revoked"`, `"usable":false`}, "all true"},
				{"POST", "/clients/clinic-1/resume", ``, 400, []string{"for good"}, ""},
				{"POST", "/clients/import", "id,kind\nlab-1,laboratory\nlab-2,laboratory\n", 200, []string{`"added":2`, `"caller":"lab-2"`}, "added 2"},
				{"POST", "/clients/import", "id,kind\nlab-3,laboratory\nlab-2,laboratory\n", 400, []string{"nothing was added: line 3"}, ""},
				{"GET", "/clients?kind=laboratory", "", 200, []string{`"total":2`}, ""},
			} {
				status, body := s.do(step.method, step.path, step.body)
				if status != step.status || !strings.HasPrefix(strings.Join(s.done, " "), step.done) {
					t.Fatalf("step %d, %s %s %s: %d %s, recorded %q", i, step.method, step.path, step.body, status, body, s.done)
				}
				for _, part := range step.want {
					if !strings.Contains(body, part) {
						t.Errorf("step %d, %s %s %s: no %s in %s", i, step.method, step.path, step.body, part, body)
					}
				}
			}
			wantNoHashes(t, s, store)
		})
	}
}

// A caller that proves who it is by key pairs: what an API key can go through, a public key and a certificate can.
func TestLifeOfPublicCredentials(t *testing.T) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	x := base64.RawURLEncoding.EncodeToString(public)
	jwk := `{"kty":"OKP","crv":"Ed25519","x":"` + x + `"`
	secret := jwk + `,"d":"` + base64.RawURLEncoding.EncodeToString(private.Seed()) + `"}`
	quoted := func(b []byte) string { return strconv.Quote(string(b)) }
	cert := securetest.New(t, "Authority").Client(t, "lab", time.Hour)
	sum := sha256.Sum256(cert.Leaf.RawSubjectPublicKeyInfo)
	digest := hex.EncodeToString(sum[:])
	for name, store := range stores(t) {
		t.Run(name, func(t *testing.T) {
			s := serve(t, store)
			for i, step := range []struct {
				path, body string
				status     int
				want       []string
				done       string
			}{
				{"", `{"id":"lab-1","kind":"laboratory","no_key":true}`, 201, []string{`"keys":[]`, `"public_keys":[]`}, "id lab-1"},
				{"/lab-1/public-keys", `{"jwks":{"keys":[` + jwk + `,"kid":"desk"}]},"valid":"90d"}`, 200, []string{`"public_keys":[{"id":"desk"`, `"expires":"2027-02-19T05:00:00Z","usable":true`}, "public_key desk"},
				{"/lab-1/public-keys", `{"jwks":` + jwk + `},"key_id":"desk"}`, 400, []string{"given twice"}, ""},
				{"/lab-1/public-keys", `{"jwks":` + secret + `}`, 400, []string{"private key"}, ""},
				{"/lab-1/public-keys", `{}`, 400, []string{"want one of pem and jwks"}, ""},
				{"/lab-1/public-keys", `{"pem":` + quoted(cert.Key) + `}`, 400, []string{"private key"}, ""},
				{"/lab-1/public-keys", `{"pem":` + quoted(cert.Cert) + `,"key_id":"spare"}`, 200, []string{`"id":"spare"`}, "public_key spare"},
				{"/lab-9/public-keys", `{"jwks":` + jwk + `}}`, 404, []string{"caller_unknown"}, ""},
				{"/lab-1/certificates", `{"required":true}`, 400, []string{"needs at least one"}, ""},
				{"/lab-1/certificates", `{}`, 400, []string{"nothing to change"}, ""},
				{"/lab-1/certificates", `{"pem":` + quoted(cert.Cert) + `,"required":true}`, 200, []string{`"mutual_tls":{"required":true,"certificates":[{"sha256":"` + digest}, "certificate " + digest + " required true"},
				{"/lab-1/certificates", `{"pem":` + quoted(cert.Cert) + `}`, 400, []string{"registered already"}, ""},
				{"/lab-1/revoke", `{"public_key":"desk"}`, 200, []string{`"id":"desk"`, `"revoked":"2026-11-21T05:00:00Z","usable":false`}, "public_key desk"},
				{"/lab-1/revoke", `{"public_key":"nobody"}`, 400, []string{"has no public key"}, ""},
				{"/lab-1/revoke", `{"public_key":"desk","key":"desk"}`, 400, []string{"want one of"}, ""},
				{"/lab-1/revoke", `{"certificate":"` + digest[:8] + `"}`, 400, []string{"needs at least one"}, ""}, // required without any
				{"/lab-1/certificates", `{"required":false}`, 200, []string{`"certificates":[{`}, "required false"},
				{"/lab-1/revoke", `{"certificate":"` + digest[:8] + `"}`, 200, []string{`"id":"lab-1"`}, "certificate " + digest[:8]},
			} {
				status, body := s.do("POST", "/clients"+step.path, step.body)
				if status != step.status || !strings.HasPrefix(strings.Join(s.done, " "), step.done) || strings.Contains(body, x) {
					t.Fatalf("step %d, %s %s: %d %s, recorded %q", i, step.path, step.body, status, body, s.done)
				}
				for _, part := range step.want {
					if !strings.Contains(body, part) {
						t.Errorf("step %d, %s %s: no %s in %s", i, step.path, step.body, part, body)
					}
				}
			}
		})
	}
}

// wantNoHashes: what operators see holds no hash, sealed name or secret.
func wantNoHashes(t *testing.T, s *server, store clients.Store) {
	t.Helper()
	f, err := store.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, all := s.do("GET", "/clients", "")
	for _, e := range f.Entries {
		_, one := s.do("GET", "/clients/"+e.ID, "")
		for _, k := range e.Keys {
			if strings.Contains(all+one, k.SHA256) {
				t.Errorf("%s: a key's hash is shown", e.ID)
			}
		}
		for _, a := range e.Accounts {
			if strings.Contains(all+one, a.Password) {
				t.Errorf("%s: a password's hash is shown", e.ID)
			}
		}
	}
}

func TestImportIsBounded(t *testing.T) {
	s := serve(t, &clients.FileStore{Path: filepath.Join(t.TempDir(), "clients.ndjson")})
	row := strings.Repeat("x", 1000) + "\n"
	if status, body := s.do("POST", "/clients/import", "id,kind\n"+strings.Repeat(row, adminapi.MaxImport/len(row)+1)); status == 200 {
		t.Errorf("%d %s", status, body)
	}
	r := httptest.NewRequest("POST", "/clients/import", strings.NewReader("id,kind\n"))
	w := httptest.NewRecorder()
	if s.mux.ServeHTTP(w, r); w.Code != http.StatusUnsupportedMediaType {
		t.Errorf("without a content type: %d", w.Code)
	}
}

// What cannot be changed now is an outage and not the operator's mistake.
func TestAway(t *testing.T) {
	r := cachetest.Redis(t)
	store, err := clients.OpenRedis(clients.RedisConfig{
		Endpoint: redisconn.Endpoint{URL: "redis://" + r.Addr}, Timeout: config.Duration(time.Second),
	}, secrets(t))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	r.Kill()
	s := serve(t, store)
	for _, step := range [][3]string{{"GET", "/clients", ""}, {"GET", "/clients/a", ""}, {"POST", "/clients", `{"id":"a","kind":"clinic"}`}, {"POST", "/clients/a/resume", ""}} {
		if status, body := s.do(step[0], step[1], step[2]); status != 503 || !strings.Contains(body, "unavailable") {
			t.Errorf("%s %s: %d %s", step[0], step[1], status, body)
		}
	}
}

// The page lists exactly the routes there are, each with its name in the audit log.
func TestPageListsTheRoutes(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "admin-api.md"))
	if err != nil {
		t.Fatal(err)
	}
	var have, want []string
	for _, m := range regexp.MustCompile("(?m)^\\| `((?:GET|POST) /clients[^`]*)` \\| `([a-z_]+)` \\|").FindAllStringSubmatch(string(page), -1) {
		have = append(have, fmt.Sprint(m[1], " ", m[2]))
	}
	for _, r := range (&adminapi.API{}).Routes() {
		want = append(want, fmt.Sprint(r.Pattern, " ", r.Name))
	}
	slices.Sort(have)
	slices.Sort(want)
	if !slices.Equal(have, want) {
		t.Errorf("docs/admin-api.md lists\n%s\nthere are\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
}
