package gateway_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/gateway/secure/securetest"
)

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// registered gives the caller plain a public key and returns what signs for it.
func (s *site) registered(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	public, private, _ := ed25519.GenerateKey(rand.Reader)
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	s.update(t, func(f *clients.File) {
		if _, err := f.Find("plain").AddPublicKey(time.Now(), clients.NamedKey{ID: "desk", SPKI: der}, 0); err != nil {
			t.Fatal(err)
		}
	})
	<-s.changed
	return private
}

func assertion(t *testing.T, key ed25519.PrivateKey, client string) string {
	t.Helper()
	text, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{"iss": client, "sub": client, "aud": siteIssuer + "/oauth/token",
		"exp": time.Now().Add(time.Minute).Unix(), "jti": rand.Text()}).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func basic(client, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(client)+":"+url.QueryEscape(secret)))
}

// Every way to get a token, and every way not to: RFC 6749, 5.1 and 5.2.
func TestTokenEndpoint(t *testing.T) {
	s := newSite(t)
	private := s.registered(t)
	once := assertion(t, private, "plain")
	grant := "grant_type=client_credentials"
	signed := func(a string) string {
		return grant + "&client_assertion_type=" + url.QueryEscape(assertionType) + "&client_assertion=" + a
	}
	good := basic("plain", s.keys["plain"])
	for _, c := range []struct {
		name, auth, body string
		cert             *securetest.Pair
		status           int
		err              string // "": a token
		scope            string
		logged           string
	}{
		{name: "by secret", auth: good, body: grant, status: 200, scope: "lookup verify", logged: "plain 200"},
		{name: "narrower", auth: good, body: grant + "&scope=verify&purpose=claim", status: 200, scope: "verify", logged: "plain 200"},
		{name: "parameters nobody knows", auth: good, body: grant + "&resource=x", status: 200, scope: "lookup verify", logged: "plain 200"},
		{name: "by assertion", body: signed(once), status: 200, scope: "lookup verify", logged: "plain 200"},
		{name: "by assertion, with the name", body: signed(assertion(t, private, "plain")) + "&client_id=plain", status: 200, scope: "lookup verify", logged: "plain 200"},
		{name: "by certificate", body: grant + "&client_id=alone", cert: &s.carol, status: 200, scope: "lookup verify", logged: "alone 200"},
		{name: "by secret, with the certificate demanded", auth: basic("bound", s.keys["bound"]), body: grant, cert: &s.alice, status: 200, scope: "lookup verify", logged: "bound 200"},

		{name: "an assertion again", body: signed(once), status: 401, err: "invalid_client", logged: "plain assertion_replayed"},
		{name: "an assertion of nobody's", body: signed(assertion(t, private, "nobody")), status: 401, err: "invalid_client", logged: "- key_unknown"},
		{name: "an assertion of another kind", body: strings.Replace(signed(once), "jwt-bearer", "saml2-bearer", 1), status: 400, err: "invalid_request", logged: "- body_malformed"},
		{name: "nobody", body: grant, status: 401, err: "invalid_client", logged: "nothing"},
		{name: "nobody with a name", body: grant + "&client_id=plain", status: 401, err: "invalid_client", logged: "nothing"},
		{name: "a secret in the body", body: grant + "&client_id=plain&client_secret=" + s.keys["plain"], status: 401, err: "invalid_client", logged: "nothing"},
		{name: "another scheme", auth: "Bearer " + s.keys["plain"], body: grant, status: 401, err: "invalid_client", logged: "- key_missing"},
		{name: "no secret", auth: basic("plain", ""), body: grant, status: 401, err: "invalid_client", logged: "- key_missing"},
		{name: "not base64", auth: "Basic !", body: grant, status: 401, err: "invalid_client", logged: "- key_malformed"},
		{name: "very long", auth: basic("plain", strings.Repeat("x", 2000)), body: grant, status: 401, err: "invalid_client", logged: "- key_malformed"},
		{name: "a wrong secret", auth: basic("plain", "x"), body: grant, status: 401, err: "invalid_client", logged: "- key_unknown"},
		{name: "another's secret", auth: basic("narrow", s.keys["plain"]), body: grant, status: 401, err: "invalid_client", logged: "- key_unknown"},
		{name: "a secret of nobody's", auth: basic("nobody", s.keys["plain"]), body: grant, status: 401, err: "invalid_client", logged: "- key_unknown"},
		{name: "an expired secret", auth: basic("expired", s.keys["expired"]), body: grant, status: 401, err: "invalid_client", logged: "expired key_expired"},
		{name: "a revoked secret", auth: basic("withdrawn", s.keys["withdrawn"]), body: grant, status: 401, err: "invalid_client", logged: "withdrawn key_revoked"},
		{name: "a suspended caller", auth: basic("suspended", s.keys["suspended"]), body: grant, status: 400, err: "unauthorized_client", logged: "suspended caller_suspended"},
		{name: "without the certificate demanded", auth: basic("bound", s.keys["bound"]), body: grant, status: 401, err: "invalid_client", logged: "bound certificate_mismatch"},
		{name: "with another's", auth: basic("bound", s.keys["bound"]), body: grant, cert: &s.carol, status: 401, err: "invalid_client", logged: "bound certificate_mismatch"},
		{name: "another's certificate", body: grant + "&client_id=plain", cert: &s.carol, status: 401, err: "invalid_client", logged: "- key_unknown"},
		{name: "two ways at once", auth: good, body: signed(assertion(t, private, "plain")), status: 400, err: "invalid_request", logged: "- body_malformed"},
		{name: "two names", auth: good, body: grant + "&client_id=narrow", status: 400, err: "invalid_request", logged: "- body_malformed"},
		{name: "no grant type", auth: good, body: "scope=verify", status: 400, err: "invalid_request"},
		{name: "another grant type", auth: good, body: "grant_type=password", status: 400, err: "unsupported_grant_type"},
		{name: "a parameter twice", auth: good, body: grant + "&scope=verify&scope=lookup", status: 400, err: "invalid_request"},
		{name: "not a form", auth: good, body: "%zz", status: 400, err: "invalid_request"},
		{name: "a scope it has not", auth: good, body: grant + "&scope=verify+batch", status: 400, err: "invalid_scope", logged: "plain scope_missing"},
		{name: "a scope that is none", auth: good, body: grant + "&scope=everything", status: 400, err: "invalid_scope", logged: "- scope_missing"},
		{name: "a purpose it has not", auth: good, body: grant + "&purpose=statistics", status: 400, err: "invalid_scope", logged: "plain purpose_not_allowed"},
		{name: "a purpose that is none", auth: good, body: grant + "&purpose=fun", status: 400, err: "invalid_scope", logged: "- purpose_not_allowed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := len(s.w.recorded())
			var header []string
			if c.auth != "" {
				header = []string{"Authorization", c.auth}
			}
			got := do(t, s.client(t, c.cert), http.MethodPost, s.https+"/oauth/token", formType, c.body, header...)
			if got.status != c.status {
				t.Errorf("status %d, want %d", got.status, c.status)
			}
			if logged := s.last(t, before); c.logged != "" && logged != c.logged {
				t.Errorf("the log has %q, want %q", logged, c.logged)
			}
			if c.err == "" {
				s.holdGrant(t, got, c.scope, c.cert)
				return
			}
			holdTokenError(t, got, c.err)
		})
	}
}

