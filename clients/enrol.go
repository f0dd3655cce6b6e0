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
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
)

// NamedKey is a public key as somebody hands it over.
type NamedKey struct {
	ID   string // its kid; empty: none given
	SPKI []byte // DER
}

// ReadPublicKeys reads what a caller hands over: a JWK set, one JWK (RFC 7517), or PEM with public keys or
// certificates. A private key among them is refused: it is compromised by having been sent.
func ReadPublicKeys(text []byte) ([]NamedKey, error) {
	if json.Valid(text) {
		return readJWKs(text)
	}
	var keys []NamedKey
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		var der []byte
		switch block.Type {
		case "PUBLIC KEY":
			der = block.Bytes
		case "CERTIFICATE":
			cert, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, fmt.Errorf("reading a certificate: %w", err)
			}
			der = cert.RawSubjectPublicKeyInfo
		case "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "OPENSSH PRIVATE KEY":
			return nil, errPrivate
		default:
			return nil, fmt.Errorf("reading PEM: %q is neither PUBLIC KEY nor CERTIFICATE", cut(block.Type))
		}
		keys = append(keys, NamedKey{SPKI: der})
	}
	if len(keys) == 0 {
		return nil, errors.New("reading public keys: neither a JWK set nor PEM")
	}
	return keys, nil
}

var errPrivate = errors.New("reading public keys: this is a private key; it must never leave its owner: make a new pair and hand over the public half")

// jwk is a JSON Web Key, as far as public keys of the kinds taken go.
type jwk struct {
	Type  string `json:"kty"`
	Curve string `json:"crv"`
	ID    string `json:"kid"`
	X     string `json:"x"`
	Y     string `json:"y"`
	N     string `json:"n"`
	E     string `json:"e"`
	D     string `json:"d"`
}

func readJWKs(text []byte) ([]NamedKey, error) {
	var set struct {
		Keys []jwk `json:"keys"`
		jwk
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, fmt.Errorf("reading a JWK set: %w", plainJSON(err))
	}
	if set.Type != "" {
		set.Keys = append(set.Keys, set.jwk)
	}
	if len(set.Keys) == 0 {
		return nil, errors.New("reading a JWK set: no keys in it")
	}
	var keys []NamedKey
	for i := range set.Keys {
		der, err := set.Keys[i].spki()
		if err != nil {
			return nil, fmt.Errorf("reading key %d of a JWK set: %w", i+1, err)
		}
		keys = append(keys, NamedKey{ID: set.Keys[i].ID, SPKI: der})
	}
	return keys, nil
}

func (k *jwk) spki() ([]byte, error) {
	if k.D != "" {
		return nil, errPrivate
	}
	public, err := k.public()
	if err != nil {
		return nil, err
	}
	return x509.MarshalPKIXPublicKey(public)
}

func (k *jwk) public() (crypto.PublicKey, error) {
	x, err1 := base64.RawURLEncoding.DecodeString(k.X)
	y, err2 := base64.RawURLEncoding.DecodeString(k.Y)
	n, err3 := base64.RawURLEncoding.DecodeString(k.N)
	e, err4 := base64.RawURLEncoding.DecodeString(k.E)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return nil, errors.New("a member is not base64url")
	}
	switch {
	case k.Type == "OKP" && k.Curve == "Ed25519" && len(x) == ed25519.PublicKeySize:
		return ed25519.PublicKey(x), nil
	case k.Type == "EC" && k.Curve == "P-256" && len(x) == 32 && len(y) == 32:
		return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y))
	case k.Type == "RSA" && len(n) > 0 && len(e) > 0 && len(e) <= 4:
		return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}, nil
	}
	return nil, errors.New("must be Ed25519, P-256 or RSA")
}

// AddPublicKey registers a key that the caller signs its requests for tokens with. Without a name it gets one: the
// beginning of its own SHA-256. valid is for how long, 0 for no end. It returns the name, which assertions carry as kid.
func (e *Entry) AddPublicKey(now time.Time, k NamedKey, valid time.Duration) (id string, err error) {
	if _, err := ParsePublicKey(k.SPKI); err != nil {
		return "", fmt.Errorf("caller %s: %w", e.ID, err)
	}
	if k.ID == "" {
		sum := sha256.Sum256(k.SPKI)
		k.ID = hex.EncodeToString(sum[:8])
	}
	p := PublicKey{ID: k.ID, SPKI: base64.StdEncoding.EncodeToString(k.SPKI), Created: now.UTC().Truncate(time.Second)}
	if valid > 0 {
		end := p.Created.Add(valid)
		p.Expires = &end
	}
	e.PublicKeys = append(e.PublicKeys, p)
	if err := e.validatePublicKeys(); err != nil {
		return "", fmt.Errorf("caller %s: %w", e.ID, err)
	}
	return k.ID, nil
}

// RevokePublicKey ends a public key, and the tokens got with it, at once.
func (e *Entry) RevokePublicKey(now time.Time, id string) error {
	for i := range e.PublicKeys {
		if k := &e.PublicKeys[i]; k.ID == id {
			if k.Revoked == nil { // the first time is when it ended
				at := now.UTC().Truncate(time.Second)
				k.Revoked = &at
			}
			return nil
		}
	}
	return fmt.Errorf("caller %s: has no public key %q", e.ID, cut(id))
}

// AddCertificate registers a client certificate by its public key and returns the digest that names it.
func (e *Entry) AddCertificate(now time.Time, text []byte) (digest string, err error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" {
		return "", fmt.Errorf("caller %s: not a certificate in PEM", e.ID)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return "", fmt.Errorf("caller %s: reading the certificate: %w", e.ID, err)
	}
	sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
	c := Certificate{SHA256: hex.EncodeToString(sum[:]), Subject: subjectOf(cert), Created: now.UTC().Truncate(time.Second)}
	if slices.ContainsFunc(e.MutualTLS.Certificates, func(o Certificate) bool { return o.SHA256 == c.SHA256 }) {
		return "", fmt.Errorf("caller %s: this certificate's key is registered already; a renewal under the same key needs nothing", e.ID)
	}
	e.MutualTLS.Certificates = append(e.MutualTLS.Certificates, c)
	return c.SHA256, nil
}

// subjectOf names a certificate for people, as far as it fits.
func subjectOf(cert *x509.Certificate) string {
	s := cert.Subject.String()
	if validText("subject", s) != nil {
		return ""
	}
	return s
}

// RemoveCertificate ends a client certificate, named by its digest or the beginning of it, at once.
func (e *Entry) RemoveCertificate(digest string) error {
	var left []Certificate
	for _, c := range e.MutualTLS.Certificates {
		if len(digest) < 8 || len(digest) > len(c.SHA256) || !strings.EqualFold(c.SHA256[:len(digest)], digest) {
			left = append(left, c)
		}
	}
	if len(left) != len(e.MutualTLS.Certificates)-1 {
		return fmt.Errorf("caller %s: has no certificate, or several, that begin with %q (8 digits or more)", e.ID, cut(digest))
	}
	e.MutualTLS.Certificates = left
	return nil
}
