package gateway_test

import (
	"crypto/ed25519"
	"crypto/md5"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/gateway/portal"
	"github.com/verigate/verigate/gateway/secure/securetest"
	"github.com/verigate/verigate/internal/clock"
)

// do sends a request by a client of the site's.
func do(t *testing.T, c *http.Client, method, address, kind, body string, header ...string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, string(b)}
}

// Every way in which a credential can be wrong has its own code, is the same for one question and for a stream, and is in
// the log under it. That somebody exists is told to nobody who does not hold a credential of theirs.
func TestEveryWrongCredential(t *testing.T) {
	s := newSite(t)
	_, stranger, _ := ed25519.GenerateKey(rand.Reader)
	unknown, _, _ := clients.NewAPIKey()
	damaged := s.keys["plain"][:len(s.keys["plain"])-1]
	good := s.forge(t, s.signing, nil)
	thumb := func(p securetest.Pair) map[string]any { return map[string]any{"x5t#S256": thumbprint(p)} }
	for _, c := range []struct {
		name    string
		bearer  string // "": no header
		cert    *securetest.Pair
		purpose string
		status  int
		code    string // "": answered
		logged  string // caller and code
	}{
		{name: "a good key", bearer: s.keys["plain"], status: 200},
		{name: "a good token", bearer: good, status: 200},
		{name: "nothing", status: 401, code: "key_missing", logged: "nothing"},
		{name: "a certificate that is no credential", cert: &s.bob, status: 401, code: "key_missing", logged: "- key_missing"},
		{name: "a damaged key", bearer: damaged, status: 401, code: "key_malformed", logged: "- key_malformed"},
		{name: "a token with a letter changed", bearer: good[:len(good)-30] + flip(good[len(good)-30]) + good[len(good)-29:], status: 401, code: "key_unknown", logged: "- key_unknown"},
		{name: "half a token", bearer: good[:len(good)/2], status: 401, code: "key_malformed", logged: "- key_malformed"},
		{name: "a very long one", bearer: strings.Repeat("eyJ.", 1000), status: 401, code: "key_malformed", logged: "- key_malformed"},
		{name: "an unknown key", bearer: unknown, status: 401, code: "key_unknown", logged: "- key_unknown"},
		{name: "no key at all", bearer: "password", status: 401, code: "key_unknown", logged: "- key_unknown"},
		{name: "a stranger's token", bearer: s.forge(t, stranger, nil), status: 401, code: "key_unknown", logged: "- key_unknown"},
		{name: "an expired key", bearer: s.keys["expired"], status: 401, code: "key_expired", logged: "expired key_expired"},
		{name: "an expired token", bearer: s.forge(t, s.signing, jwt.MapClaims{"exp": time.Now().Add(-time.Second).Unix()}), status: 401, code: "token_expired", logged: "plain token_expired"},
		{name: "a revoked key", bearer: s.keys["withdrawn"], status: 401, code: "key_revoked", logged: "withdrawn key_revoked"},
		{name: "a token of a revoked key", bearer: s.forge(t, s.signing, jwt.MapClaims{"sub": "withdrawn", "cred": s.ids["withdrawn"]}), status: 401, code: "token_revoked", logged: "withdrawn token_revoked"},
		{name: "a revoked caller", bearer: s.keys["ended"], status: 401, code: "key_revoked", logged: "ended key_revoked"},
		{name: "a suspended caller", bearer: s.keys["suspended"], status: 403, code: "caller_suspended", logged: "suspended caller_suspended"},
		{name: "a suspended caller's token", bearer: s.forge(t, s.signing, jwt.MapClaims{"sub": "suspended", "cred": s.ids["suspended"]}), status: 403, code: "caller_suspended", logged: "suspended caller_suspended"},
		{name: "another scope", bearer: s.keys["narrow"], status: 403, code: "scope_missing", logged: "narrow scope_missing"},
		{name: "a token of another scope", bearer: s.forge(t, s.signing, jwt.MapClaims{"scope": "lookup"}), status: 403, code: "scope_missing", logged: "plain scope_missing"},
		{name: "another purpose", bearer: s.keys["plain"], purpose: "statistics", status: 403, code: "purpose_not_allowed", logged: "plain purpose_not_allowed"},
		{name: "a token of another purpose", bearer: s.forge(t, s.signing, jwt.MapClaims{"purpose": "claim"}), purpose: "treatment", status: 403, code: "purpose_not_allowed", logged: "plain purpose_not_allowed"},
		{name: "a certificate is demanded", bearer: s.keys["bound"], status: 401, code: "certificate_mismatch", logged: "bound certificate_mismatch"},
		{name: "another's certificate", bearer: s.keys["bound"], cert: &s.carol, status: 401, code: "certificate_mismatch", logged: "bound certificate_mismatch"},
		{name: "its certificate", bearer: s.keys["bound"], cert: &s.alice, status: 200},
		{name: "a bound token without its certificate", bearer: s.forge(t, s.signing, jwt.MapClaims{"cnf": thumb(s.bob)}), status: 401, code: "certificate_mismatch", logged: "plain certificate_mismatch"},
		{name: "a bound token with another", bearer: s.forge(t, s.signing, jwt.MapClaims{"cnf": thumb(s.bob)}), cert: &s.alice, status: 401, code: "certificate_mismatch", logged: "plain certificate_mismatch"},
		{name: "a bound token with it", bearer: s.forge(t, s.signing, jwt.MapClaims{"cnf": thumb(s.bob)}), cert: &s.bob, status: 200},
		{name: "a certificate alone", cert: &s.carol, status: 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			var header []string
			if c.bearer != "" {
				header = []string{"Authorization", "Bearer " + c.bearer}
			}
			question := goodQuestion
			if c.purpose != "" {
				question = strings.Replace(question, "{", `{"purpose":"`+c.purpose+`",`, 1)
			}
			client := s.client(t, c.cert)
			for _, kind := range []string{"application/json", "application/x-ndjson"} {
				before := len(s.w.recorded())
				got := do(t, client, http.MethodPost, s.https+"/v1/verify", kind, question, header...)
				var answer struct{ Code, Outcome string }
				if err := json.Unmarshal([]byte(got.body), &answer); err != nil {
					t.Fatalf("%s: %v in %s", kind, err, got.body)
				}
				status := c.status
				if c.purpose != "" && kind == "application/x-ndjson" {
					status = 200 // the line is refused, not the stream
				}
				if got.status != status || answer.Code != c.code || (answer.Outcome != "") != (c.code == "") {
					t.Errorf("%s: %d %s, want %d %q", kind, got.status, got.body, status, c.code)
				}
				if logged := s.last(t, before); c.code != "" && logged != c.logged {
					t.Errorf("%s: the log has %q, want %q", kind, logged, c.logged)
				}
				challenged(t, got, answer.Code)
			}
		})
	}
}

