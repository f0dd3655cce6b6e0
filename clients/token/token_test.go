package token_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/clients/token"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/verify"
)

func TestTokensCarryNoMoreThanWasAskedFor(t *testing.T) {
	f := newFixture(t)
	cert := &verify.Certificate{Key: verify.Digest{1}, Whole: verify.Digest{2}}
	for _, c := range []struct {
		name     string
		req      verify.TokenRequest
		scopes   verify.Scope
		purposes uint16
	}{
		{"everything", verify.TokenRequest{}, verify.ScopeLookup | verify.ScopeVerify, 1<<verify.PurposeTreatment | 1<<verify.PurposeClaim | 1<<verify.PurposeRegistration},
		{"one scope", verify.TokenRequest{Scopes: verify.ScopeVerify}, verify.ScopeVerify, 1<<verify.PurposeTreatment | 1<<verify.PurposeClaim | 1<<verify.PurposeRegistration},
		{"one purpose", verify.TokenRequest{Purpose: verify.PurposeClaim}, verify.ScopeLookup | verify.ScopeVerify, 1 << verify.PurposeClaim},
		{"over mutual TLS", verify.TokenRequest{Certificate: cert}, verify.ScopeLookup | verify.ScopeVerify, 1<<verify.PurposeTreatment | 1<<verify.PurposeClaim | 1<<verify.PurposeRegistration},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := f.take(t, c.req)
			for _, time := range []string{"first", "again"} {
				caller, refusal := f.Check(now(), text, c.req.Certificate)
				if refusal != verify.RefusalNone || caller.ID != "clinic" || caller.Scopes != c.scopes || caller.Purposes != c.purposes || !caller.Allows(caller.Purpose) {
					t.Fatalf("%s: %+v, %q", time, caller, refusal.Code())
				}
			}
			if c.req.Certificate == nil {
				return
			}
			for _, other := range []*verify.Certificate{nil, {Key: cert.Key, Whole: verify.Digest{3}}} {
				if _, refusal := f.Check(now(), text, other); refusal != verify.RefusalCertificate {
					t.Errorf("with certificate %v: %q", other, refusal.Code())
				}
			}
		})
	}
}

func TestTokensBeyondTheCallerAreNotIssued(t *testing.T) {
	f := newFixture(t)
	c, _ := f.dir.Authenticate(now(), []byte(f.key))
	for want, req := range map[verify.Refusal]verify.TokenRequest{
		verify.RefusalScope:   {Scopes: verify.ScopeLookup | verify.ScopeBatch},
		verify.RefusalPurpose: {Purpose: verify.PurposeStatistics},
	} {
		if grant, got := f.Issue(now(), c, &req); got != want || grant.Token != nil {
			t.Errorf("%+v: %q, want %q", req, got.Code(), want.Code())
		}
	}
}

