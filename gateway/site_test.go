package gateway_test

import (
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/clients/token"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/gateway"
	"github.com/verigate/verigate/gateway/secure"
	"github.com/verigate/verigate/gateway/secure/securetest"
)

const (
	siteIssuer   = "https://gateway.example"
	siteSecret   = "0123456789abcdef0123456789abcdef"
	sitePassword = "correct"
)

// site is the real edge with the real directory, access tokens and files of HTTPS; only the register and the log are the
// world's.
type site struct {
	w       *world
	dir     *clients.Directory
	store   *clients.FileStore
	changed chan clients.Change
	tokens  *token.Service
	signing ed25519.PrivateKey

	ca                *securetest.Authority
	alice, carol, bob securetest.Pair // of bound, of alone, of nobody
	cfg               secure.Config
	files             *secure.Files
	reloaded          chan error

	keys         map[string]string // by caller
	ids          map[string]string // of those keys
	plain, https string
}

func newSite(t *testing.T) *site {
	t.Helper()
	dir := t.TempDir()
	s := &site{w: newWorld(), keys: map[string]string{}, ids: map[string]string{}, ca: securetest.New(t, "Authority"),
		changed: make(chan clients.Change, 16), reloaded: make(chan error, 16)}
	s.w.putSample(sample())
	year := 365 * 24 * time.Hour
	s.alice, s.carol, s.bob = s.ca.Client(t, "alice", year), s.ca.Client(t, "carol", year), s.ca.Client(t, "bob", year)
	s.openDirectory(t, dir)
	s.openTokens(t, dir)
	s.files = s.openFiles(t, dir)
	s.serve(t, s.files)
	return s
}

func (s *site) openDirectory(t *testing.T, dir string) {
	t.Helper()
	secrets, err := clients.NewSecrets([]byte(siteSecret))
	if err != nil {
		t.Fatal(err)
	}
	s.store = &clients.FileStore{Path: filepath.Join(dir, "clients.ndjson"), Secrets: secrets}
	s.update(t, func(f *clients.File) { s.fill(t, f, secrets) })
	var cfg clients.Config
	config.Defaults(&cfg)
	cfg.File, cfg.Poll = s.store.Path, config.Duration(100*time.Millisecond)
	cfg.Key = config.SecretFile(securetest.Write(t, filepath.Join(dir, "clients.key"), []byte(siteSecret)))
	if s.dir, err = clients.Open(cfg, clients.Deps{Changed: func(c clients.Change) { s.changed <- c }}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.dir.Close)
}

// fill makes a caller for every way in which a credential can be wrong.
func (s *site) fill(t *testing.T, f *clients.File, secrets *clients.Secrets) {
	t.Helper()
	for _, id := range []string{"plain", "bound", "alone", "narrow", "expired", "withdrawn", "suspended", "ended"} {
		e, err := clients.NewEntry(id, "clinic")
		if err != nil {
			t.Fatal(err)
		}
		made := e.AddKey(time.Now(), 0)
		s.keys[id], s.ids[id] = made.Key, made.KeyID
		if _, err := e.SetPassword(secrets, strings.ToUpper(id)+"_BV", sitePassword); err != nil {
			t.Fatal(err)
		}
		if err := s.bend(e); err != nil {
			t.Fatal(err)
		}
		if err := f.Add(e); err != nil {
			t.Fatal(err)
		}
	}
}

func (s *site) bend(e *clients.Entry) (err error) {
	long := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	switch e.ID {
	case "bound":
		_, err = e.AddCertificate(time.Now(), s.alice.Cert)
		e.MutualTLS.Required = true
	case "alone":
		_, err = e.AddCertificate(time.Now(), s.carol.Cert)
		e.MutualTLS.Alone = true
	case "narrow":
		e.Scopes = []string{"batch"}
	case "expired":
		e.Keys[0].Expires = &long
	case "withdrawn":
		err = e.RevokeKey(long, e.Keys[0].ID)
	case "suspended":
		e.Status = clients.StatusSuspended
	case "ended":
		e.Status = clients.StatusRevoked
	}
	return err
}

func (s *site) update(t *testing.T, change func(*clients.File)) {
	t.Helper()
	if err := s.store.Update(t.Context(), func(f *clients.File) error { change(f); return nil }); err != nil {
		t.Fatal(err)
	}
}

