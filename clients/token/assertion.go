package token

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/verify"
)

// MaxAssertion is the longest assertion, in bytes; a longer text is refused before it is read.
const MaxAssertion = 4096

// maxJTI bounds what is hashed of an assertion's id.
const maxJTI = 256

var assertionMethods = []string{"EdDSA", "ES256", "PS256", "RS256"}

// Client finds who asks for a token, by exactly what was shown. Unknown callers and wrong secrets or signatures are not
// told apart, nor can their times tell them apart by much. The caller is returned with most refusals too, so that they
// can be recorded under its name.
func (s *Service) Client(now verify.Instant, req *verify.TokenRequest) (c *verify.Caller, refusal verify.Refusal) {
	switch {
	case len(req.Assertion) > 0:
		return s.byAssertion(now, req)
	case len(req.Secret) > 0:
		c, refusal = s.deps.Directory.Authenticate(now, req.Secret)
	default:
		c, refusal = s.deps.Directory.Certified(now, req.Certificate)
	}
	if c != nil && c.ID != req.Client {
		return nil, verify.RefusalKeyUnknown
	}
	return c, refusal
}

// byAssertion is private_key_jwt (RFC 7523, 3): the caller signs a short-lived statement about itself, for us alone,
// that is good once.
func (s *Service) byAssertion(now verify.Instant, req *verify.TokenRequest) (*verify.Caller, verify.Refusal) {
	if len(req.Assertion) > MaxAssertion {
		return nil, verify.RefusalKeyMalformed
	}
	var cl jwt.RegisteredClaims
	var key clients.AssertionKey
	_, err := s.asserted.ParseWithClaims(string(req.Assertion), &cl, func(t *jwt.Token) (any, error) {
		var ok bool
		if key, ok = s.assertionKey(cl.Issuer, t); !ok {
			return s.decoy(t)
		}
		return key.Public, nil
	})
	switch {
	case errors.Is(err, jwt.ErrTokenMalformed):
		return nil, verify.RefusalKeyMalformed
	case err != nil && !errors.Is(err, jwt.ErrTokenInvalidClaims), key.Public == nil, cl.Subject != cl.Issuer,
		req.Client != "" && req.Client != cl.Issuer:
		return nil, verify.RefusalKeyUnknown
	}
	// The signature is the caller's: from here on it may be told what is wrong.
	c, refusal := s.deps.Directory.Holder(now, cl.Issuer, key.Credential)
	switch {
	case refusal != verify.RefusalNone:
		return c, refusal
	case errors.Is(err, jwt.ErrTokenExpired):
		return c, verify.RefusalTokenExpired
	case err != nil, cl.ID == "", len(cl.ID) > maxJTI:
		return c, verify.RefusalKeyUnknown
	}
	if time.Until(cl.ExpiresAt.Time) > s.cfg.AssertionLife.Std()+leeway {
		return c, verify.RefusalKeyUnknown
	}
	req.Once = cl.ID
	return c, verify.RefusalNone
}

// once refuses an assertion that was shown before.
func (s *Service) once(now verify.Instant, callerID, id string) verify.Refusal {
	if id == "" {
		return verify.RefusalNone
	}
	key := replayKey(callerID, id)
	switch s.replays.take(now.Mono, callerID, key) {
	case replayNew:
		if s.shared == nil || s.shared.take(now.Mono, key) {
			return verify.RefusalNone
		}
	case replayFull:
		s.deps.Log.Warn("no room to remember another signed request for a token")
		return verify.RefusalOverloaded
	}
	s.count.replayed.Inc()
	return verify.RefusalReplayed
}

// assertionKey returns the caller's key that an assertion names, or its only one, if it is of the method's kind. A header
// with crit asks for something this program does not know.
func (s *Service) assertionKey(callerID string, t *jwt.Token) (clients.AssertionKey, bool) {
	if _, critical := t.Header["crit"]; critical {
		return clients.AssertionKey{}, false
	}
	kid, named := t.Header["kid"].(string)
	keys := s.deps.Directory.AssertionKeys(callerID)
	for _, k := range keys {
		if k.ID == kid || !named && len(keys) == 1 {
			return k, fits(k, t.Method)
		}
	}
	return clients.AssertionKey{}, false
}

func fits(k clients.AssertionKey, m jwt.SigningMethod) (ok bool) {
	switch m.(type) {
	case *jwt.SigningMethodEd25519:
		_, ok = k.Public.(ed25519.PublicKey)
	case *jwt.SigningMethodECDSA:
		_, ok = k.Public.(*ecdsa.PublicKey)
	case *jwt.SigningMethodRSA, *jwt.SigningMethodRSAPSS:
		_, ok = k.Public.(*rsa.PublicKey)
	}
	return ok
}

// decoy spends the time of a signature check on an assertion of somebody who is not known.
func (s *Service) decoy(t *jwt.Token) (any, error) {
	public := s.keys.Load().signing.public
	ed25519.Verify(public, []byte(t.Raw), make([]byte, ed25519.SignatureSize))
	return nil, errForeign
}
