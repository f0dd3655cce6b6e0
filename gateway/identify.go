package gateway

import (
	"bytes"
	"crypto/rand"

	"github.com/valyala/fasthttp"

	"github.com/verigate/verigate/gateway/portal"
	v1 "github.com/verigate/verigate/gateway/v1"
	"github.com/verigate/verigate/internal/clock"
	"github.com/verigate/verigate/verify"
)

// identifyKey finds who asks and admits the request's cost to the caller's limits.
func (x *exchange) identifyKey(cost int) bool {
	x.mark(stepIdentify)
	caller, refusal := x.credential()
	x.caller = caller
	if refusal == verify.RefusalNone && caller == nil {
		refusal = verify.RefusalKeyUnknown
	}
	return x.enter(refusal, cost)
}

// credential finds who asks by what the request shows: an access token, an API key or, without either, the certificate
// of its connection. It is the one place that decides which. From the moment that something was shown, a refusal is
// recorded.
func (x *exchange) credential() (*verify.Caller, verify.Refusal) {
	header := x.rc.Request.Header.Peek(fasthttp.HeaderAuthorization)
	shown, refusal := x.certificate()
	x.identified = len(header) > 0 || shown != nil || refusal != verify.RefusalNone
	if refusal != verify.RefusalNone {
		return nil, refusal
	}
	var caller *verify.Caller
	switch bearer := bearerOf(header); {
	case len(header) == 0 && shown != nil:
		if caller, refusal = x.s.deps.Callers.Certified(x.now, shown); caller == nil {
			refusal = verify.RefusalKeyMissing // the certificate only says where a key may be used
		}
	case len(bearer) == 0:
		x.identified = false
		return nil, verify.RefusalKeyMissing
	case len(bearer) > maxBearer:
		return nil, verify.RefusalKeyMalformed
	case bytes.HasPrefix(bearer, tokenPrefix) && x.s.deps.Tokens != nil:
		caller, refusal = x.s.deps.Tokens.Check(x.now, bearer, shown)
	default:
		caller, refusal = x.s.deps.Callers.Authenticate(x.now, bearer)
	}
	if refusal == verify.RefusalNone {
		refusal = demanded(caller, shown)
	}
	return caller, refusal
}

// maxBearer is the longest credential that is looked at, in bytes; what is longer is none of ours.
const maxBearer = 1024

// tokenPrefix is how every access token begins: a JSON object in base64url.
var tokenPrefix = []byte("eyJ")

// demanded holds a caller whose entry demands it to one of its own certificates.
func demanded(c *verify.Caller, shown *verify.Certificate) verify.Refusal {
	if c != nil && c.CertificateRequired && !c.Owns(shown) {
		return verify.RefusalCertificate
	}
	return verify.RefusalNone
}

// withCertificate is demanded for the credentials of the portal's contract, which know nothing of certificates.
func (x *exchange) withCertificate(c *verify.Caller) verify.Refusal {
	shown, refusal := x.certificate()
	if refusal == verify.RefusalNone {
		refusal = demanded(c, shown)
	}
	return refusal
}

// lost tells why the credential that a long request began with is good no more.
func (x *exchange) lost() verify.Refusal {
	if refusal := x.withCertificate(x.caller); refusal != verify.RefusalNone {
		return refusal
	}
	_, refusal := x.s.deps.Callers.Holder(x.now, x.caller.ID, x.caller.KeyID)
	return refusal
}

// bearerOf returns the token of an Authorization header of the Bearer scheme, a view into it.
func bearerOf(header []byte) []byte { return schemeOf(header, "Bearer ") }

// schemeOf returns what an Authorization header of the given scheme carries, a view into it.
func schemeOf(header []byte, scheme string) []byte {
	if len(header) <= len(scheme) || !bytes.EqualFold(header[:len(scheme)], []byte(scheme)) {
		return nil
	}
	return bytes.Trim(header[len(scheme):], " ")
}