func (s *site) openTokens(t *testing.T, dir string) {
	t.Helper()
	text, err := token.NewSigningKey()
	if err != nil {
		t.Fatal(err)
	}
	private, err := jwt.ParseEdPrivateKeyFromPEM(text)
	if err != nil {
		t.Fatal(err)
	}
	s.signing, _ = private.(ed25519.PrivateKey)
	var cfg token.Config
	config.Defaults(&cfg)
	cfg.Issuer, cfg.SigningKeys = siteIssuer, []config.SecretFile{config.SecretFile(securetest.Write(t, filepath.Join(dir, "oauth"), text))}
	if s.tokens, err = token.Open(cfg, token.Deps{Directory: s.dir}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.tokens.Close)
}

func (s *site) openFiles(t *testing.T, dir string) *secure.Files {
	t.Helper()
	server := s.ca.Server(t, 365*24*time.Hour)
	s.cfg = secure.Config{
		CertFile:      securetest.Write(t, filepath.Join(dir, "cert.pem"), server.Cert),
		KeyFile:       config.SecretFile(securetest.Write(t, filepath.Join(dir, "key.pem"), server.Key)),
		ClientCAFile:  securetest.Write(t, filepath.Join(dir, "ca.pem"), s.ca.PEM()),
		ClientCRLFile: securetest.Write(t, filepath.Join(dir, "crl.pem"), s.ca.CRL(t, time.Now().Add(-time.Hour), 24*time.Hour)),
		ClientAuth:    "optional", Poll: config.Duration(50 * time.Millisecond),
	}
	files, err := secure.Open(s.cfg, secure.Deps{Changed: func(err error) { s.reloaded <- err }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(files.Close)
	return files
}

func (s *site) serve(t *testing.T, files *secure.Files) {
	t.Helper()
	cfg, deps := testConfig(), testDeps(s.w)
	cfg.MaxConnectionsPerIP = 1000 // connections wrapped once more
	deps.Callers, deps.Accounts, deps.Limits, deps.Tokens = s.dir, s.dir, s.dir, s.tokens
	srv, err := gateway.New(cfg, deps)
	if err != nil {
		t.Fatal(err)
	}
	var served chan error
	s.plain, served = serve(t, srv)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.https = "https://" + ln.Addr().String()
	secured := make(chan error, 1)
	go func() { secured <- srv.ServeTrusting(ln, files) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := srv.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		for _, ch := range []chan error{served, secured} {
			if err := <-ch; err != nil {
				t.Error(err)
			}
		}
	})
}

// client connects with the certificate given, if any.
func (s *site) client(t *testing.T, cert *securetest.Pair) *http.Client {
	t.Helper()
	c := &tls.Config{RootCAs: s.ca.Pool()}
	if cert != nil {
		c.Certificates = []tls.Certificate{cert.TLS()}
	}
	tr := &http.Transport{TLSClientConfig: c}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

// forge signs claims of an access token with the site's own key.
func (s *site) forge(t *testing.T, key ed25519.PrivateKey, claims jwt.MapClaims) string {
	t.Helper()
	all := jwt.MapClaims{"iss": siteIssuer, "aud": siteIssuer, "sub": "plain", "client_id": "plain", "cred": s.ids["plain"], "scope": "lookup verify",
		"exp": time.Now().Add(time.Minute).Unix()}
	maps.Copy(all, claims)
	tok := jwt.NewWithClaims(jwt.SigningMethodEdDSA, all)
	tok.Header["typ"], tok.Header["kid"] = "at+jwt", s.tokens.Status().Signing
	plain, err := tok.SigningString()
	if err != nil {
		t.Fatal(err)
	}
	tok.Header["tag"] = tagOf(key, strings.Split(plain, ".")[1])
	text, err := tok.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// tagOf is the tag of an access token's claims, as decision 0070 describes it.
func tagOf(key ed25519.PrivateKey, claims string) string {
	hash := func(key []byte, text string) []byte {
		m := hmac.New(sha256.New, key)
		m.Write([]byte(text))
		return m.Sum(nil)
	}
	return base64.RawURLEncoding.EncodeToString(hash(hash(key.Seed(), "verigate access token tag"), claims)[:8])
}

// last is the newest decision in the log, as call, caller and code.
func (s *site) last(t *testing.T, before int) string {
	t.Helper()
	all := s.w.recorded()
	if len(all) == before {
		return "nothing"
	}
	d := all[len(all)-1]
	who := "-"
	if d.Caller != nil {
		who = d.Caller.ID
	}
	return who + " " + d.Code
}

func appendFile(t *testing.T, path string, text []byte) {
	t.Helper()
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	securetest.Write(t, path, append(have, text...))
}
