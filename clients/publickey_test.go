package clients_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/verify"
)

func publicDER(t testing.TB, public any) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func asPEM(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// certificate is a self-signed one; who signed it is no business of the directory's.
func certificate(t testing.TB, name string) (text string, digest verify.Digest) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return asPEM("CERTIFICATE", der), sha256.Sum256(publicDER(t, key.Public()))
}

func TestReadPublicKeys(t *testing.T) {
	ed, edPrivate, _ := ed25519.GenerateKey(rand.Reader)
	p256, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	big, _ := rsa.GenerateKey(rand.Reader, 2048)
	edDER, p256DER, rsaDER := publicDER(t, ed), publicDER(t, p256.Public()), publicDER(t, big.Public())
	cert, _ := certificate(t, "x")
	private, err := x509.MarshalPKCS8PrivateKey(edPrivate)
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	point, err := p256.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	edJWK := map[string]any{"kty": "OKP", "crv": "Ed25519", "x": b64(ed), "kid": "one"}
	ecJWK := map[string]any{"kty": "EC", "crv": "P-256", "x": b64(point[1:33]), "y": b64(point[33:])}
	rsaJWK := map[string]any{"kty": "RSA", "n": b64(big.N.Bytes()), "e": "AQAB", "kid": "three"}
	text := func(v any) string { b, _ := json.Marshal(v); return string(b) }
	for _, c := range []struct {
		name, text string
		want       []clients.NamedKey
		refused    string
	}{
		{"PEM", asPEM("PUBLIC KEY", edDER), []clients.NamedKey{{SPKI: edDER}}, ""},
		{"two in PEM", asPEM("PUBLIC KEY", edDER) + asPEM("PUBLIC KEY", rsaDER), []clients.NamedKey{{SPKI: edDER}, {SPKI: rsaDER}}, ""},
		{"a set", text(map[string]any{"keys": []any{edJWK, ecJWK, rsaJWK}}), []clients.NamedKey{{ID: "one", SPKI: edDER}, {SPKI: p256DER}, {ID: "three", SPKI: rsaDER}}, ""},
		{"one JWK", text(edJWK), []clients.NamedKey{{ID: "one", SPKI: edDER}}, ""},
		{"a private key in PEM", asPEM("PRIVATE KEY", private), nil, "this is a private key"},
		{"a private JWK", text(map[string]any{"kty": "OKP", "crv": "Ed25519", "x": b64(ed), "d": b64(ed)}), nil, "this is a private key"},
		{"something else in PEM", asPEM("X509 CRL", edDER), nil, `"X509 CRL" is neither`},
		{"a broken certificate", asPEM("CERTIFICATE", edDER), nil, "reading a certificate"},
		{"no keys", `{"keys":[]}`, nil, "no keys in it"},
		{"another curve", text(map[string]any{"kty": "EC", "crv": "P-521", "x": "AA", "y": "AA"}), nil, "must be Ed25519, P-256 or RSA"},
		{"a point off the curve", text(map[string]any{"kty": "EC", "crv": "P-256", "x": b64(point[1:33]), "y": b64(point[1:33])}), nil, "key 1 of a JWK set"},
		{"a shared secret", `{"kty":"oct","k":"AAAA"}`, nil, "must be Ed25519, P-256 or RSA"},
		{"not base64", `{"kty":"OKP","crv":"Ed25519","x":"*"}`, nil, "not base64url"},
		{"nothing", "", nil, "neither a JWK set nor PEM"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := clients.ReadPublicKeys([]byte(c.text))
			if c.refused != "" {
				if err == nil || !strings.Contains(err.Error(), c.refused) {
					t.Errorf("got %v, want it to say %q", err, c.refused)
				}
				return
			}
			if err != nil || len(got) != len(c.want) {
				t.Fatalf("%d keys, %v", len(got), err)
			}
			for i := range got {
				if got[i].ID != c.want[i].ID || string(got[i].SPKI) != string(c.want[i].SPKI) {
					t.Errorf("key %d is %q %x", i, got[i].ID, got[i].SPKI)
				}
			}
		})
	}
	if keys, err := clients.ReadPublicKeys([]byte(cert)); err != nil || len(keys) != 1 {
		t.Errorf("a certificate: %v, %v", keys, err)
	}
	small, _ := rsa.GenerateKey(rand.Reader, 1024)
	for name, public := range map[string]any{"a small RSA key": small.Public(), "P-384": p384.Public()} {
		e, _ := clients.NewEntry("x", "clinic")
		if _, err := e.AddPublicKey(time.Now(), clients.NamedKey{SPKI: publicDER(t, public)}, 0); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

// What the file may not hold of public keys and certificates.
func TestDecodeRefusesPublic(t *testing.T) {
	ed, _, _ := ed25519.GenerateKey(rand.Reader)
	spki := base64.StdEncoding.EncodeToString(publicDER(t, ed))
	key := `{"id":"one","spki":"` + spki + `","created":"2026-11-21T05:00:00Z"}`
	cert := `{"sha256":"` + strings.Repeat("ab", 32) + `","created":"2026-11-21T05:00:00Z"}`
	with := func(member string, replace ...string) string {
		return entry(append(replace, `"scopes"`, member+`,"scopes"`)...)
	}
	other := []string{"clinic-1", "clinic-2", "01000_BV", "x", "k3yid0ab", "k3yid0ac", "cdcd", "cdce"}
	for _, c := range []struct{ name, lines, want string }{
		{"good", with(`"public_keys":[` + key + `],"mutual_tls":{"required":true,"alone":true,"certificates":[` + cert + `]}`), ""},
		{"an unknown member", with(`"mutual_tls":{"requierd":true}`), `unknown field "requierd"`},
		{"a key id", with(`"public_keys":[` + strings.Replace(key, "one", "o ne", 1) + `]`), `id "o ne"`},
		{"a key that is none", with(`"public_keys":[` + strings.Replace(key, spki, "AAAA", 1) + `]`), "spki of one"},
		{"not base64", with(`"public_keys":[` + strings.Replace(key, spki, "*", 1) + `]`), "must be base64"},
		{"without a date", with(`"public_keys":[` + strings.Replace(key, `,"created":"2026-11-21T05:00:00Z"`, "", 1) + `]`), "created of one"},
		{"one id twice", with(`"public_keys":[` + key + "," + key + `]`), "one: given twice"},
		{"too many", with(`"public_keys":[` + strings.Repeat(key+",", 8) + key + `]`), "at most 8"},
		{"two callers' key", with(`"public_keys":[`+key+`]`) + with(`"public_keys":[`+key+`]`, other...), "line 3: public_keys: one: belongs to clinic-1 already"},
		{"required without one", with(`"mutual_tls":{"required":true}`), "needs at least one of certificates"},
		{"alone without one", with(`"mutual_tls":{"alone":true}`), "needs at least one of certificates"},
		{"a digest", with(`"mutual_tls":{"certificates":[` + strings.Replace(cert, "abab", "ab", 1) + `]}`), "must be 64 hexadecimal digits"},
		{"two callers' certificate", with(`"mutual_tls":{"certificates":[`+cert+`]}`) + with(`"mutual_tls":{"certificates":[`+strings.ToUpper(cert[:75])+cert[75:]+`]}`, other...), "line 3: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := clients.Decode(strings.NewReader(header + c.lines))
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want it to say %q", err, c.want)
			}
		})
	}
}

