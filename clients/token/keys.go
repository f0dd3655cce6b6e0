package token

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/verigate/verigate/config"
)

// signingKey is one Ed25519 key pair.
type signingKey struct {
	id      string // kid
	private ed25519.PrivateKey
	public  ed25519.PublicKey
	tagging []byte // see tag
}

// keySet is what tokens are signed and checked with. It is immutable.
type keySet struct {
	signing signingKey
	byID    map[string]*signingKey
	jwks    []byte
}

// jwk is a public key as RFC 8037 writes it. The first three members, in this order, are what its thumbprint is of
// (RFC 7638).
type jwk struct {
	Curve string `json:"crv"`
	Type  string `json:"kty"`
	X     string `json:"x"`
	ID    string `json:"kid,omitempty"`
	Use   string `json:"use,omitempty"`
	Alg   string `json:"alg,omitempty"`
}

// kidLength is how much of a key's thumbprint names it: 66 bits, so that tokens stay short.
const kidLength = 11

// readKeySet reads the signing keys; the error joins the faults of all of them.
func readKeySet(files []config.SecretFile) (*keySet, error) {
	if len(files) == 0 {
		return nil, errNoKeys
	}
	s := &keySet{byID: make(map[string]*signingKey, len(files))}
	var published []jwk
	var faults []error
	for i, f := range files {
		k, err := readSigningKey(f)
		if err == nil && s.byID[k.id] != nil {
			err = errSameKey
		}
		if err != nil {
			faults = append(faults, config.Fault("signing_keys", string(f), "", err))
			continue
		}
		if i == 0 {
			s.signing = k
		}
		s.byID[k.id] = &k
		published = append(published, jwk{Curve: "Ed25519", Type: "OKP", X: base64.RawURLEncoding.EncodeToString(k.public), ID: k.id, Use: "sig", Alg: "EdDSA"})
	}
	var err error
	s.jwks, err = json.Marshal(map[string]any{"keys": published})
	return s, errors.Join(append(faults, err)...)
}

func readSigningKey(file config.SecretFile) (k signingKey, err error) {
	text, err := file.Read()
	if err != nil {
		return k, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return k, errNotEd25519
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	private, ok := parsed.(ed25519.PrivateKey)
	if err != nil || !ok {
		return k, errNotEd25519
	}
	k.private = private
	k.public, _ = private.Public().(ed25519.PublicKey)
	k.tagging = taggingKey(private)
	k.id, err = keyID(k.public)
	return k, err
}

var (
	errNotEd25519 = errors.New("is not an Ed25519 key in PEM; make one with openssl genpkey -algorithm ed25519")
	errSameKey    = errors.New("holds the same key as another; name each once")
)

// keyID is the beginning of the key's thumbprint: the same on every node without being agreed upon.
func keyID(public ed25519.PublicKey) (string, error) {
	text, err := json.Marshal(jwk{Curve: "Ed25519", Type: "OKP", X: base64.RawURLEncoding.EncodeToString(public)})
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(sum[:])[:kidLength], err
}

// NewSigningKey makes an Ed25519 key in the form that signing_keys names files of.
func NewSigningKey() ([]byte, error) {
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, fmt.Errorf("making a signing key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, fmt.Errorf("making a signing key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}
