package token_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/verify"
)

// statement is the clinic's assertion, before a test changes it.
func statement() jwt.MapClaims {
	return jwt.MapClaims{"iss": "clinic", "sub": "clinic", "aud": issuer + "/oauth/token", "exp": time.Now().Add(time.Minute).Unix(), "jti": rand.Text()}
}

func sign(t testing.TB, method jwt.SigningMethod, key any, kid string, claims jwt.MapClaims) []byte {
	t.Helper()
	tok := jwt.NewWithClaims(method, claims)
	if kid != "" {
		tok.Header["kid"] = kid
	}
	text, err := tok.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return []byte(text)
}

func TestAssertions(t *testing.T) {
	f := newFixture(t)
	_, stranger, _ := ed25519.GenerateKey(rand.Reader)
	with := func(name string, v any) []byte {
		c := statement()
		if c[name] = v; v == nil {
			delete(c, name)
		}
		return sign(t, jwt.SigningMethodEdDSA, f.private, "desk", c)
	}
	in := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	critical := jwt.NewWithClaims(jwt.SigningMethodEdDSA, statement())
	critical.Header["crit"] = []string{"b64"}
	crit, err := critical.SignedString(f.private)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name      string
		assertion []byte
		client    string
		want      verify.Refusal
		caller    string
	}{
		{"good", with("nbf", in(0)), "", verify.RefusalNone, "clinic"},
		{"for the issuer", with("aud", issuer), "", verify.RefusalNone, "clinic"},
		{"for several", with("aud", []string{"https://other.example", issuer}), "", verify.RefusalNone, "clinic"},
		{"with the client's name beside it", with("iss", "clinic"), "clinic", verify.RefusalNone, "clinic"},
		{"without a key's name", sign(t, jwt.SigningMethodEdDSA, f.private, "", statement()), "", verify.RefusalNone, "clinic"},
		{"with a clock that is slow", with("exp", in(-20*time.Second)), "", verify.RefusalNone, "clinic"},

		{"with another client's name beside it", with("iss", "clinic"), "agency", verify.RefusalKeyUnknown, ""},
		{"about somebody else", with("sub", "agency"), "", verify.RefusalKeyUnknown, ""},
		{"about nobody", with("sub", nil), "", verify.RefusalKeyUnknown, ""},
		{"by nobody", sign(t, jwt.SigningMethodEdDSA, f.private, "desk", jwt.MapClaims{"iss": "nobody", "sub": "nobody", "aud": issuer, "exp": in(time.Minute), "jti": "1"}), "", verify.RefusalKeyUnknown, ""},
		{"by one without keys", sign(t, jwt.SigningMethodEdDSA, f.private, "desk", jwt.MapClaims{"iss": "agency", "sub": "agency", "aud": issuer, "exp": in(time.Minute), "jti": "1"}), "", verify.RefusalKeyUnknown, ""},
		{"for another gateway", with("aud", "https://other.example/oauth/token"), "", verify.RefusalKeyUnknown, "clinic"},
		{"for nobody", with("aud", nil), "", verify.RefusalKeyUnknown, "clinic"},
		{"expired", with("exp", in(-time.Minute)), "", verify.RefusalTokenExpired, "clinic"},
		{"without end", with("exp", nil), "", verify.RefusalKeyUnknown, "clinic"},
		{"good for a year", with("exp", in(365*24*time.Hour)), "", verify.RefusalKeyUnknown, "clinic"},
		{"good from next year", with("nbf", in(365*24*time.Hour)), "", verify.RefusalKeyUnknown, "clinic"},
		{"without an id", with("jti", nil), "", verify.RefusalKeyUnknown, "clinic"},
		{"with a very long id", with("jti", strings.Repeat("x", 300)), "", verify.RefusalKeyUnknown, "clinic"},
		{"signed by a stranger", sign(t, jwt.SigningMethodEdDSA, stranger, "desk", statement()), "", verify.RefusalKeyUnknown, ""},
		{"under another key's name", sign(t, jwt.SigningMethodEdDSA, f.private, "other", statement()), "", verify.RefusalKeyUnknown, ""},
		{"unsigned", sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, "desk", statement()), "", verify.RefusalKeyUnknown, ""},
		{"the public key as a secret", sign(t, jwt.SigningMethodHS256, []byte(f.private.Public().(ed25519.PublicKey)), "desk", statement()), "", verify.RefusalKeyUnknown, ""},
		{"with an extension we do not know", []byte(crit), "", verify.RefusalKeyUnknown, ""},
		{"rubbish", []byte("a.b.c"), "", verify.RefusalKeyMalformed, ""},
		{"too long", []byte(strings.Repeat(".", 5000)), "", verify.RefusalKeyMalformed, ""},
		{"an access token", f.take(t, verify.TokenRequest{}), "", verify.RefusalKeyUnknown, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			req := verify.TokenRequest{Client: c.client, Assertion: c.assertion}
			caller, refusal := f.Client(now(), &req)
			id := ""
			if caller != nil {
				id = caller.ID
			}
			if refusal != c.want || id != c.caller {
				t.Fatalf("%q of %q, want %q of %q", refusal.Code(), id, c.want.Code(), c.caller)
			}
			if refusal != verify.RefusalNone {
				return
			}
			if caller.KeyID != "jwk:desk" {
				t.Errorf("the credential is called %q", caller.KeyID)
			}
			if _, refusal := f.Issue(now(), caller, &req); refusal != verify.RefusalNone {
				t.Errorf("no token: %q", refusal.Code())
			}
		})
	}
}

