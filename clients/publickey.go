package clients

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/verigate/verigate/verify"
)

// PublicKey is a key whose private half a caller signs its requests for access tokens with (private_key_jwt, RFC 7523).
type PublicKey struct {
	ID      string     `json:"id"`   // what assertions name it by: their kid
	SPKI    string     `json:"spki"` // the SubjectPublicKeyInfo, DER in base64
	Created time.Time  `json:"created"`
	Expires *time.Time `json:"expires,omitempty"`
	Revoked *time.Time `json:"revoked,omitempty"`
}

// MutualTLS is what a caller's client certificates are for.
type MutualTLS struct {
	Required     bool          `json:"required,omitempty"` // nothing of the caller's counts without one of its certificates
	Alone        bool          `json:"alone,omitempty"`    // a certificate is a credential by itself
	Certificates []Certificate `json:"certificates,omitempty"`
}

// Certificate is a client certificate, known by its public key: a renewal under the same key needs no change here, and
// one certificate of several under a key is ended by its authority's revocation list.
type Certificate struct {
	SHA256  string    `json:"sha256"`            // hexadecimal SHA-256 of its SubjectPublicKeyInfo
	Subject string    `json:"subject,omitempty"` // for people
	Created time.Time `json:"created"`
}

const (
	maxPublicKeys   = 8 // of one caller: an assertion that names no key is tried with each
	maxCertificates = 8
	maxPublicKeyID  = 64
	minRSABits      = 2048
	maxRSABits      = 4096
)

// AssertionKey is a registered public key: *ecdsa.PublicKey (P-256), ed25519.PublicKey or *rsa.PublicKey.
type AssertionKey struct {
	ID         string
	Credential string // its name in [verify.Caller.KeyID]
	Public     crypto.PublicKey
}

// ParsePublicKey reads a DER SubjectPublicKeyInfo: Ed25519, ECDSA over P-256 or RSA of 2048 to 4096 bits.
func ParsePublicKey(der []byte) (crypto.PublicKey, error) {
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, fmt.Errorf("reading a public key: %w", err)
	}
	switch k := key.(type) {
	case ed25519.PublicKey:
		return k, nil
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P256() {
			return k, nil
		}
	case *rsa.PublicKey:
		if bits := k.N.BitLen(); bits >= minRSABits && bits <= maxRSABits {
			return k, nil
		}
	}
	return nil, fmt.Errorf("reading a public key: must be Ed25519, ECDSA over P-256, or RSA of %d to %d bits", minRSABits, maxRSABits)
}

func (k *PublicKey) public() (crypto.PublicKey, error) {
	der, err := base64.StdEncoding.DecodeString(k.SPKI)
	if err != nil {
		return nil, fmt.Errorf("public_keys: spki of %s: must be base64", cut(k.ID))
	}
	key, err := ParsePublicKey(der)
	if err != nil {
		return nil, fmt.Errorf("public_keys: spki of %s: %w", cut(k.ID), err)
	}
	return key, nil
}

func (k *PublicKey) credential() string { return "jwk:" + k.ID }

func (e *Entry) validatePublicKeys() error {
	if len(e.PublicKeys) > maxPublicKeys {
		return fmt.Errorf("public_keys: at most %d", maxPublicKeys)
	}
	for i := range e.PublicKeys {
		k := &e.PublicKeys[i]
		if !validKeyID(k.ID) {
			return fmt.Errorf("public_keys: id %q: must be 1 to %d letters, digits, dots, underscores or hyphens", cut(k.ID), maxPublicKeyID)
		}
		if slices.ContainsFunc(e.PublicKeys[:i], func(o PublicKey) bool { return o.ID == k.ID }) {
			return fmt.Errorf("public_keys: id %s: given twice", k.ID)
		}
		if _, err := k.public(); err != nil {
			return err
		}
		if k.Created.IsZero() {
			return fmt.Errorf("public_keys: created of %s: must be set", k.ID)
		}
	}
	return nil
}

