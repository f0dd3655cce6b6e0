package apptest_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/clients/token"
	"github.com/verigate/verigate/gateway/secure/securetest"
	"github.com/verigate/verigate/internal/proc"
)

// secured is a gateway behind HTTPS with a client authority, configured as an operator would.
type secured struct {
	*proc.Process
	t           *testing.T
	dir         string
	url, admin  string
	seeded      *clients.Seeded
	ca          *securetest.Authority
	server      securetest.Pair
	alice       securetest.Pair // the agency's
	private     ed25519.PrivateKey
	anyone, own *http.Client // without a client certificate, with alice's
}

func startSecured(t *testing.T) *secured {
	t.Helper()
	s := &secured{t: t, dir: t.TempDir(), ca: securetest.New(t, "Authority")}
	s.server, s.alice = s.ca.Server(t, 200*24*time.Hour), s.ca.Client(t, "agency", 24*time.Hour)
	var err error
	if s.seeded, err = clients.Seed(s.dir); err != nil {
		t.Fatal(err)
	}
	s.write("cert.pem", s.server.Cert)
	s.write("tls-key", s.server.Key)
	s.write("ca.pem", s.ca.PEM())
	s.write("crl.pem", s.ca.CRL(t, time.Now().Add(-time.Minute), 24*time.Hour))
	s.write("alice.pem", s.alice.Cert)
	s.writeKeys()
	s.clients("public-key", "add", "demo-clinic", "--pem", filepath.Join(s.dir, "public.pem"), "--key-id", "desk")
	s.clients("certificate", "add", "demo-agency", "--pem", filepath.Join(s.dir, "alice.pem"), "--alone")
	s.start(s.startRegistry())
	s.anyone, s.own = s.client(nil), s.client(&s.alice)
	return s
}

func (s *secured) write(name string, text []byte) {
	s.t.Helper()
	securetest.Write(s.t, filepath.Join(s.dir, name), text)
}

func (s *secured) writeKeys() {
	s.t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		s.t.Fatal(err)
	}
	s.private = private
	s.write("public.pem", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	signing, err := token.NewSigningKey()
	if err != nil {
		s.t.Fatal(err)
	}
	s.write("oauth", signing)
	for _, name := range []string{"subject", "portal-token"} {
		s.write(name, []byte(strings.Repeat(name[:1], 43)))
	}
}

// clients runs "verigate clients" on the gateway's directory.
func (s *secured) clients(args ...string) string {
	s.t.Helper()
	out, err := exec.Command(program, append([]string{"clients", "--data", s.dir}, args...)...).CombinedOutput()
	if err != nil {
		s.t.Fatalf("clients %v: %v: %s", args, err, out)
	}
	return string(out)
}

func (s *secured) startRegistry() string {
	s.t.Helper()
	addr := s.freeAddr()
	r, err := proc.Start(nil, program, "registry", "--listen", addr, "--people", people, "--today", today, "--data", filepath.Join(s.dir, "registry"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(r.Kill)
	return "http://" + addr
}

func (s *secured) freeAddr() string {
	s.t.Helper()
	addr, err := proc.FreeAddr()
	if err != nil {
		s.t.Fatal(err)
	}
	return addr
}

func (s *secured) start(registry string) {
	s.t.Helper()
	public, admin := s.freeAddr(), s.freeAddr()
	s.url, s.admin = "https://"+public, "http://"+admin
	s.write("verigate.yaml", fmt.Appendf(nil, strings.ReplaceAll(`
listen: {http: "off", https: %q, cert_file: DIR/cert.pem, key_file: DIR/tls-key, client_ca_file: DIR/ca.pem, client_crl_file: DIR/crl.pem, tls_poll: 100ms}
oauth: {signing_keys: [DIR/oauth]}
admin: {listen: %q}
today: %q
keys: {subject: DIR/subject}
registry: {url: %q}
clients: {file: DIR/clients.ndjson, key_file: DIR/keys/clients.key, unlimited: true, poll: 200ms}
gateway: {portal: {token_keys: [DIR/portal-token]}}
audit: {dir: DIR/audit, keys: DIR/audit-keys}
cache: {filter: {path: DIR/filter.vgf}}
`, "DIR", s.dir), public, admin, today, registry))
	var err error
	if s.Process, err = proc.Start(nil, program, "serve", "--config", filepath.Join(s.dir, "verigate.yaml")); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if code, err := s.Stop(30 * time.Second); err != nil || code != 0 || strings.Contains(s.Output(), "DATA RACE") {
			s.t.Errorf("exit code %d, %v:\n%s", code, err, s.Output())
		}
	})
	s.until("the gateway is ready", func() bool {
		r, err := http.Get(s.admin + "/readyz")
		if err != nil {
			return false
		}
		defer r.Body.Close()
		return r.StatusCode == http.StatusOK
	})
}

