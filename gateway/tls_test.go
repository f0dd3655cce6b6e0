package gateway_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/verigate/verigate/gateway"
	"github.com/verigate/verigate/gateway/portal/portaltest"
)

// certificate makes a certificate for 127.0.0.1 and the pool that trusts it.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	priv, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, priv.Public(), priv)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: priv}, pool
}

func TestPlainAndTLSSideBySide(t *testing.T) {
	w := newWorld()
	w.putSample(sample())
	s, err := gateway.New(testConfig(), testDeps(w))
	if err != nil {
		t.Fatal(err)
	}
	plain, served := serve(t, s)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cert, pool := certificate(t)
	secure := make(chan error, 1)
	go func() { secure <- s.ServeTLS(ln, &tls.Config{Certificates: []tls.Certificate{cert}}) }()

	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: pool}}}
	family := portaltest.Families()[0]
	for _, base := range []string{plain, "https://" + ln.Addr().String()} {
		site := &portaltest.Site{Base: base, Username: portalUser, PasswordMD5: portalMD5, Client: client}
		session, err := family.Login(t.Context(), site)
		if err != nil {
			t.Fatal(err)
		}
		if seen, err := family.Lookup(t.Context(), site, session, "NhanLichSuKCB2018", asked); err != nil || seen.Code != "000" {
			t.Errorf("%s: %+v, %v", base, seen, err)
		}
	}

	_, err = tls.Dial("tcp", ln.Addr().String(), &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
	if err == nil || !strings.Contains(err.Error(), "protocol version") {
		t.Errorf("TLS 1.1: %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	for _, ch := range []chan error{served, secure} {
		if err := <-ch; err != nil {
			t.Error(err)
		}
	}
}
