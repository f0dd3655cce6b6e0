package secure_test

import (
	"crypto/x509"
	"encoding/pem"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/gateway/secure"
	"github.com/verigate/verigate/gateway/secure/securetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const year = 365 * 24 * time.Hour

// fixture is a listener's files with an authority that may revoke.
type fixture struct {
	*secure.Files
	cfg     secure.Config
	ca      *securetest.Authority
	alice   securetest.Pair
	changes []error
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	dir := t.TempDir()
	f := &fixture{ca: securetest.New(t, "Authority")}
	f.alice = f.ca.Client(t, "alice", year)
	server := f.ca.Server(t, year)
	f.cfg = secure.Config{
		CertFile:     securetest.Write(t, filepath.Join(dir, "cert.pem"), server.Cert),
		KeyFile:      config.SecretFile(securetest.Write(t, filepath.Join(dir, "key.pem"), server.Key)),
		ClientCAFile: securetest.Write(t, filepath.Join(dir, "ca.pem"), f.ca.PEM()), ClientCRLFile: filepath.Join(dir, "crl.pem"),
		ClientAuth: "optional", Poll: config.Duration(time.Second),
	}
	securetest.Write(t, f.cfg.ClientCRLFile, f.ca.CRL(t, time.Now().Add(-time.Minute), 24*time.Hour))
	f.open(t)
	return f
}

func (f *fixture) open(t *testing.T) {
	t.Helper()
	var err error
	if f.Files, err = secure.Open(f.cfg, secure.Deps{Changed: func(err error) { f.changes = append(f.changes, err) }}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
}

func settle() {
	time.Sleep(2 * time.Second)
	synctest.Wait()
}

func chain(p securetest.Pair) []*x509.Certificate { return []*x509.Certificate{p.Leaf} }

func TestChangesComeInForce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		first := f.Epoch()
		if err := f.Recheck(chain(f.alice)); err != nil {
			t.Errorf("at first: %v", err)
		}
		next := f.ca.Server(t, 2*year)
		securetest.Write(t, f.cfg.CertFile, next.Cert)
		securetest.Write(t, string(f.cfg.KeyFile), next.Key)
		securetest.Write(t, f.cfg.ClientCRLFile, f.ca.CRL(t, time.Now(), 24*time.Hour, f.alice))
		settle()
		if s := f.Status(); !s.Expires.Equal(next.Leaf.NotAfter) || s.Revoked != 1 || s.Error != nil {
			t.Errorf("%+v", s)
		}
		if f.Epoch() == first {
			t.Error("the epoch did not change")
		}
		if err := f.Recheck(chain(f.alice)); err == nil || !strings.Contains(err.Error(), "revoked") {
			t.Errorf("after it was revoked: %v", err)
		}
		if err := f.Healthy(); err != nil {
			t.Error(err)
		}
		if len(f.changes) != 1 || f.changes[0] != nil {
			t.Errorf("told %v", f.changes)
		}
	})
}

func TestBrokenFilesAreRefusedWhole(t *testing.T) {
	breaks := map[string]struct {
		write func(t *testing.T, f *fixture)
		want  string
	}{
		"not a certificate": {func(t *testing.T, f *fixture) { securetest.Write(t, f.cfg.CertFile, []byte("rubbish")) }, "cert_file"},
		"another's key":     {func(t *testing.T, f *fixture) { securetest.Write(t, string(f.cfg.KeyFile), f.alice.Key) }, "key_file"},
		"an expired one":    {writeExpired, "has expired"},
		"no authority":      {func(t *testing.T, f *fixture) { securetest.Write(t, f.cfg.ClientCAFile, f.alice.Cert) }, "is no authority"},
		"no authorities":    {func(t *testing.T, f *fixture) { securetest.Write(t, f.cfg.ClientCAFile, nil) }, "client_ca_file"},
		"a stranger's list": {writeStrangers, "not signed by an authority"},
		"a list cut off": {func(t *testing.T, f *fixture) {
			securetest.Write(t, f.cfg.ClientCRLFile, []byte("-----BEGIN X509 CRL-----\nMI"))
		}, "holds no revocation list"},
		"a list that is none": {func(t *testing.T, f *fixture) { securetest.Write(t, f.cfg.ClientCRLFile, []byte{0x30, 0}) }, "client_crl_file"},
		"a list left out":     {writeAnothers, "is gone, and its authority still trusted"},
		"an older list": {func(t *testing.T, f *fixture) {
			securetest.Write(t, f.cfg.ClientCRLFile, f.ca.CRL(t, time.Now().Add(-time.Hour), 48*time.Hour))
		}, "is older than the one in force"},
	}
	for name, c := range breaks {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFixture(t)
				before, epoch := f.Status(), f.Epoch()
				c.write(t, f)
				settle()
				s := f.Status()
				if s.Error == nil || !strings.Contains(*s.Error, c.want) {
					t.Fatalf("told %+v, want %q", s, c.want)
				}
				if s.Error = nil; s != before || f.Epoch() != epoch {
					t.Errorf("in force is %+v, was %+v", s, before)
				}
				if err := f.Healthy(); err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("health: %v", err)
				}
				if err := f.Recheck(chain(f.alice)); err != nil {
					t.Errorf("a client that was good: %v", err)
				}
			})
		})
	}
}