// Every kind of key that may be registered signs assertions, by its own methods and no other kind's.
func TestAssertionMethods(t *testing.T) {
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	big, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.changed(t, func(file *clients.File) {
			for id, public := range map[string]any{"p256": p256.Public(), "rsa": big.Public()} {
				if _, err := file.Find("clinic").AddPublicKey(time.Now(), clients.NamedKey{ID: id, SPKI: spki(t, public)}, 0); err != nil {
					t.Fatal(err)
				}
			}
		})
		for _, c := range []struct {
			kid    string
			method jwt.SigningMethod
			key    any
			want   verify.Refusal
		}{
			{"desk", jwt.SigningMethodEdDSA, f.private, verify.RefusalNone},
			{"p256", jwt.SigningMethodES256, p256, verify.RefusalNone},
			{"rsa", jwt.SigningMethodRS256, big, verify.RefusalNone},
			{"rsa", jwt.SigningMethodPS256, big, verify.RefusalNone},
			{"rsa", jwt.SigningMethodRS512, big, verify.RefusalKeyUnknown},
			{"p256", jwt.SigningMethodRS256, big, verify.RefusalKeyUnknown},
			{"desk", jwt.SigningMethodES256, p256, verify.RefusalKeyUnknown},
			{"", jwt.SigningMethodES256, p256, verify.RefusalKeyUnknown}, // several keys: which one?
		} {
			req := verify.TokenRequest{Assertion: sign(t, c.method, c.key, c.kid, statement())}
			if _, refusal := f.Client(now(), &req); refusal != c.want {
				t.Errorf("%s by %s: %q, want %q", c.kid, c.method.Alg(), refusal.Code(), c.want.Code())
			}
		}
	})
}

func TestAssertionsAreGoodOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		c := statement()
		c["exp"] = time.Now().Add(5 * time.Minute).Unix()
		use := func(at verify.Instant) verify.Refusal {
			req := verify.TokenRequest{Assertion: sign(t, jwt.SigningMethodEdDSA, f.private, "desk", c)}
			caller, refusal := f.Client(at, &req)
			if refusal == verify.RefusalNone {
				_, refusal = f.Issue(at, caller, &req)
			}
			return refusal
		}
		for i, want := range []verify.Refusal{verify.RefusalNone, verify.RefusalReplayed, verify.RefusalReplayed} {
			if got := use(later(time.Duration(i) * time.Minute)); got != want {
				t.Errorf("use %d: %q, want %q", i+1, got.Code(), want.Code())
			}
		}
		// In the last moment before it expires it is still remembered.
		time.Sleep(5*time.Minute + 29*time.Second)
		if got := use(now()); got != verify.RefusalReplayed {
			t.Errorf("at its end: %q", got.Code())
		}
		time.Sleep(time.Minute)
		if got := use(now()); got != verify.RefusalTokenExpired {
			t.Errorf("after its end: %q", got.Code())
		}
	})
}

// One caller's flood of signed requests leaves room for the others.
func TestAssertionsRememberedAreBounded(t *testing.T) {
	f := newFixture(t)
	caller, _ := f.dir.Holder(now(), "clinic", "jwk:desk")
	var last verify.Refusal
	n := 0
	for ; n < 10_000 && last == verify.RefusalNone; n++ {
		_, last = f.Issue(now(), caller, &verify.TokenRequest{Once: fmt.Sprint(n)})
	}
	if last != verify.RefusalOverloaded || n < 1000 {
		t.Errorf("after %d: %q", n, last.Code())
	}
	other, _ := f.dir.Authenticate(now(), []byte(f.agencyKey))
	if _, refusal := f.Issue(now(), other, &verify.TokenRequest{Once: "1"}); refusal != verify.RefusalNone {
		t.Errorf("somebody else: %q", refusal.Code())
	}
}

func TestClientSecrets(t *testing.T) {
	f := newFixture(t)
	for _, c := range []struct {
		name, client, secret string
		want                 verify.Refusal
	}{
		{"good", "clinic", f.key, verify.RefusalNone},
		{"another's", "agency", f.key, verify.RefusalKeyUnknown},
		{"nobody's", "nobody", f.key, verify.RefusalKeyUnknown},
		{"wrong", "clinic", strings.ToLower(f.key), verify.RefusalKeyMalformed},
		{"not a key", "clinic", "secret", verify.RefusalKeyUnknown},
		{"none", "clinic", "", verify.RefusalKeyMissing},
	} {
		req := verify.TokenRequest{Client: c.client, Secret: []byte(c.secret)}
		if _, refusal := f.Client(now(), &req); refusal != c.want {
			t.Errorf("%s: %q, want %q", c.name, refusal.Code(), c.want.Code())
		}
	}
}

func FuzzAssertion(f *testing.F) {
	fix := newFixture(f)
	f.Add(sign(f, jwt.SigningMethodEdDSA, fix.private, "desk", statement()))
	f.Add([]byte("eyJhbGciOiJub25lIn0.e30."))
	f.Add([]byte("eyJhbGciOiJFZERTQSIsImtpZCI6MX0.eyJpc3MiOiJjbGluaWMiLCJhdWQiOlsxXX0.AAAA"))
	f.Fuzz(func(_ *testing.T, text []byte) {
		req := verify.TokenRequest{Assertion: text}
		_, _ = fix.Client(now(), &req) // must not panic; what it takes is another test's business
	})
}