// What a caller may prove itself with follows the directory.
func TestHolders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ed, _, _ := ed25519.GenerateKey(rand.Reader)
		cert, digest := certificate(t, "clinic")
		var keyID, named string
		d := open(t, func(f *clients.File, _ *clients.Secrets) {
			e, _ := add(t, f, "clinic-1", "clinic")
			keyID = e.Keys[0].ID
			var err error
			if named, err = e.AddPublicKey(noon.Time(), clients.NamedKey{SPKI: publicDER(t, ed)}, time.Hour); err != nil {
				t.Fatal(err)
			}
			if _, err := e.AddCertificate(noon.Time(), []byte(cert)); err != nil {
				t.Fatal(err)
			}
			e.MutualTLS.Required, e.MutualTLS.Alone = true, true
			add(t, f, "clinic-2", "clinic")
		})
		shown := &verify.Certificate{Key: digest}
		c, refusal := d.Certified(noon, shown)
		if refusal != verify.RefusalNone || c.ID != "clinic-1" || !c.CertificateRequired || !c.Owns(shown) || c.Owns(nil) || c.Owns(&verify.Certificate{}) {
			t.Fatalf("by certificate: %+v, %q", c, refusal.Code())
		}
		certified := c.KeyID
		holds := func(when string, at verify.Instant, want map[string]verify.Refusal) {
			t.Helper()
			for credential, refusal := range want {
				if _, got := d.Holder(at, "clinic-1", credential); got != refusal {
					t.Errorf("%s, %s: %q, want %q", when, credential, got.Code(), refusal.Code())
				}
			}
		}
		holds("at first", noon, map[string]verify.Refusal{keyID: 0, "jwk:" + named: 0, certified: 0, "01000_BV": verify.RefusalKeyRevoked})
		holds("an hour later", at(time.Hour), map[string]verify.Refusal{keyID: 0, "jwk:" + named: verify.RefusalKeyExpired, certified: 0})
		if _, got := d.Holder(noon, "clinic-9", keyID); got != verify.RefusalKeyRevoked {
			t.Errorf("of nobody: %q", got.Code())
		}
		if keys := d.AssertionKeys("clinic-1"); len(keys) != 1 || keys[0].ID != named || keys[0].Credential != "jwk:"+named || !ed.Equal(keys[0].Public) {
			t.Errorf("its keys are %+v", keys)
		}
		epoch := d.Epoch()
		d.update(t, func(f *clients.File) {
			e := f.Find("clinic-1")
			e.MutualTLS.Required, e.MutualTLS.Alone = false, false
			if err := e.RemoveCertificate(strings.ToUpper(hex.EncodeToString(digest[:])[:12])); err != nil {
				t.Error(err)
			}
			if err := e.RevokePublicKey(noon.Time(), named); err != nil {
				t.Error(err)
			}
		})
		<-d.changes
		if d.Epoch() == epoch {
			t.Error("the epoch did not change")
		}
		holds("after the change", noon, map[string]verify.Refusal{keyID: 0, "jwk:" + named: verify.RefusalKeyRevoked, certified: verify.RefusalKeyRevoked})
		if c, refusal := d.Certified(noon, shown); c != nil || refusal != verify.RefusalKeyUnknown {
			t.Errorf("by certificate: %+v, %q", c, refusal.Code())
		}
	})
}

func FuzzReadPublicKeys(f *testing.F) {
	ed, _, _ := ed25519.GenerateKey(rand.Reader)
	f.Add([]byte(asPEM("PUBLIC KEY", publicDER(f, ed))))
	f.Add([]byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"a"}]}`))
	f.Add([]byte(`{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`))
	f.Add([]byte(`{"kty":"RSA","n":"AQAB","e":"AQAB"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		keys, err := clients.ReadPublicKeys(text)
		if err != nil {
			return
		}
		for _, k := range keys {
			if _, err := clients.ParsePublicKey(k.SPKI); err != nil {
				continue // registering it is refused
			}
			e, _ := clients.NewEntry("x", "clinic")
			if _, err := e.AddPublicKey(noon.Time(), k, 0); err == nil && e.Validate() != nil {
				t.Errorf("registered, but not valid: %q", text)
			}
		}
	})
}