// until waits for something to become true.
func (s *secured) until(what string, true func() bool) {
	s.t.Helper()
	late := time.After(30 * time.Second)
	for !true() {
		select {
		case <-late:
			s.t.Fatalf("waiting until %s: not within 30 s; the gateway printed:\n%s", what, s.Output())
		case <-s.Done():
			s.t.Fatalf("waiting until %s: the gateway ended:\n%s", what, s.Output())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (s *secured) client(cert *securetest.Pair) *http.Client {
	c := &tls.Config{RootCAs: s.ca.Pool()}
	if cert != nil {
		c.Certificates = []tls.Certificate{cert.TLS()}
	}
	tr := &http.Transport{TLSClientConfig: c, MaxIdleConnsPerHost: 16}
	s.t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 20 * time.Second}
}

// token asks for an access token.
func (s *secured) token(c *http.Client, form url.Values, user, secret string) string {
	s.t.Helper()
	form.Set("grant_type", "client_credentials")
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+"/oauth/token", strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if user != "" {
		req.SetBasicAuth(user, secret)
	}
	resp, err := c.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	var grant struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal(body, &grant); err != nil || resp.StatusCode != http.StatusOK {
		s.t.Fatalf("a token for %q %v: status %d %s, %v", user, form, resp.StatusCode, body, err)
	}
	return grant.Token
}

// ask puts a question and returns the outcome or the problem's code.
func (s *secured) ask(c *http.Client, call, bearer string, q sample) (string, error) {
	req, err := http.NewRequest(http.MethodPost, s.url+call, strings.NewReader(string(q.native())))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/json")
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	resp, err := c.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var a struct{ Outcome, Code string }
	err = json.NewDecoder(resp.Body).Decode(&a)
	return a.Outcome + a.Code, err
}

func (s *secured) expect(want string, c *http.Client, call, bearer string, q sample) {
	s.t.Helper()
	if got, err := s.ask(c, call, bearer, q); got != want || err != nil {
		s.t.Errorf("%s: %q, %v; want %q", call, got, err, want)
	}
}

// TestTokensAndCertificatesFromEndToEnd: the three ways to a token, what each is good for, and how each ends while the
// gateway runs.
func TestTokensAndCertificatesFromEndToEnd(t *testing.T) {
	s := startSecured(t)
	q := samples(t, "valid", 1, 1)[0]
	const lookup, check = "/v1/lookup", "/v1/verify"
	signed, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{"iss": "demo-clinic", "sub": "demo-clinic", "aud": s.url + "/oauth/token",
		"exp": time.Now().Add(time.Minute).Unix(), "jti": rand.Text()}).SignedString(s.private)
	if err != nil {
		t.Fatal(err)
	}
	byKey := s.token(s.anyone, url.Values{"scope": {"lookup"}}, "demo-clinic", s.seeded.ClinicKey)
	byAssertion := s.token(s.anyone, url.Values{"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {signed}}, "", "")
	byCertificate := s.token(s.own, url.Values{"client_id": {"demo-agency"}}, "", "")

	s.expect(q.Outcome, s.anyone, lookup, byKey, q)
	s.expect("scope_missing", s.anyone, check, byKey, q)
	s.expect(q.Outcome, s.anyone, check, byAssertion, q)
	s.expect(q.Outcome, s.own, check, byCertificate, q)
	s.expect(q.Outcome, s.own, check, "", q)
	s.expect("certificate_mismatch", s.anyone, check, byCertificate, q)
	s.expect("key_missing", s.anyone, check, "", q)

	var entry struct{ Keys []struct{ ID string } }
	if err := json.Unmarshal([]byte(s.clients("--format", "json", "show", "demo-clinic")), &entry); err != nil {
		t.Fatal(err)
	}
	ends := func(what, want string, c *http.Client, call, bearer string) {
		t.Helper()
		began := time.Now()
		s.until(what, func() bool {
			got, _ := s.ask(c, call, bearer, q)
			return got == want
		})
		t.Logf("%s: seen after %s", what, time.Since(began).Round(time.Millisecond))
	}
	s.clients("revoke", "demo-clinic", "--key-id", entry.Keys[0].ID)
	ends("the key's token ends with the key", "token_revoked", s.anyone, lookup, byKey)
	s.expect(q.Outcome, s.anyone, lookup, byAssertion, q)
	s.clients("public-key", "revoke", "demo-clinic", "desk")
	ends("the public key's token ends with it", "token_revoked", s.anyone, lookup, byAssertion)
	s.write("crl.pem", s.ca.CRL(t, time.Now(), 24*time.Hour, s.alice))
	ends("the certificate ends on its open connection", "certificate_revoked", s.own, check, byCertificate)
	if got, err := s.ask(s.own, check, byCertificate, q); err == nil {
		t.Errorf("a new connection with the revoked certificate: %q", got)
	}
}

// TestCertificateChangesUnderLoad: other certificates come in force without one failed request, broken ones never do.
func TestCertificateChangesUnderLoad(t *testing.T) {
	s := startSecured(t)
	list := samples(t, "valid", 50, 3)
	var asked, failed atomic.Int64
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for worker := range 6 {
		wg.Go(func() {
			c := s.client(nil)
			if worker%2 == 0 {
				c.Transport.(*http.Transport).DisableKeepAlives = true // a handshake each
			}
			for i := worker; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				q := list[i%len(list)]
				if got, err := s.ask(c, "/v1/lookup", s.seeded.ClinicKey, q); err != nil || got != q.Outcome {
					failed.Add(1)
					t.Logf("got %q, want %q: %v", got, q.Outcome, err)
				}
				asked.Add(1)
			}
		})
	}
	for range 3 {
		next := s.ca.Server(t, 300*24*time.Hour)
		s.write("cert.pem", next.Cert)
		s.write("tls-key", next.Key)
		s.until("the new certificate is served", func() bool { return s.served(next.Leaf.SerialNumber) })
	}
	s.write("cert.pem", []byte("rubbish"))
	s.until("the broken one is told", func() bool { return strings.Contains(s.page("/readyz"), "changed files refused") })
	s.holdAlerts()
	before := asked.Load()
	s.until("some more was asked", func() bool { return asked.Load() > before+20 })
	close(stop)
	wg.Wait()
	if failed.Load() > 0 || asked.Load() < 50 {
		t.Errorf("%d of %d requests failed", failed.Load(), asked.Load())
	}
	t.Logf("%d requests over four certificates", asked.Load())
}

// holdAlerts looks for the alarm of refused files, and for everything else that the alert rules name of HTTPS.
func (s *secured) holdAlerts() {
	s.t.Helper()
	published := s.page("/metrics")
	if !strings.Contains(published, "verigate_tls_files_refused 1") {
		s.t.Error("no alarm in the metrics")
	}
	rules, err := os.ReadFile("../deploy/prometheus/alerts.yaml")
	if err != nil {
		s.t.Fatal(err)
	}
	for _, name := range metricName.FindAllString(string(rules), -1) {
		if strings.HasPrefix(name, httpsMetrics) && !strings.Contains(published, "\n"+name+" ") {
			s.t.Errorf("%s is not published", name)
		}
	}
}

func (s *secured) served(serial *big.Int) bool {
	conn, err := tls.Dial("tcp", strings.TrimPrefix(s.url, "https://"), &tls.Config{RootCAs: s.ca.Pool()})
	if err != nil {
		s.t.Error(err)
		return true
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.Cmp(serial) == 0
}

func (s *secured) page(path string) string {
	r, err := http.Get(s.admin + path)
	if err != nil {
		s.t.Error(err)
		return ""
	}
	defer r.Body.Close()
	b, _ := io.ReadAll(r.Body)
	return string(b)
}