// validKeyID takes what base64url is made of, which the usual key ids (RFC 7638) are written in.
func validKeyID(s string) bool {
	bad := func(r rune) bool {
		return r > 'z' || !isDigit(byte(r)) && (upper(byte(r)) < 'A' || upper(byte(r)) > 'Z') && r != '-' && r != '_' && r != '.'
	}
	return s != "" && len(s) <= maxPublicKeyID && !strings.ContainsFunc(s, bad)
}

func (m *MutualTLS) validate() error {
	if (m.Required || m.Alone) && len(m.Certificates) == 0 {
		return fmt.Errorf("mutual_tls: required or alone needs at least one of certificates")
	}
	if len(m.Certificates) > maxCertificates {
		return fmt.Errorf("mutual_tls: at most %d certificates", maxCertificates)
	}
	for _, c := range m.Certificates {
		if c.Created.IsZero() {
			return fmt.Errorf("mutual_tls: created of %s: must be set", cut(c.SHA256))
		}
		if err := validText("mutual_tls: subject", c.Subject); err != nil {
			return err
		}
	}
	_, err := m.digests()
	return err
}

func (m *MutualTLS) digests() ([]verify.Digest, error) {
	var all []verify.Digest
	for _, c := range m.Certificates {
		var d verify.Digest
		if b, err := hex.DecodeString(c.SHA256); err != nil || copy(d[:], b) != len(d) || len(b) != len(d) {
			return nil, fmt.Errorf("mutual_tls: sha256 %q: must be 64 hexadecimal digits", cut(c.SHA256))
		}
		all = append(all, d)
	}
	return all, nil
}

// certificateCredential names a certificate in logs by the beginning of its digest.
func certificateCredential(d verify.Digest) string { return "cert:" + hex.EncodeToString(d[:6]) }

// addPublic finds public keys and certificates that belong to two entries, or twice to one.
func (u *uniqueness) addPublic(e *Entry) error {
	once := func(field, name, digest string) error {
		if by := u.public[field+digest]; by != "" {
			return fmt.Errorf("%s: %s: belongs to %s already", field, cut(name), by)
		}
		u.public[field+digest] = e.ID
		return nil
	}
	for _, k := range e.PublicKeys {
		der, _ := base64.StdEncoding.DecodeString(k.SPKI) // checked by Validate
		sum := sha256.Sum256(der)
		if err := once("public_keys", k.ID, string(sum[:])); err != nil {
			return err
		}
	}
	for _, c := range e.MutualTLS.Certificates {
		if err := once("mutual_tls", c.SHA256, strings.ToLower(c.SHA256)); err != nil {
			return err
		}
	}
	return nil
}

// addPublic puts the entry's public keys and certificates into the table.
func (t *table) addPublic(e *Entry, c *caller, snapshot verify.Caller) error {
	for i := range e.PublicKeys {
		k := &e.PublicKeys[i]
		public, err := k.public()
		if err != nil {
			return err
		}
		cred := newCredential(c, snapshot, k.credential(), k.Expires, k.Revoked)
		c.credentials = append(c.credentials, cred)
		c.public = append(c.public, AssertionKey{ID: k.ID, Credential: k.credential(), Public: public})
	}
	if !e.MutualTLS.Alone {
		return nil
	}
	for _, d := range snapshot.Certificates {
		cred := newCredential(c, snapshot, certificateCredential(d), nil, nil)
		c.credentials = append(c.credentials, cred)
		t.certs[d] = cred
	}
	return nil
}

func newCredential(c *caller, snapshot verify.Caller, name string, expires, revoked *time.Time) *credential {
	cred := &credential{caller: snapshot, refusal: c.status}
	cred.caller.KeyID = name
	if revoked != nil {
		cred.refusal = verify.RefusalKeyRevoked
	}
	if expires != nil {
		cred.expires = expires.UnixNano()
	}
	return cred
}
