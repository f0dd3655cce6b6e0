package registry_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/registry"
)

func TestBearerToken(t *testing.T) {
	x := start(t, func(c *registry.Config) { c.Token = "sesame" })
	cases := []struct {
		name, header string
		status       int
	}{
		{"none", "", 401},
		{"wrong", "Bearer sesam", 401},
		{"a beginning of it", "Bearer ses", 401},
		{"more than it", "Bearer sesame1", 401},
		{"another scheme", "Basic sesame", 401},
		{"the token alone", "sesame", 401},
		{"right", "Bearer sesame", 200},
		{"right, scheme in small letters", "bearer sesame", 200},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for _, call := range []struct{ method, path, body string }{
				{"POST", "/records", anybody}, {"GET", "/changes?wait=0s", ""}, {"GET", "/keys?kind=code", ""}} {
				req, _ := http.NewRequestWithContext(t.Context(), call.method, x.url+call.path, strings.NewReader(call.body))
				if c.header != "" {
					req.Header.Set("Authorization", c.header)
				}
				res, err := x.client.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				text, _ := io.ReadAll(res.Body)
				res.Body.Close()
				if res.StatusCode != c.status || c.status == 401 && (res.Header.Get("WWW-Authenticate") != "Bearer" || !strings.Contains(string(text), "credential_invalid")) {
					t.Errorf("%s: status %d, want %d", call.path, res.StatusCode, c.status)
				}
			}
		})
	}
	x.token = ""
	x.must(200, "GET", "/healthz", "")
	x.must(200, "GET", "/lab/faults", "")
}

func TestUnknownCallsAndMethods(t *testing.T) {
	x := start(t, nil)
	for _, c := range []struct {
		method, path string
		status       int
		code         string
	}{
		{"GET", "/", 404, "path_unknown"}, {"GET", "/records/1", 404, "path_unknown"}, {"POST", "/lab", 404, "path_unknown"},
		{"GET", "/records", 405, "method_not_allowed"}, {"POST", "/changes", 405, "method_not_allowed"},
		{"PUT", "/lab/faults", 405, "method_not_allowed"}, {"DELETE", "/keys", 405, "method_not_allowed"},
	} {
		x.refused(c.status, c.code, c.method, c.path, "")
	}
}

// TestBrokenRequests sends what no client library would.
func TestBrokenRequests(t *testing.T) {
	x := start(t, nil)
	for _, c := range []struct{ name, text, status, code string }{
		{"no HTTP", "hello\r\n\r\n", "400", "request_malformed"},
		{"bad length", "POST /records HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", "400", "request_malformed"},
		{"head too large", "GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("y", 10_000) + "\r\n\r\n", "431", "head_too_large"},
		{"body too large", "POST /records HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n", "413", "body_too_large"},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn, err := net.Dial("tcp", strings.TrimPrefix(x.url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := io.WriteString(conn, c.text); err != nil {
				t.Fatal(err)
			}
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			text, _ := io.ReadAll(res.Body)
			if !strings.HasPrefix(res.Status, c.status) || !strings.Contains(string(text), c.code) {
				t.Errorf("status %s: %s", res.Status, text)
			}
		})
	}
}

// authority signs certificates for a test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	dir  string
	file string
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir()}
	a.file, _ = a.issue(t, name)
	return a
}

// issue makes a certificate and a key and returns their files; the first one is the authority's own.
func (a *authority) issue(t *testing.T, name string) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: a.cert == nil,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert == nil {
		a.key = key
		if a.cert, err = x509.ParseCertificate(der); err != nil {
			t.Fatal(err)
		}
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(a.dir, name+".crt"), filepath.Join(a.dir, name+".key")
	writePEM(t, certFile, "CERTIFICATE", der)
	writePEM(t, keyFile, "EC PRIVATE KEY", keyDER)
	return certFile, keyFile
}