// enter holds the caller that was found to its scopes and limits.
func (x *exchange) enter(refusal verify.Refusal, cost int) bool {
	switch {
	case refusal != verify.RefusalNone:
		return x.turnAway(refusal)
	case !x.caller.Scopes.Has(x.route.scope):
		return x.refuse(v1.Problem{Refusal: verify.RefusalScope})
	}
	x.batch.Caller, x.batch.Call, x.batch.Purpose = x.caller, x.route.call, x.caller.Purpose
	x.verdict = x.s.deps.Limits.Admit(x.now, x.caller, cost)
	if x.verdict.Refusal != verify.RefusalNone {
		x.retryAfter = x.verdict.RetryAfter
		return x.refuse(v1.Problem{Refusal: x.verdict.Refusal})
	}
	x.place = true
	x.delay = x.verdict.Delay
	return true
}

// identifyToken finds the account of a portal token. The token alone decides: it was given for the password, so the
// password that clients repeat beside it is not looked at; the account name beside it, when there is one, must be the
// token's.
func (x *exchange) identifyToken() bool {
	x.mark(stepIdentify)
	readable := x.fields.Body(x.body)
	x.fields.Query(x.rc.URI().QueryString())
	x.identified = len(x.fields[portal.FieldToken]) > 0
	caller, refusal := x.tokenCaller()
	x.caller = caller
	if refusal == verify.RefusalNone {
		refusal = x.withCertificate(caller)
	}
	if !x.enter(refusal, 1) {
		return false
	}
	if !readable {
		return x.refuse(v1.Problem{Refusal: verify.RefusalBody})
	}
	return true
}

// tokenCaller returns the caller of a good token. For a bad one it returns, when it can, the account that seems to be
// meant, whose policy says how to answer; why it is bad is for the audit log alone.
func (x *exchange) tokenCaller() (*verify.Caller, verify.Refusal) {
	f, t := &x.fields, &x.token
	refusal := x.s.tokens.Check(clock.System(), f[portal.FieldToken], f[portal.FieldIDToken], t)
	name, given := t.Username(), f[portal.FieldUsername]
	if len(name) == 0 {
		name = given
	}
	caller, epoch, ok := x.s.deps.Accounts.Account(name)
	switch {
	case refusal != verify.RefusalNone:
	case !ok || epoch != t.Epoch:
		refusal = verify.RefusalTokenRevoked
	case len(given) > 0 && !bytes.EqualFold(given, name):
		refusal = verify.RefusalKeyUnknown
	}
	return caller, refusal
}

// login is /api/token/take.
func (x *exchange) login() {
	x.mark(stepIdentify)
	readable := x.fields.Body(x.body)
	x.fields.Query(x.rc.URI().QueryString())
	name := x.fields[portal.FieldUsername]
	x.identified = len(name) > 0
	if !readable || len(name) == 0 {
		x.refuse(v1.Problem{Refusal: verify.RefusalBody})
		return
	}
	caller, refusal := x.s.deps.Accounts.Login(x.now, name, x.fields[portal.FieldPassword], x.address())
	x.caller = caller
	if refusal != verify.RefusalNone && (refusal != verify.RefusalSuspended || caller == nil) {
		x.retryAfter = x.s.cfg.RetryAfter.Std()
		x.stranger = caller == nil // slowed by its own rules, see Login
		x.refuse(v1.Problem{Refusal: refusal})
		return
	}
	if missing := x.withCertificate(caller); missing != verify.RefusalNone {
		x.refuse(v1.Problem{Refusal: missing})
		return
	}
	x.batch.Call = verify.CallLogin
	_, epoch, ok := x.s.deps.Accounts.Account(name)
	if !ok {
		x.refuse(v1.Problem{Refusal: verify.RefusalKeyUnknown})
		return
	}
	x.answerLogin(name, epoch)
}

func (x *exchange) answerLogin(name []byte, epoch uint32) {
	var id portal.TokenID
	_, _ = rand.Read(id[:]) // never fails
	var ok bool
	now := clock.System() // not the gateway's own clock, which a demonstration may have set to another day
	x.scratch, id, ok = x.s.tokens.Append(x.scratch[:0], now, name, epoch, id)
	if !ok {
		x.refuse(v1.Problem{Refusal: verify.RefusalKeyUnknown})
		return
	}
	if !x.record(loginCode) {
		return
	}
	x.mark(stepAnswer)
	x.out = portal.AppendLogin(x.out[:0], x.scratch, id, name, x.s.tokens.Expires(now))
	x.write(fasthttp.StatusOK, contentTypeJSON)
}

const loginCode = "200"
