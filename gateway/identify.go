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

// identifyKey finds the holder of the request's API key and admits its cost to the caller's limits.
func (x *exchange) identifyKey(cost int) bool {
	x.mark(stepIdentify)
	bearer := bearerOf(x.rc.Request.Header.Peek(fasthttp.HeaderAuthorization))
	if len(bearer) == 0 {
		return x.refuse(v1.Problem{Refusal: verify.RefusalKeyMissing})
	}
	x.identified = true
	caller, refusal := x.s.deps.Callers.Authenticate(x.now, bearer)
	x.caller = caller
	if refusal == verify.RefusalNone && caller == nil {
		refusal = verify.RefusalKeyUnknown
	}
	return x.enter(refusal, cost)
}

// bearerOf returns the token of an Authorization header of the Bearer scheme, a view into it.
func bearerOf(header []byte) []byte {
	const scheme = "Bearer "
	if len(header) <= len(scheme) || !bytes.EqualFold(header[:len(scheme)], []byte(scheme)) {
		return nil
	}
	return bytes.Trim(header[len(scheme):], " ")
}

// enter holds the caller that was found to its scopes and limits.
func (x *exchange) enter(refusal verify.Refusal, cost int) bool {
	switch {
	case refusal != verify.RefusalNone:
		return x.refuse(v1.Problem{Refusal: refusal})
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
	caller, ok := x.tokenCaller()
	x.caller = caller
	if !ok {
		return x.refuse(v1.Problem{Refusal: verify.RefusalKeyUnknown})
	}
	if !x.enter(verify.RefusalNone, 1) {
		return false
	}
	if !readable {
		return x.refuse(v1.Problem{Refusal: verify.RefusalBody})
	}
	return true
}

// tokenCaller returns the caller of a good token. For a bad one it returns, when it can, the account that seems to be
// meant, whose policy says how to answer.
func (x *exchange) tokenCaller() (*verify.Caller, bool) {
	f, t := &x.fields, &x.token
	good := x.s.tokens.Check(clock.System(), f[portal.FieldToken], f[portal.FieldIDToken], t)
	name := t.Username()
	if len(name) == 0 {
		name = f[portal.FieldUsername]
	}
	caller, epoch, ok := x.s.deps.Accounts.Account(name)
	if !ok {
		return nil, false
	}
	if given := f[portal.FieldUsername]; len(given) > 0 && !bytes.EqualFold(given, name) {
		good = false
	}
	return caller, good && epoch == t.Epoch
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
		x.refuse(v1.Problem{Refusal: refusal})
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
