package secure

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/verigate/verigate/config"
)

// material is one state of the files. It is immutable.
type material struct {
	pair    tls.Certificate
	roots   *x509.CertPool // nil: no mutual TLS
	cas     []*x509.Certificate
	lists   []*x509.RevocationList
	revoked map[revocation]struct{}
	tls     *tls.Config
}

// revocation names a certificate by who issued it, in DER, and its serial number.
type revocation struct{ issuer, serial string }

// maxFile bounds what is read of a file that may have been named by mistake; a list of a million revocations takes 40 MB.
const maxFile = 64 << 20

// read reads the files; the error joins the faults of all of them.
func read(c *Config) (*material, error) {
	m := new(material)
	faults := []error{m.readPair(c)}
	if c.ClientCAFile != "" {
		err := m.readCAs(c.ClientCAFile)
		faults = append(faults, config.Fault("client_ca_file", c.ClientCAFile, "put the authorities' certificates there in PEM, nothing else", err))
		if c.ClientCRLFile != "" && err == nil {
			faults = append(faults, config.Fault("client_crl_file", c.ClientCRLFile, "fetch the lists from those authorities again", m.readLists(c.ClientCRLFile)))
		}
	}
	return m, errors.Join(faults...)
}

func (m *material) readPair(c *Config) error {
	cert, err1 := readFile(c.CertFile)
	key, err2 := c.KeyFile.Read()
	if err1 != nil || err2 != nil {
		return errors.Join(config.Fault("cert_file", c.CertFile, "", err1), config.Fault("key_file", string(c.KeyFile), "", err2))
	}
	var err error
	m.pair, err = tls.X509KeyPair(cert, key)
	return config.Fault("cert_file", c.CertFile, "it must be the certificate in PEM, and the key of key_file "+string(c.KeyFile)+" its own", err)
}

func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("is longer than %d MiB", maxFile>>20)
	}
	return os.ReadFile(path)
}

func (m *material) readCAs(path string) error {
	text, err := readFile(path)
	if err != nil {
		return err
	}
	m.roots = x509.NewCertPool()
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		cert, err := x509.ParseCertificate(block.Bytes)
		switch {
		case block.Type != "CERTIFICATE":
			return fmt.Errorf("holds a %q", block.Type)
		case err != nil:
			return err
		case !cert.BasicConstraintsValid || !cert.IsCA:
			return fmt.Errorf("certificate %d is no authority", len(m.cas)+1)
		}
		m.cas = append(m.cas, cert)
		m.roots.AddCert(cert)
	}
	if len(m.cas) == 0 {
		return errors.New("holds no certificate in PEM")
	}
	return nil
}

func (m *material) readLists(path string) error {
	text, err := readFile(path)
	if err != nil {
		return err
	}
	m.revoked = make(map[revocation]struct{})
	if !bytes.Contains(text, []byte("-----BEGIN")) {
		return m.addList(text)
	}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "X509 CRL" {
			return fmt.Errorf("holds a %q", block.Type)
		}
		if err := m.addList(block.Bytes); err != nil {
			return err
		}
	}
	if len(m.lists) == 0 {
		return errors.New("holds no revocation list")
	}
	return nil
}

func (m *material) addList(der []byte) error {
	list, err := x509.ParseRevocationList(der)
	if err != nil {
		return err
	}
	if !m.signed(list) {
		return fmt.Errorf("list %d is not signed by an authority of client_ca_file", len(m.lists)+1)
	}
	for _, entry := range list.RevokedCertificateEntries {
		m.revoked[revocation{string(list.RawIssuer), entry.SerialNumber.Text(16)}] = struct{}{}
	}
	m.lists = append(m.lists, list)
	return nil
}

func (m *material) signed(list *x509.RevocationList) bool {
	for _, ca := range m.cas {
		if bytes.Equal(ca.RawSubject, list.RawIssuer) && list.CheckSignatureFrom(ca) == nil {
			return true
		}
	}
	return false
}

// follows refuses what would take back more than it brings: a certificate that is over in place of one that is not, and
// what would let revoked certificates in again: a revocation list older than the one in force, or none any more of an
// authority that is still trusted.
func (m *material) follows(old *material) error {
	now := time.Now()
	if now.After(m.pair.Leaf.NotAfter) && now.Before(old.pair.Leaf.NotAfter) {
		return errors.New("cert_file: the new certificate has expired, the one in force has not")
	}
	for _, before := range old.lists {
		if err := m.renews(before); err != nil {
			return fmt.Errorf("client_crl_file: %w", err)
		}
	}
	return nil
}

func (m *material) renews(before *x509.RevocationList) error {
	found := false
	for _, list := range m.lists {
		if !bytes.Equal(list.RawIssuer, before.RawIssuer) {
			continue
		}
		if found = true; list.ThisUpdate.Before(before.ThisUpdate) {
			return fmt.Errorf("the list of %s is older than the one in force", list.Issuer)
		}
	}
	trusted := slices.ContainsFunc(m.cas, func(ca *x509.Certificate) bool { return bytes.Equal(ca.RawSubject, before.RawIssuer) })
	if trusted && !found {
		return fmt.Errorf("the list of %s is gone, and its authority still trusted", before.Issuer)
	}
	return nil
}

var errRevoked = errors.New("checking a client certificate: it or an authority above it was revoked")

// unrevoked tells whether one of the chains holds no revoked certificate.
func (m *material) unrevoked(chains [][]*x509.Certificate) error {
	if len(m.revoked) == 0 {
		return nil
	}
	for _, chain := range chains {
		if !m.anyRevoked(chain) {
			return nil
		}
	}
	return errRevoked
}

func (m *material) anyRevoked(chain []*x509.Certificate) bool {
	for _, cert := range chain {
		if _, yes := m.revoked[revocation{string(cert.RawIssuer), cert.SerialNumber.Text(16)}]; yes {
			return true
		}
	}
	return false
}

// overdue is how long ago the first of the lists should have been renewed; 0: none should have.
func (m *material) overdue(now time.Time) (late time.Duration) {
	for _, l := range m.lists {
		if !l.NextUpdate.IsZero() {
			late = max(late, now.Sub(l.NextUpdate))
		}
	}
	return late
}
