package token

import (
	"encoding/base64"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/verigate/verigate/verify"
)

// claims are those of an access token (RFC 9068); cred names what it was got with.
type claims struct {
	jwt.RegisteredClaims
	Client       string        `json:"client_id"`
	Scope        string        `json:"scope"`
	Purpose      string        `json:"purpose,omitempty"`
	Credential   string        `json:"cred"`
	Confirmation *confirmation `json:"cnf,omitempty"`
}

// confirmation binds a token to a client certificate (RFC 8705, 3.1).
type confirmation struct {
	Thumbprint string `json:"x5t#S256"`
}

// tokenType is the typ of access tokens (RFC 9068, 2.1): no other thing that is signed here can pass for one.
const tokenType = "at+jwt"

// Issue makes an access token for a caller that [Service.Client] found and the edge let in. A scope or purpose beyond the
// caller's is [verify.RefusalScope] or [verify.RefusalPurpose]. A request that came with a client certificate gets a
// token that is worth nothing without it. A signed request is good for one token: the second is
// [verify.RefusalReplayed].
func (s *Service) Issue(at verify.Instant, c *verify.Caller, req *verify.TokenRequest) (verify.TokenGrant, verify.Refusal) {
	scopes := req.Scopes
	if scopes == 0 {
		scopes = c.Scopes
	}
	switch {
	case !c.Scopes.Has(scopes):
		return verify.TokenGrant{}, verify.RefusalScope
	case req.Purpose != verify.PurposeNone && !c.Allows(req.Purpose):
		return verify.TokenGrant{}, verify.RefusalPurpose
	}
	if refusal := s.once(at, c.ID, req.Once); refusal != verify.RefusalNone {
		return verify.TokenGrant{}, refusal
	}
	return s.sign(c, req, scopes)
}

func (s *Service) sign(c *verify.Caller, req *verify.TokenRequest, scopes verify.Scope) (verify.TokenGrant, verify.Refusal) {
	now := time.Now()
	life := s.cfg.Life.Std()
	cl := claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: s.cfg.Issuer, Subject: c.ID, Audience: jwt.ClaimStrings{s.cfg.Issuer}, ID: req.ID.String(),
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(life)),
		},
		Client: c.ID, Scope: strings.Join(scopes.Names(), " "), Purpose: req.Purpose.String(), Credential: c.KeyID,
	}
	if req.Certificate != nil {
		cl.Confirmation = &confirmation{base64.RawURLEncoding.EncodeToString(req.Certificate.Whole[:])}
	}
	key := s.keys.Load().signing
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, cl)
	text, err := key.signed(t)
	if err != nil {
		s.deps.Log.Error("signing an access token failed", "reason", err)
		return verify.TokenGrant{}, verify.RefusalInternal
	}
	s.count.issued.Inc()
	return verify.TokenGrant{Token: []byte(text), Life: life, Scopes: scopes}, verify.RefusalNone
}

// scopesOf reads scopes as OAuth writes them; a name that is not known any more is left out.
func scopesOf(text string) (s verify.Scope) {
	for name := range strings.FieldsSeq(text) {
		s |= verify.ScopeOf(name)
	}
	return s
}