// forge signs an access token's claims after change had its way with them.
func (f *fixture) forge(t testing.TB, method jwt.SigningMethod, key any, change func(header, claims map[string]any)) []byte {
	t.Helper()
	good := strings.Split(string(f.take(t, verify.TokenRequest{})), ".")
	header, claims := map[string]any{}, jwt.MapClaims{}
	for i, into := range []any{&header, &claims} {
		b, err := jwt.NewParser().DecodeSegment(good[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, into); err != nil {
			t.Fatal(err)
		}
	}
	change(header, claims)
	tok := jwt.NewWithClaims(method, claims)
	alg := tok.Header["alg"]
	maps.Copy(tok.Header, header)
	tok.Header["alg"] = alg
	if tok.Header["tag"] != nil { // as if the forger could make it: the signature must not depend on it
		if err := token.Tag(f.signing, tok); err != nil {
			t.Fatal(err)
		}
	}
	text, err := tok.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return []byte(text)
}

func TestRefusedTokens(t *testing.T) {
	f := newFixture(t)
	good := f.take(t, verify.TokenRequest{})
	_, stranger, _ := ed25519.GenerateKey(rand.Reader)
	same := func(_, _ map[string]any) {}
	claim := func(name string, v any) func(_, _ map[string]any) {
		return func(_, c map[string]any) { c[name] = v }
	}
	own := func(change func(_, _ map[string]any)) []byte {
		return f.forge(t, jwt.SigningMethodEdDSA, f.signing, change)
	}
	parts := strings.Split(string(good), ".")
	for _, c := range []struct {
		name   string
		text   []byte
		want   verify.Refusal
		caller string
	}{
		{"as issued", own(same), verify.RefusalNone, "clinic"},
		{"nothing", nil, verify.RefusalKeyMalformed, ""},
		{"dots", []byte("..."), verify.RefusalKeyMalformed, ""},
		{"cut off", good[:len(good)/2], verify.RefusalKeyMalformed, ""},
		{"no signature", []byte(parts[0] + "." + parts[1] + "."), verify.RefusalKeyUnknown, ""},
		{"rubbish", []byte("a.b.c"), verify.RefusalKeyMalformed, ""},
		{"too long", append(bytes.Repeat([]byte("a"), token.MaxLength), good...), verify.RefusalKeyMalformed, ""},
		{"a million dots", bytes.Repeat([]byte("."), 1_000_000), verify.RefusalKeyMalformed, ""},
		{"padded", append(slices.Clone(good), '='), verify.RefusalKeyMalformed, ""},
		{"a stranger's signature", f.forge(t, jwt.SigningMethodEdDSA, stranger, same), verify.RefusalKeyUnknown, ""},
		{"no tag", own(func(h, _ map[string]any) { delete(h, "tag") }), verify.RefusalKeyUnknown, ""},
		{"a tag that is no text", own(func(h, _ map[string]any) { h["tag"] = nil }), verify.RefusalKeyUnknown, ""},
		{"no algorithm", f.forge(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, same), verify.RefusalKeyUnknown, ""},
		{"the public key as a secret", f.forge(t, jwt.SigningMethodHS256, []byte(f.signing.Public().(ed25519.PublicKey)), same), verify.RefusalKeyUnknown, ""},
		{"another key's name", own(func(h, _ map[string]any) { h["kid"] = "another" }), verify.RefusalKeyUnknown, ""},
		{"no key's name", own(func(h, _ map[string]any) { delete(h, "kid") }), verify.RefusalKeyUnknown, ""},
		{"another type", own(func(h, _ map[string]any) { h["typ"] = "JWT" }), verify.RefusalKeyUnknown, ""},
		{"another issuer", own(claim("iss", "https://other.example")), verify.RefusalKeyUnknown, ""},
		{"another audience", own(claim("aud", "https://other.example")), verify.RefusalKeyUnknown, ""},
		{"no audience", own(func(_, c map[string]any) { delete(c, "aud") }), verify.RefusalKeyUnknown, ""},
		{"no expiry", own(func(_, c map[string]any) { delete(c, "exp") }), verify.RefusalKeyUnknown, ""},
		{"expired", own(claim("exp", time.Now().Add(-time.Second).Unix())), verify.RefusalTokenExpired, "clinic"},
		{"an unknown caller's", own(claim("sub", "nobody")), verify.RefusalTokenRevoked, ""},
		{"an unknown credential's", own(claim("cred", "00000000")), verify.RefusalTokenRevoked, ""},
		{"a broken binding", own(claim("cnf", map[string]any{"x5t#S256": "AAAA"})), verify.RefusalKeyUnknown, ""},
		{"only scopes it lost", own(claim("scope", "batch admin")), verify.RefusalTokenRevoked, "clinic"},
	} {
		t.Run(c.name, func(t *testing.T) {
			caller, refusal := f.Check(now(), c.text, nil)
			id := ""
			if caller != nil {
				id = caller.ID
			}
			if refusal != c.want || id != c.caller {
				t.Errorf("%q of %q, want %q of %q", refusal.Code(), id, c.want.Code(), c.caller)
			}
		})
	}
}

// A token ends with its time and with what it was got with, also one that the cache knows.
func TestTokensEnd(t *testing.T) {
	revokeKey := func(file *clients.File) {
		e := file.Find("clinic")
		if err := e.RevokeKey(time.Now(), e.Keys[0].ID); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name   string
		change func(*clients.File)
		after  time.Duration
		want   verify.Refusal
	}{
		{"nothing", func(f *clients.File) { f.Find("agency").Name = "Another" }, 0, verify.RefusalNone},
		{"a minute later", func(f *clients.File) { f.Find("agency").Name = "Another" }, 2 * time.Minute, verify.RefusalNone},
		{"its time is over", func(f *clients.File) { f.Find("agency").Name = "Another" }, 5 * time.Minute, verify.RefusalTokenExpired},
		{"its key is revoked", revokeKey, 0, verify.RefusalTokenRevoked},
		{"its key is rotated", func(f *clients.File) { f.Find("clinic").Rotate(time.Now(), time.Minute, 0) }, 0, verify.RefusalNone},
		{"its key is rotated, after the overlap", func(f *clients.File) { f.Find("clinic").Rotate(time.Now(), time.Minute, 0) }, 2 * time.Minute, verify.RefusalTokenRevoked},
		{"its caller is suspended", func(f *clients.File) { f.Find("clinic").Status = clients.StatusSuspended }, 0, verify.RefusalSuspended},
		{"its caller is revoked", func(f *clients.File) { f.Find("clinic").Status = clients.StatusRevoked }, 0, verify.RefusalTokenRevoked},
		{"its caller is removed", func(f *clients.File) { f.Entries = f.Entries[1:] }, 0, verify.RefusalTokenRevoked},
		{"its purpose is withdrawn", func(f *clients.File) { f.Find("clinic").Purposes = []string{"claim"} }, 0, verify.RefusalTokenRevoked},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFixture(t)
				text := f.take(t, verify.TokenRequest{Purpose: verify.PurposeTreatment})
				for _, start := range []verify.Refusal{verify.RefusalNone, verify.RefusalNone} {
					if _, refusal := f.Check(now(), text, nil); refusal != start {
						t.Fatalf("before: %q", refusal.Code())
					}
				}
				f.changed(t, c.change)
				if _, refusal := f.Check(later(c.after), text, nil); refusal != c.want {
					t.Errorf("%q, want %q", refusal.Code(), c.want.Code())
				}
			})
		})
	}
}

func TestNarrowerRightsReachTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		text := f.take(t, verify.TokenRequest{})
		if c, _ := f.Check(now(), text, nil); !c.Scopes.Has(verify.ScopeLookup) {
			t.Fatal("no lookup to begin with")
		}
		f.changed(t, func(file *clients.File) { file.Find("clinic").Scopes = []string{"verify", "batch"} })
		if c, refusal := f.Check(now(), text, nil); refusal != verify.RefusalNone || c.Scopes != verify.ScopeVerify {
			t.Errorf("%+v, %q: want what both the token and the caller have", c, refusal.Code())
		}
	})
}

// Signing keys change without a restart, in two steps, and a broken file changes nothing.
func TestSigningKeysRotate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		text := f.take(t, verify.TokenRequest{})
		signing := f.Status().Signing
		settle := func() { time.Sleep(time.Second); synctest.Wait() }

		write(t, string(f.files[0]), []byte("rubbish"))
		settle()
		if s := f.Status(); s.Error == nil || !strings.Contains(*s.Error, string(f.files[0])) || s.Signing != signing {
			t.Errorf("a broken file: %+v", s)
		}
		if _, refusal := f.Check(now(), text, nil); refusal != verify.RefusalNone {
			t.Errorf("after a broken file: %q", refusal.Code())
		}
		_, next := signingKey(t, string(f.files[0]))
		settle()
		if s := f.Status(); s.Error != nil || s.Signing == signing || s.Keys != 2 {
			t.Errorf("a new key: %+v", s)
		}
		if _, refusal := f.Check(later(time.Minute), text, nil); refusal != verify.RefusalKeyUnknown {
			t.Errorf("a token of a key that was withdrawn: %q", refusal.Code())
		}
		f.signing = next
		if _, refusal := f.Check(now(), f.take(t, verify.TokenRequest{}), nil); refusal != verify.RefusalNone {
			t.Errorf("a token of the new key: %q", refusal.Code())
		}
	})
}