// holdGrant holds an answer to RFC 6749, 5.1, and its token to what it is good for.
func (s *site) holdGrant(t *testing.T, got reply, scope string, cert *securetest.Pair) {
	t.Helper()
	var answer struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		ExpiresIn   int    `json:"expires_in"`
		Scope       string `json:"scope"`
	}
	strictly(t, got.body, &answer)
	if answer.TokenType != "Bearer" || answer.ExpiresIn != 300 || answer.Scope != scope {
		t.Errorf("granted %+v", answer)
	}
	if got.header.Get("Cache-Control") != "no-store" || got.header.Get("Pragma") != "no-cache" || !strings.HasPrefix(got.header.Get("Content-Type"), "application/json") {
		t.Errorf("headers %v", got.header)
	}
	bearer := []string{"Authorization", "Bearer " + answer.AccessToken}
	if used := do(t, s.client(t, cert), http.MethodGet, s.https+"/v1/usage", "", "", bearer...); used.status != 200 {
		t.Errorf("using it: %d %s", used.status, used.body)
	}
	if cert == nil {
		return
	}
	if used := do(t, s.client(t, nil), http.MethodGet, s.https+"/v1/usage", "", "", bearer...); used.status != 401 || !strings.Contains(used.body, "certificate_mismatch") {
		t.Errorf("using it without its certificate: %d %s", used.status, used.body)
	}
}

var description = regexp.MustCompile(`^[a-z_]+: [\x20-\x21\x23-\x5b\x5d-\x7e]+$`)