func writePEM(t *testing.T, file, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestMutualTLS(t *testing.T) {
	ours, theirs := newAuthority(t, "ours"), newAuthority(t, "theirs")
	cert, key := ours.issue(t, "registry")
	conf, err := registry.LoadTLS(cert, key, ours.file)
	if err != nil {
		t.Fatal(err)
	}
	x := start(t, func(c *registry.Config) { c.TLS = conf })
	roots := x509.NewCertPool()
	roots.AddCert(ours.cert)
	ask := func(a *authority) error {
		tlsConf := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
		if a != nil {
			pair, err := tls.LoadX509KeyPair(a.issue(t, "gateway"))
			if err != nil {
				t.Fatal(err)
			}
			tlsConf.Certificates = []tls.Certificate{pair}
		}
		transport := &http.Transport{TLSClientConfig: tlsConf}
		defer transport.CloseIdleConnections()
		res, err := (&http.Client{Transport: transport}).Post(strings.Replace(x.url, "http", "https", 1)+"/records", "application/json", strings.NewReader(anybody))
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("status %d", res.StatusCode)
		}
		return nil
	}
	if err := ask(ours); err != nil {
		t.Errorf("with a certificate of ours: %v", err)
	}
	if err := ask(nil); err == nil {
		t.Error("answered a caller without a certificate")
	}
	if err := ask(theirs); err == nil {
		t.Error("answered a caller with a stranger's certificate")
	}
	x.faultsOver(t, ours, roots)
}

// faultsOver checks that a connection can be reset through TLS.
func (x *running) faultsOver(t *testing.T, a *authority, roots *x509.CertPool) {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(a.issue(t, "lab"))
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}}}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	url := strings.Replace(x.url, "http", "https", 1)
	res, err := client.Post(url+"/lab/faults", "application/json", strings.NewReader(`{"reset_rate":1}`))
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("switching the fault on: %v", err)
	}
	res.Body.Close()
	if res, err := client.Post(url+"/records", "application/json", strings.NewReader(anybody)); err == nil {
		res.Body.Close()
		t.Error("answered although every connection is to be reset")
	}
}

func TestLoadTLSNamesTheFile(t *testing.T) {
	a := newAuthority(t, "ours")
	cert, key := a.issue(t, "registry")
	empty := filepath.Join(t.TempDir(), "empty.crt")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	cases := []struct{ name, cert, key, ca, want string }{
		{"no certificate", "missing.crt", key, "", "missing.crt"},
		{"no key", cert, "missing.key", "", "missing.key"},
		{"key forgotten", cert, "", "", cert},
		{"no authorities", cert, key, "missing.ca", "missing.ca"},
		{"empty authorities", cert, key, empty, empty},
	}
	for _, c := range cases {
		if _, err := registry.LoadTLS(c.cert, c.key, c.ca); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error that names %s", c.name, err, c.want)
		}
	}
	if conf, err := registry.LoadTLS("", "", ""); conf != nil || err != nil {
		t.Errorf("nothing given: %v, %v", conf, err)
	}
}

func TestNewNamesTheSetting(t *testing.T) {
	cases := []struct {
		name string
		edit func(*registry.Config)
		want string
	}{
		{"no people", func(c *registry.Config) { c.People = 0 }, "people 0"},
		{"too many people", func(c *registry.Config) { c.People = 98_700_001 }, "people 98700001"},
		{"a folder that is a file", func(c *registry.Config) { c.Data = os.Args[0] }, os.Args[0]},
		{"a date out of range", func(c *registry.Config) { c.Today = identity.Date{Year: 1999, Month: 1, Day: 1} }, "1999-01-01"},
	}
	for _, c := range cases {
		conf := registry.Config{People: 100, Today: today}
		c.edit(&conf)
		if _, err := registry.New(conf, registry.Deps{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error with %q", c.name, err, c.want)
		}
	}
}

func TestShutdownEndsAFeedProperly(t *testing.T) {
	x := start(t, nil)
	ended := make(chan error, 1)
	began := make(chan struct{})
	go func() {
		res, err := x.client.Get(x.url + "/changes?wait=60s")
		close(began)
		if err == nil {
			_, err = io.Copy(io.Discard, res.Body)
			res.Body.Close()
		}
		ended <- err
	}()
	<-began
	x.stop()
	if err := <-ended; err != nil {
		t.Errorf("the feed was broken off: %v", err)
	}
}

func TestTheNationsDateIsTheOneGiven(t *testing.T) {
	day := identity.Date{Year: 2031, Month: 2, Day: 28}
	x := start(t, func(c *registry.Config) { c.Today = day })
	if p := x.births(1, "001")[0]; p.DOB != "2031-02-28" {
		t.Errorf("born on %s", p.DOB)
	}
	if at := x.ask(keyed{"id", "001080999999"}).Watermark.At; at.UTC().Add(7*time.Hour).Format("2006-01-02") != "2031-02-28" {
		t.Errorf("the registry's clock says %s", at)
	}
}