func writeExpired(t *testing.T, f *fixture) {
	t.Helper()
	old := f.ca.Server(t, -time.Minute)
	securetest.Write(t, f.cfg.CertFile, old.Cert)
	securetest.Write(t, string(f.cfg.KeyFile), old.Key)
}

func writeStrangers(t *testing.T, f *fixture) {
	t.Helper()
	securetest.Write(t, f.cfg.ClientCRLFile, securetest.New(t, "Authority").CRL(t, time.Now(), year, f.alice))
}

func writeAnothers(t *testing.T, f *fixture) {
	t.Helper()
	other := securetest.New(t, "Other")
	securetest.Write(t, f.cfg.ClientCAFile, append(f.ca.PEM(), other.PEM()...))
	securetest.Write(t, f.cfg.ClientCRLFile, other.CRL(t, time.Now(), year))
}

func TestHealthWarns(t *testing.T) {
	for name, c := range map[string]struct {
		after time.Duration
		want  string
	}{
		"a certificate near its end": {year - 10*24*time.Hour, "expires in 10 days"},
		"one at its end":             {year + time.Hour, "expired on"},
		"a list nobody renewed":      {25 * time.Hour, "a revocation list should have been renewed"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFixture(t)
				f.Close() // nothing to watch for a year
				if err := f.Healthy(); err != nil {
					t.Errorf("at first: %v", err)
				}
				time.Sleep(c.after)
				if err := f.Healthy(); err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v, want %q", err, c.want)
				}
			})
		})
	}
}

func TestRecheck(t *testing.T) {
	f := newFixture(t)
	stranger := securetest.New(t, "Stranger")
	for name, c := range map[string]struct {
		chain []*x509.Certificate
		good  bool
	}{
		"a client":                 {chain(f.alice), true},
		"with its authority along": {[]*x509.Certificate{f.alice.Leaf, f.ca.Cert}, true},
		"another authority's":      {chain(stranger.Client(t, "alice", year)), false},
		"expired":                  {chain(f.ca.Client(t, "bob", -time.Minute)), false},
		"a server's":               {chain(f.ca.Server(t, year)), false},
		"nobody":                   {nil, false},
	} {
		if err := f.Recheck(c.chain); (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Lists come in PEM, several to a file, or one in DER.
func TestListsInEveryForm(t *testing.T) {
	f := newFixture(t)
	other := securetest.New(t, "Other")
	securetest.Write(t, f.cfg.ClientCAFile, append(f.ca.PEM(), other.PEM()...))
	one, two := f.ca.CRL(t, time.Now(), year, f.alice), other.CRL(t, time.Now(), year, other.Client(t, "bob", year))
	block, _ := pem.Decode(one)
	for name, c := range map[string]struct {
		text    []byte
		revoked int
	}{"PEM": {one, 1}, "two": {append(one, two...), 2}, "DER": {block.Bytes, 1}} {
		securetest.Write(t, f.cfg.ClientCRLFile, c.text)
		f.open(t)
		if s := f.Status(); s.Revoked != c.revoked {
			t.Errorf("%s: %+v", name, s)
		}
	}
}
