package token_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"go.uber.org/goleak"

	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/clients/token"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/internal/clock"
	"github.com/verigate/verigate/verify"
)

// A closed client's attempt to reach a dead Redis sleeps for a second before it notices.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

const issuer = "https://gateway.example"

// fixture is a token service over a directory with one clinic that has an API key and a public key, and one agency.
type fixture struct {
	*token.Service
	dir       *clients.Directory
	store     *clients.FileStore
	changes   chan clients.Change
	key       string             // the clinic's API key
	agencyKey string             // the agency's
	private   ed25519.PrivateKey // of the clinic's public key, "desk"
	signing   ed25519.PrivateKey // of the service
	files     []config.SecretFile
}

var now = clock.System

func write(t testing.TB, path string, text []byte) config.SecretFile {
	t.Helper()
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	return config.SecretFile(path)
}

func signingKey(t testing.TB, path string) (config.SecretFile, ed25519.PrivateKey) {
	t.Helper()
	text, err := token.NewSigningKey()
	if err != nil {
		t.Fatal(err)
	}
	private, err := jwt.ParseEdPrivateKeyFromPEM(text)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, path, text), private.(ed25519.PrivateKey)
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	dir := t.TempDir()
	secret := write(t, filepath.Join(dir, "clients.key"), []byte("0123456789abcdef0123456789abcdef"))
	secrets, err := clients.NewSecrets([]byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{store: &clients.FileStore{Path: filepath.Join(dir, "clients.ndjson"), Secrets: secrets}, changes: make(chan clients.Change, 16)}
	f.update(t, func(file *clients.File) { f.fill(t, file) })
	f.dir, err = clients.Open(clients.Config{File: f.store.Path, Key: secret, Poll: config.Duration(100 * time.Millisecond)},
		clients.Deps{Changed: func(c clients.Change) { f.changes <- c }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.dir.Close)
	first, private := signingKey(t, filepath.Join(dir, "signing-1"))
	second, _ := signingKey(t, filepath.Join(dir, "signing-2"))
	f.signing, f.files = private, []config.SecretFile{first, second}
	f.Service = f.open(t)
	return f
}

func (f *fixture) open(t testing.TB) *token.Service {
	t.Helper()
	var cfg token.Config
	config.Defaults(&cfg)
	cfg.Issuer, cfg.SigningKeys, cfg.MaxCached, cfg.Poll = issuer, f.files, 1024, config.Duration(100*time.Millisecond)
	s, err := token.Open(cfg, token.Deps{Directory: f.dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func (f *fixture) fill(t testing.TB, file *clients.File) {
	t.Helper()
	for _, kind := range []string{"clinic", "agency"} {
		e, err := clients.NewEntry(kind, kind)
		if err != nil {
			t.Fatal(err)
		}
		made := e.AddKey(time.Now(), 0)
		if kind == "clinic" {
			f.key = made.Key
			public, private, err := ed25519.GenerateKey(rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			f.private = private
			if _, err := e.AddPublicKey(time.Now(), clients.NamedKey{ID: "desk", SPKI: spki(t, public)}, 0); err != nil {
				t.Fatal(err)
			}
		} else {
			f.agencyKey = made.Key
		}
		if err := file.Add(e); err != nil {
			t.Fatal(err)
		}
	}
}

func spki(t testing.TB, public any) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// update changes the directory file as the command line does; changed waits until the directory has it.
func (f *fixture) update(t testing.TB, change func(*clients.File)) {
	t.Helper()
	if err := f.store.Update(t.Context(), func(file *clients.File) error { change(file); return nil }); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) changed(t testing.TB, change func(*clients.File)) {
	t.Helper()
	f.update(t, change)
	if c := <-f.changes; c.Err != nil {
		t.Fatal(c.Err)
	}
}

// take gets a token with the clinic's API key.
func (f *fixture) take(t testing.TB, req verify.TokenRequest) []byte {
	t.Helper()
	if req.Client == "" && req.Assertion == nil {
		req.Client, req.Secret = "clinic", []byte(f.key)
	}
	c, refusal := f.Client(now(), &req)
	if refusal != verify.RefusalNone {
		t.Fatalf("the client was refused: %s", refusal.Code())
	}
	grant, refusal := f.Issue(now(), c, &req)
	if refusal != verify.RefusalNone {
		t.Fatalf("no token: %s", refusal.Code())
	}
	return grant.Token
}

func later(d time.Duration) verify.Instant {
	i := now()
	i.Mono += int64(d)
	i.Wall += int64(d)
	return i
}
