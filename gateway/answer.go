package gateway

import (
	"strconv"

	"github.com/valyala/fasthttp"

	"github.com/verigate/verigate/gateway/portal"
	v1 "github.com/verigate/verigate/gateway/v1"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

var (
	contentTypeJSON    = []byte("application/json; charset=utf-8")
	contentTypeProblem = []byte(v1.ContentTypeProblem)
	contentTypeYAML    = []byte("application/yaml")

	headerRequestID  = []byte("X-Request-Id")
	headerCache      = []byte("Cache-Control")
	headerLanguage   = []byte("Content-Language")
	headerRetryAfter = []byte("Retry-After")
	headerAllow      = []byte("Allow")
	headerChallenge  = []byte("WWW-Authenticate")
	headerLimit      = []byte("RateLimit-Limit")
	headerRemaining  = []byte("RateLimit-Remaining")
	headerReset      = []byte("RateLimit-Reset")
	headerOrigin     = []byte("Access-Control-Allow-Origin")

	noStore = []byte("no-store")
)

// answerQuestion writes the answer to the only item of a native batch.
func (x *exchange) answerQuestion() {
	x.mark(stepAnswer)
	item := &x.batch.Items[0]
	switch {
	case item.Answer.Outcome == verify.OutcomeUnavailable:
		x.unavailable()
		return
	case item.Withheld: // recorded by the resolver
		x.problem = v1.Problem{Refusal: verify.RefusalWithheld}
		x.writeProblem()
		return
	case x.batch.Call == verify.CallLookup:
		x.out = v1.AppendLookup(x.out[:0], item, x.lang, x.batch.RequestID)
	default:
		x.out = v1.AppendVerification(x.out[:0], item, x.lang, x.batch.RequestID, 0)
	}
	x.write(fasthttp.StatusOK, contentTypeJSON)
}

// unavailable answers what the resolver has already recorded as unavailable.
func (x *exchange) unavailable() {
	x.problem = v1.Problem{Refusal: verify.RefusalUnavailable}
	x.retryAfter = x.s.cfg.RetryAfter.Std()
	x.writeProblem()
}

// withheldNote is what the portal's clients are told when an answer may not be: their contract has no code for that, so
// the code is that of an unreadable register and the sentence is the truth.
const withheldNote = "Không được phép cung cấp kết quả tra cứu này, đề nghị kiểm tra thẻ BHYT và giấy tờ tùy thân!"

// answerPortal writes the answer to the only item of a portal batch. Trouble with the registry is an answer here, with
// its own result code.
func (x *exchange) answerPortal() {
	x.mark(stepAnswer)
	item := &x.batch.Items[0]
	if item.Withheld {
		x.problem = v1.Problem{Refusal: verify.RefusalWithheld}
		x.writePortal(portal.RefusalStatus(verify.RefusalWithheld), withheldNote)
		return
	}
	if item.Answer.Outcome == verify.OutcomeUnavailable {
		x.problem = v1.Problem{Refusal: verify.RefusalUnavailable}
		x.retryAfter = x.s.cfg.RetryAfter.Std()
	}
	x.scratch = x.portal.Echo(&x.fields, &item.Query, x.scratch[:0])
	x.out = portal.AppendAnswer(x.out[:0], x.route.portal, item, &x.fields)
	x.write(fasthttp.StatusOK, contentTypeJSON)
}

// refuse ends an exchange without an answer, in the dialect of its call; it returns false, so that a step can end with
// it. A refusal of somebody's is recorded first, and when it cannot be, the reply says only that nothing can be known.
func (x *exchange) refuse(p v1.Problem) bool {
	if x.route.portal != 0 && p.Refusal != verify.RefusalMethod {
		s := portal.RefusalStatus(p.Refusal)
		if p.Fault != identity.FaultNone {
			s = portal.FaultStatus(p.Fault)
		}
		return x.refusePortal(p, s, "")
	}
	x.problem = p
	if x.record(p.Meaning().Code) {
		x.writeProblem()
	}
	return false
}

// refusePortal is refuse with a row of the portal's result list and a sentence of its own, if any.
func (x *exchange) refusePortal(p v1.Problem, s verify.PortalStatus, note string) bool {
	x.problem = p
	if x.record(p.Meaning().Code) {
		x.writePortal(s, note)
	}
	return false
}

// record puts the decision not to look anything up into the audit log. When the log refuses, the reply is that nothing
// can be known, and false is returned.
func (x *exchange) record(code string) bool {
	if !x.identified {
		return true
	}
	if x.stranger && x.s.floods != nil {
		return x.recordStranger(code) || x.unlogged()
	}
	d := &x.decision[0]
	*d = verify.Decision{At: x.now, RequestID: x.batch.RequestID, Caller: x.caller, Call: x.route.call, Purpose: x.batch.Purpose, Staff: x.batch.Staff, Code: code}
	if len(x.batch.Items) == 1 {
		item := &x.batch.Items[0]
		d.Kind, d.Subject = item.Query.Key.Kind(), item.Subject
	}
	if x.s.deps.Recorder.Record(x.ctx, x.decision[:]) == nil {
		return true
	}
	return x.unlogged()
}

// unlogged answers that nothing can be known, because the log cannot take what was decided; it returns false.
func (x *exchange) unlogged() bool {
	x.s.count.unlogged.Inc()
	x.problem = v1.Problem{Refusal: verify.RefusalUnavailable}
	x.retryAfter = x.s.cfg.RetryAfter.Std()
	if x.route.portal != 0 {
		x.writePortal(verify.Status500, "")
	} else {
		x.writeProblem()
	}
	return false
}

// writeProblem writes x.problem as problem+json.
func (x *exchange) writeProblem() {
	if x.route.oauth && x.writeTokenError() {
		return
	}
	m := x.problem.Meaning()
	x.out = x.problem.Append(x.out[:0], x.lang, x.batch.RequestID, x.contact())
	x.write(m.Status, contentTypeProblem)
	h := &x.rc.Response.Header
	h.SetCanonical(headerLanguage, []byte(x.lang.Tag()))
	switch m.Status {
	case fasthttp.StatusUnauthorized, fasthttp.StatusForbidden:
		h.SetCanonical(headerChallenge, x.challenge())
	case fasthttp.StatusMethodNotAllowed:
		h.SetCanonical(headerAllow, []byte(x.route.allow))
	}
}

// writePortal writes a result code without data. Clients of this contract read only 200, so that is what everything is
// but a bad token of an account that asked for 401.
func (x *exchange) writePortal(s verify.PortalStatus, note string) {
	status := fasthttp.StatusOK
	if x.route.portal == portal.CallToken {
		x.out = portal.AppendNoLogin(x.out[:0], loginFailure(x.problem.Refusal))
		x.write(status, contentTypeJSON)
		return
	}
	if s == verify.Status401 && x.caller != nil && x.caller.Policy.BadTokenStatus401 {
		status = fasthttp.StatusUnauthorized
	}
	if contact := x.contact(); contact != "" {
		note = s.Vietnamese() + " " + contact
	}
	x.out = portal.AppendStatus(x.out[:0], x.route.portal, s, note)
	x.write(status, contentTypeJSON)
}

// contact is whom a caller is to talk to that was stopped and that no waiting will help.
func (x *exchange) contact() string {
	if r := x.problem.Refusal; x.caller == nil || r != verify.RefusalSuspended && r != verify.RefusalHarvest {
		return ""
	}
	return x.caller.Contact
}

// loginFailure is 401 for what another password would mend, 500 for what only time will.
func loginFailure(r verify.Refusal) string {
	if portal.RefusalStatus(r) == verify.Status401 || portal.RefusalStatus(r) == verify.Status205 {
		return verify.Status401.Code()
	}
	return verify.Status500.Code()
}

// write sends x.out.
func (x *exchange) write(status int, contentType []byte) {
	x.rc.Response.SetBody(x.out)
	x.header(status, contentType)
}

// header sets everything before the body.
func (x *exchange) header(status int, contentType []byte) {
	x.rc.Response.SetStatusCode(status)
	h := &x.rc.Response.Header
	h.SetContentTypeBytes(contentType)
	var buf [40]byte
	h.SetCanonical(headerRequestID, x.batch.RequestID.AppendTo(buf[:0]))
	h.SetCanonical(headerCache, noStore)
	if x.route.portal != 0 && x.s.cfg.Portal.CORSOrigin != "" {
		h.SetCanonical(headerOrigin, x.s.corsOrigin)
	}
	if x.verdict.Limit > 0 {
		h.SetCanonical(headerLimit, strconv.AppendInt(buf[:0], x.verdict.Limit, 10))
		h.SetCanonical(headerRemaining, strconv.AppendInt(buf[:0], x.verdict.Remaining, 10))
		h.SetCanonical(headerReset, strconv.AppendInt(buf[:0], seconds(x.verdict.Reset), 10))
	}
	if x.problem.Refused() && (x.problem.Meaning().Retryable || x.route.portal != 0 && x.problem.Refusal == verify.RefusalHarvest) {
		h.SetCanonical(headerRetryAfter, strconv.AppendInt(buf[:0], seconds(x.retryAfter), 10))
	}
}

// preflight answers the question that a browser asks before it lets a page call the portal's contract.
func (x *exchange) preflight() {
	x.header(fasthttp.StatusNoContent, nil)
	h := &x.rc.Response.Header
	h.Set("Access-Control-Allow-Methods", "POST, OPTIONS")
	h.Set("Access-Control-Allow-Headers", "Content-Type, Accept, X-Requested-With")
	h.Set("Access-Control-Max-Age", "86400")
	h.Set("Allow", x.route.allow)
}
