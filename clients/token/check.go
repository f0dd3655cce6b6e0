package token

import (
	"encoding/base64"
	"errors"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/verigate/verigate/verify"
)

const (
	// MaxLength is the longest access token, in bytes; a longer text is refused before it is hashed.
	MaxLength = 1024

	// recheck is the longest that a caller is taken from the cache without looking: it bounds what no epoch announces,
	// the expiry of the credential a token was got with and the withdrawal of a signing key.
	recheck = time.Minute
)

// Check finds the holder of an access token. shown is the connection's client certificate, nil
// if there is none. The caller has the token's scopes and purpose and not more than it has itself; it is returned with
// most refusals too, so that they can be recorded under its name. A token checked before costs no allocation and takes
// no lock.
func (s *Service) Check(now verify.Instant, text []byte, shown *verify.Certificate) (*verify.Caller, verify.Refusal) {
	if len(text) > MaxLength {
		s.count.refused.Inc()
		return nil, verify.RefusalKeyMalformed
	}
	e, hash := s.cache.find(text)
	switch {
	case e == nil:
		return s.verify(now, text, hash, shown)
	case now.Mono >= e.until || e.epoch != s.deps.Directory.Epoch():
		return s.refresh(now, e, shown)
	}
	return e.confirm(shown)
}

// confirm holds a good token to the certificate that it is bound to.
func (e *entry) confirm(shown *verify.Certificate) (*verify.Caller, verify.Refusal) {
	if e.bound && (shown == nil || shown.Whole != e.cert) {
		return e.caller, verify.RefusalCertificate
	}
	return e.caller, verify.RefusalNone
}

// verify checks a token by its signature.
func (s *Service) verify(now verify.Instant, text []byte, hash uint64, shown *verify.Certificate) (*verify.Caller, verify.Refusal) {
	var cl claims
	kid, err := s.parse(text, &cl)
	if err != nil {
		s.count.refused.Inc()
		return s.refused(now, &cl, err)
	}
	e := &entry{
		hash: hash, text: string(text), expires: now.Mono + int64(time.Until(cl.ExpiresAt.Time)), kid: kid,
		callerID: cl.Subject, credential: cl.Credential, scopes: scopesOf(cl.Scope), purpose: verify.PurposeOf([]byte(cl.Purpose)),
	}
	if cl.Confirmation != nil {
		e.bound = true
		if b, err := base64.RawURLEncoding.DecodeString(cl.Confirmation.Thumbprint); err != nil || copy(e.cert[:], b) != len(e.cert) {
			s.count.refused.Inc()
			return nil, verify.RefusalKeyUnknown
		}
	}
	s.count.verified.Inc()
	return s.renew(now, e, shown)
}

// parse checks signature, issuer, audience, time and type.
func (s *Service) parse(text []byte, cl *claims) (kid string, err error) {
	keys := s.keys.Load()
	_, err = s.tokens.ParseWithClaims(string(text), cl, func(t *jwt.Token) (any, error) {
		kid, _ = t.Header["kid"].(string)
		key := keys.byID[kid]
		if _, ok := t.Method.(*jwt.SigningMethodEd25519); !ok || t.Header["typ"] != tokenType || key == nil || !key.tagged(t) {
			return nil, errForeign
		}
		return key.public, nil
	})
	return kid, err
}

var errForeign = errors.New("reading an access token: not signed by a key of this gateway")

// refused tells why a token is not taken. Only one that was signed here can be known to have expired.
func (s *Service) refused(now verify.Instant, cl *claims, err error) (*verify.Caller, verify.Refusal) {
	switch {
	case errors.Is(err, jwt.ErrTokenMalformed):
		return nil, verify.RefusalKeyMalformed
	case errors.Is(err, jwt.ErrTokenExpired):
		c, _ := s.deps.Directory.Holder(now, cl.Subject, cl.Credential)
		return c, verify.RefusalTokenExpired
	}
	return nil, verify.RefusalKeyUnknown
}

// refresh looks a remembered token's caller up anew. Its signature needs no second check, its key has to be one that
// is still accepted.
func (s *Service) refresh(now verify.Instant, e *entry, shown *verify.Certificate) (*verify.Caller, verify.Refusal) {
	switch {
	case now.Mono >= e.expires:
		s.cache.drop(e)
		s.count.refused.Inc()
		return e.caller, verify.RefusalTokenExpired
	case s.keys.Load().byID[e.kid] == nil:
		s.cache.drop(e)
		s.count.refused.Inc()
		return nil, verify.RefusalKeyUnknown
	}
	s.count.refreshed.Inc()
	next := *e
	return s.renew(now, &next, shown)
}

// renew asks the directory what the token's caller is now, and remembers it if the token is still good.
func (s *Service) renew(now verify.Instant, e *entry, shown *verify.Certificate) (*verify.Caller, verify.Refusal) {
	e.epoch = s.deps.Directory.Epoch() // first: what is looked up is this old or younger
	c, refusal := s.deps.Directory.Holder(now, e.callerID, e.credential)
	if refusal == verify.RefusalKeyRevoked || refusal == verify.RefusalKeyExpired {
		refusal = verify.RefusalTokenRevoked
	}
	if refusal == verify.RefusalNone {
		if e.caller = narrow(c, e.scopes, e.purpose); e.caller == nil {
			refusal = verify.RefusalTokenRevoked
		}
	}
	if refusal != verify.RefusalNone {
		s.count.refused.Inc()
		return c, refusal
	}
	e.until = min(e.expires, now.Mono+int64(recheck))
	s.cache.put(e)
	return e.confirm(shown)
}

// narrow returns the caller with no more than a token's scopes and its purpose, or nil when nothing is left.
func narrow(c *verify.Caller, scopes verify.Scope, purpose verify.Purpose) *verify.Caller {
	scopes &= c.Scopes
	switch {
	case scopes == 0, purpose != verify.PurposeNone && !c.Allows(purpose):
		return nil
	case scopes == c.Scopes && purpose == verify.PurposeNone:
		return c
	}
	narrowed := *c
	narrowed.Scopes = scopes
	if purpose != verify.PurposeNone {
		narrowed.Purposes, narrowed.Purpose = 1<<purpose, purpose
	}
	return &narrowed
}