// What is published is what tokens are checked with.
func TestPublishedKeysCheckTokens(t *testing.T) {
	f := newFixture(t)
	var set struct {
		Keys []struct{ Kty, Crv, X, Kid, Alg, Use string }
	}
	if err := json.Unmarshal(f.Keys(), &set); err != nil || len(set.Keys) != 2 {
		t.Fatalf("%v in %s", err, f.Keys())
	}
	text := string(f.take(t, verify.TokenRequest{}))
	_, err := jwt.NewParser(jwt.WithIssuer(issuer), jwt.WithAudience(issuer), jwt.WithExpirationRequired()).Parse(text, func(tok *jwt.Token) (any, error) {
		for _, k := range set.Keys {
			if k.Kid == tok.Header["kid"] && k.Alg == tok.Method.Alg() && k.Use == "sig" && k.Kty == "OKP" && k.Crv == "Ed25519" {
				x, err := jwt.NewParser().DecodeSegment(k.X)
				return ed25519.PublicKey(x), err
			}
		}
		return nil, jwt.ErrTokenUnverifiable
	})
	if err != nil {
		t.Error(err)
	}
	var meta map[string]any
	if err := json.Unmarshal(f.Metadata(), &meta); err != nil {
		t.Fatal(err)
	}
	if meta["issuer"] != issuer || meta["token_endpoint"] != issuer+"/oauth/token" || meta["jwks_uri"] != issuer+"/oauth/jwks" {
		t.Errorf("metadata: %s", f.Metadata())
	}
}

func TestOpenNamesWhatIsWrong(t *testing.T) {
	f := newFixture(t)
	dir := t.TempDir()
	rubbish := write(t, filepath.Join(dir, "rubbish"), []byte("rubbish"))
	for name, c := range map[string]struct {
		files []config.SecretFile
		want  string
	}{
		"no keys":        {nil, "no signing_keys"},
		"not a key":      {[]config.SecretFile{rubbish}, string(rubbish) + ": is not an Ed25519 key"},
		"not there":      {[]config.SecretFile{"/no-such-file"}, "/no-such-file"},
		"the same twice": {[]config.SecretFile{f.files[0], f.files[0]}, "the same key as another"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := token.Open(token.Config{Issuer: issuer, SigningKeys: c.files}, token.Deps{Directory: f.dir})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want it to say %q", err, c.want)
			}
		})
	}
	for _, bad := range []string{"gateway.example", "https://", "ftp://gateway.example", "https://gateway.example/path", "https://gateway.example/", "https://gateway.example?x", "https://u@gateway.example", "https://" + strings.Repeat("g", 100)} {
		if err := (&token.Config{Issuer: bad}).Validate(); err == nil {
			t.Errorf("issuer %q was taken", bad)
		}
	}
}

// The longest token there can be is still one that is looked at.
func TestLongestToken(t *testing.T) {
	f := newFixture(t)
	id, kid := strings.Repeat("c", 40), strings.Repeat("k", 64)
	long := f.forge(t, jwt.SigningMethodEdDSA, f.signing, func(_, c map[string]any) {
		maps.Copy(c, map[string]any{"sub": id, "client_id": id, "cred": "jwk:" + kid, "scope": strings.Join(verify.ScopeNames[:], " "), "purpose": "benefit_payment",
			"cnf": map[string]any{"x5t#S256": strings.Repeat("x", 43)}, "iss": strings.Repeat("i", 100), "aud": []string{strings.Repeat("i", 100)}})
	})
	if len(long) > token.MaxLength {
		t.Errorf("%d bytes, more than the %d that are taken", len(long), token.MaxLength)
	}
}

func FuzzCheck(f *testing.F) {
	fix := newFixture(f)
	good := fix.take(f, verify.TokenRequest{})
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add([]byte("eyJhbGciOiJub25lIn0.e30."))
	f.Fuzz(func(t *testing.T, text []byte) {
		if _, refusal := fix.Check(now(), text, nil); refusal == verify.RefusalNone && !bytes.Equal(text, good) {
			t.Errorf("taken: %q", text)
		}
	})
}