// holdTokenError holds a refusal to RFC 6749, 5.2.
func holdTokenError(t *testing.T, got reply, want string) {
	t.Helper()
	var answer struct {
		Error            string `json:"error"`
		ErrorDescription string `json:"error_description"`
	}
	strictly(t, got.body, &answer)
	if answer.Error != want || !description.MatchString(answer.ErrorDescription) {
		t.Errorf("told %+v, want %s", answer, want)
	}
	challenge := map[bool]string{true: `Basic realm="verigate"`}[got.status == 401]
	if h := got.header; h.Get("WWW-Authenticate") != challenge || h.Get("Cache-Control") != "no-store" || h.Get("Pragma") != "no-cache" {
		t.Errorf("headers %v", h)
	}
}

func strictly(t *testing.T, text string, into any) {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
}

// An unknown client and a wrong secret are told the same, byte for byte but for the request's id.
func TestNobodyLearnsWhoExists(t *testing.T) {
	s := newSite(t)
	_, stranger, _ := ed25519.GenerateKey(rand.Reader)
	unknown, _, _ := clients.NewAPIKey()
	ask := func(client string, byKey bool) reply {
		if byKey {
			return do(t, s.client(t, nil), http.MethodPost, s.https+"/oauth/token", formType, "grant_type=client_credentials", "Authorization", basic(client, unknown))
		}
		form := url.Values{"grant_type": {"client_credentials"}, "client_assertion_type": {assertionType}, "client_assertion": {assertion(t, stranger, client)}}
		return do(t, s.client(t, nil), http.MethodPost, s.https+"/oauth/token", formType, form.Encode())
	}
	s.registered(t)
	for _, byKey := range []bool{true, false} {
		if a, b := ask("plain", byKey), ask("nobody", byKey); a.body != b.body || a.status != b.status {
			t.Errorf("somebody: %d %s\nnobody: %d %s", a.status, a.body, b.status, b.body)
		}
	}
}

// What RFC 6749 has no word for is a problem, as everywhere.
func TestTokenEndpointTrouble(t *testing.T) {
	s := newSite(t)
	auth := []string{"Authorization", basic("plain", s.keys["plain"])}
	got := do(t, s.client(t, nil), http.MethodGet, s.https+"/oauth/token", "", "", auth...)
	if got.status != 405 || got.header.Get("Allow") != "POST" {
		t.Errorf("GET: %d %v", got.status, got.header)
	}
	got = do(t, s.client(t, nil), http.MethodPost, s.https+"/oauth/token", formType, "grant_type=client_credentials&x="+strings.Repeat("x", 100_000), auth...)
	if got.status != 413 || !strings.Contains(got.body, `"code":"body_too_large"`) {
		t.Errorf("a large body: %d %s", got.status, got.body)
	}
	s.w.logBroken = true
	got = do(t, s.client(t, nil), http.MethodPost, s.https+"/oauth/token", formType, "grant_type=client_credentials", auth...)
	if got.status != 503 || strings.Contains(got.body, "access_token") || got.header.Get("Retry-After") == "" {
		t.Errorf("unlogged: %d %s", got.status, got.body)
	}
}

// Token requests are held to the caller's limits like any other.
func TestTokenEndpointIsLimited(t *testing.T) {
	s := newSite(t)
	s.update(t, func(f *clients.File) { f.Find("plain").Limits = clients.Limits{Rate: 1, Burst: 2} })
	<-s.changed
	var got reply
	for range 5 {
		got = do(t, s.client(t, nil), http.MethodPost, s.https+"/oauth/token", formType, "grant_type=client_credentials", "Authorization", basic("plain", s.keys["plain"]))
	}
	if got.status != 429 || !strings.Contains(got.body, `"code":"rate_limited"`) || got.header.Get("Retry-After") == "" {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestPublishedForOthers(t *testing.T) {
	s := newSite(t)
	for path, part := range map[string]string{"/oauth/jwks": `"crv":"Ed25519"`, "/.well-known/oauth-authorization-server": `"token_endpoint":"` + siteIssuer + `/oauth/token"`} {
		got := do(t, s.client(t, nil), http.MethodGet, s.https+path, "", "")
		if got.status != 200 || !strings.Contains(got.body, part) || got.header.Get("Cache-Control") != "public, max-age=300" {
			t.Errorf("%s: %d %s %v", path, got.status, got.body, got.header)
		}
		hold(t, described(t, s.plain), http.MethodGet, path, "", true, got)
	}
	without := start(t, newWorld(), nil)
	for _, path := range []string{"/oauth/jwks", "/oauth/token", "/.well-known/oauth-authorization-server"} {
		if got := send(t, http.MethodGet, without+path, "", ""); got.status != 404 {
			t.Errorf("%s without access tokens: %d", path, got.status)
		}
	}
}
