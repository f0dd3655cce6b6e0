package gateway

import (
	"bytes"

	"github.com/valyala/fasthttp"

	"github.com/verigate/verigate/gateway/portal"
	v1 "github.com/verigate/verigate/gateway/v1"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/resolve"
	"github.com/verigate/verigate/verify"
)

// parseQuestion reads the native body into the batch's only item and asks the caller's budget.
func (x *exchange) parseQuestion() bool {
	x.mark(stepParse)
	h := &x.rc.Request.Header
	if !mediaType(h.ContentType(), "application/json") || encoded(h) {
		return x.refuse(v1.Problem{Refusal: verify.RefusalMediaType})
	}
	x.batch.Deadline = x.s.cfg.Deadline.Std()
	item := x.batch.Add()
	p := x.question.Scan(x.body)
	if !p.Refused() {
		x.batch.Entitlements = x.s.deps.Policy.Entitlements()
		p = x.readQuestion(x.batch.Call, x.batch.Entitlements, &item.Query)
	}
	if p.Refused() {
		return x.refuse(p)
	}
	return x.askBudget(item)
}

// readQuestion turns the scanned body into a query, a purpose for which the field policy lets this caller make the call,
// and a staff member.
func (x *exchange) readQuestion(call verify.Call, rights *verify.Entitlements, q *verify.Query) (p v1.Problem) {
	if x.batch.Purpose, p = x.question.Purpose(x.caller); p.Refused() {
		return p
	}
	if !rights.Of(x.caller.Kind, x.batch.Purpose, call).Allowed() {
		return v1.Problem{Refusal: verify.RefusalPurpose, Field: v1.FieldPurpose.String()}
	}
	staff, p := x.question.Staff(x.caller)
	if p.Refused() {
		return p
	}
	x.batch.Staff = x.staff(staff)
	return x.reader.Question(&x.question, call, x.now.Today(), q)
}

// staffLabel keeps staff members' numbers apart from everything else that is hashed under the same key.
const staffLabel = 's'

func (x *exchange) staff(number []byte) verify.Subject {
	if len(number) == 0 {
		return verify.Subject{}
	}
	return x.s.deps.Hasher.Bytes(staffLabel, number)
}

// askBudget derives the item's subject and asks whether the caller may still ask about it.
func (x *exchange) askBudget(item *resolve.Item) bool {
	item.Subject = x.s.deps.Hasher.Subject(item.Query.Key)
	v := x.s.deps.Budget.Ask(x.now, x.caller, x.batch.Staff, item.Subject, item.Query.Key)
	x.delay = max(x.delay, v.Delay)
	if v.Refusal == verify.RefusalNone {
		return true
	}
	x.retryAfter = v.RetryAfter
	return x.refuse(v1.Problem{Refusal: v.Refusal})
}

// parsePortal reads the portal's fields into the batch's only item, holds the call to the officer rule, and asks the
// caller's budget.
func (x *exchange) parsePortal() bool {
	x.mark(stepParse)
	x.batch.Deadline = x.s.cfg.Portal.Deadline.Std()
	x.batch.Entitlements, x.batch.Carries = x.s.deps.Policy.Entitlements(), x.route.portal.Carries()
	if !x.batch.Entitlements.Of(x.caller.Kind, x.batch.Purpose, verify.CallPortal).Allowed() {
		return x.refuse(v1.Problem{Refusal: verify.RefusalPurpose})
	}
	item := x.batch.Add()
	if fault := x.portal.Question(&x.fields, x.route.portal, x.now.Today(), &item.Query); fault != identity.FaultNone {
		return x.refuse(v1.Problem{Fault: fault})
	}
	x.batch.Staff = x.staff(x.fields[portal.FieldCccdCb])
	byRule := x.route.portal.NamesOfficer() && x.s.cfg.Portal.OfficerRule
	if (byRule || x.caller.Policy.StaffRequired) && !x.officer() {
		return false
	}
	return x.askBudget(item)
}

// officer holds a lookup to the rule that it names an officer whom the facility has registered: by the call, or by the
// policy of a caller that must always say who asks.
func (x *exchange) officer() bool {
	number, name := x.fields[portal.FieldCccdCb], x.fields[portal.FieldHoTenCb]
	switch {
	case len(name) == 0:
		return x.refusePortal(v1.Problem{Refusal: verify.RefusalStaffMissing}, verify.Status205, "Null hoTenCb")
	case len(number) == 0:
		return x.refusePortal(v1.Problem{Refusal: verify.RefusalStaffMissing}, verify.Status205, "Null cccdCb")
	}
	s := x.s.deps.Accounts.Officer(x.caller, number, name)
	if s == verify.Status000 {
		return true
	}
	return x.refusePortal(v1.Problem{Refusal: verify.RefusalStaffMissing}, s, "")
}

// mediaType tells whether a Content-Type is the one wanted, whatever its parameters.
func mediaType(header []byte, want string) bool {
	if i := bytes.IndexByte(header, ';'); i >= 0 {
		header = header[:i]
	}
	return bytes.EqualFold(bytes.Trim(header, " \t"), []byte(want))
}

func ndjson(header []byte) bool {
	return mediaType(header, "application/x-ndjson") || mediaType(header, "application/ndjson")
}

// encoded tells whether the body is compressed, which is refused: what is small on the wire must not be large here.
func encoded(h *fasthttp.RequestHeader) bool {
	e := h.Peek(fasthttp.HeaderContentEncoding)
	return len(e) > 0 && !bytes.EqualFold(e, []byte("identity"))
}