func flip(c byte) string {
	if c == 'A' {
		return "B"
	}
	return "A"
}

// challenged holds a refusal to RFC 6750.
func challenged(t *testing.T, got reply, code string) {
	t.Helper()
	h := got.header.Get("WWW-Authenticate")
	want := map[int]string{200: "", 401: `Bearer realm="verigate", error="invalid_token"`, 403: `Bearer realm="verigate"`}[got.status]
	switch code {
	case "key_missing":
		want = `Bearer realm="verigate"`
	case "scope_missing":
		want = `Bearer realm="verigate", error="insufficient_scope", error_description="scope_missing: The key may not make this call", scope="verify"`
	}
	if code == "key_missing" && h != want || !strings.HasPrefix(h, want) || got.status == 200 && h != "" {
		t.Errorf("%d %s: WWW-Authenticate %s", got.status, code, h)
	}
}

func thumbprint(p securetest.Pair) string {
	sum := sha256Of(p.Leaf.Raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// The same by the portal's contract, whose clients know one code for all of it: 401, and 101 for a suspended account.
func TestEveryWrongPortalCredential(t *testing.T) {
	s := newSite(t)
	issue := func(secret, name string, at time.Duration, epoch uint32) url.Values {
		tokens, err := portal.NewTokens([][]byte{[]byte(secret)}, 24*time.Hour, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		now := clock.System()
		now.Wall += int64(at)
		text, id, _ := tokens.Append(nil, now, []byte(name), epoch, portal.TokenID{1})
		return url.Values{"token": {string(text)}, "id_token": {string(id.AppendTo(nil))}, "username": {name}}
	}
	account := func(name string) url.Values { // with the account's present epoch, as after a log-in
		_, epoch, _ := s.dir.Account([]byte(name))
		return issue(siteSecret, name, 0, epoch)
	}
	_, epoch, _ := s.dir.Account([]byte("PLAIN_BV"))
	for _, c := range []struct {
		name   string
		query  url.Values
		cert   *securetest.Pair
		code   string
		logged string
	}{
		{"good", account("PLAIN_BV"), nil, "000", "plain 000"},
		{"nothing", url.Values{"username": {"PLAIN_BV"}}, nil, "401", "nothing"},
		{"damaged", url.Values{"token": {"x"}, "username": {"PLAIN_BV"}}, nil, "401", "plain key_malformed"},
		{"very long", url.Values{"token": {strings.Repeat("A", 2000)}}, nil, "401", "- key_malformed"},
		{"a stranger's", issue(strings.Repeat("x", 32), "PLAIN_BV", 0, epoch), nil, "401", "plain key_unknown"},
		{"expired", issue(siteSecret, "PLAIN_BV", -26*time.Hour, epoch), nil, "401", "plain token_expired"},
		{"from before the password changed", issue(siteSecret, "PLAIN_BV", 0, epoch+1), nil, "401", "plain token_revoked"},
		{"of an account that is gone", issue(siteSecret, "NOBODY_BV", 0, epoch), nil, "401", "- token_revoked"},
		{"of a revoked caller", account("ENDED_BV"), nil, "401", "- token_revoked"},
		{"of a suspended caller", account("SUSPENDED_BV"), nil, "101", "suspended caller_suspended"},
		{"of a caller without the scope", account("NARROW_BV"), nil, "401", "narrow scope_missing"},
		{"without the certificate", account("BOUND_BV"), nil, "401", "bound certificate_mismatch"},
		{"with another's", account("BOUND_BV"), &s.carol, "401", "bound certificate_mismatch"},
		{"with its own", account("BOUND_BV"), &s.alice, "000", "bound 000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := len(s.w.recorded())
			got := do(t, s.client(t, c.cert), http.MethodPost, s.https+"/api/egw/KQNhanLichSuKCB2019?"+c.query.Encode(), jsonType,
				`{"maThe":"GD4010000000001","hoTen":"Nguyễn Văn Mẫu","ngaySinh":"1980"}`)
			if code := codeOf(t, got); got.status != 200 || code != c.code {
				t.Errorf("%d %s, want %s", got.status, got.body, c.code)
			}
			if logged := s.last(t, before); logged != c.logged {
				t.Errorf("the log has %q, want %q", logged, c.logged)
			}
		})
	}
	for _, c := range []struct {
		name string
		cert *securetest.Pair
		code string
	}{{"bound_bv", nil, "401"}, {"bound_bv", &s.bob, "401"}, {"bound_bv", &s.alice, "200"}, {"plain_bv", nil, "200"}} {
		sum := md5.Sum([]byte(sitePassword))
		got := do(t, s.client(t, c.cert), http.MethodPost, s.https+"/api/token/take", formType, "username="+c.name+"&password="+hex.EncodeToString(sum[:]))
		if code := codeOf(t, got); code != c.code {
			t.Errorf("logging in as %s with %v: %s", c.name, c.cert != nil, got.body)
		}
	}
}
