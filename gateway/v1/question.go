package v1

import (
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

// maxStaffText bounds a staff member's number and name in bytes.
const maxStaffText = 128

// Reader turns requests into questions. It holds the memory that a QR text is decoded into, so it belongs to one
// request at a time; the zero Reader is ready.
type Reader struct {
	payload identity.Payload
}

// Question checks r and fills q with what it asks: the identifier, the claims, the day. The faults it finds are
// structural, found without asking anybody; of several, the identifier's comes first, then name, birth date, sex,
// facility and day. Texts in q are views into the request's body or into the Reader. It does not allocate.
func (rd *Reader) Question(r *Request, call verify.Call, today identity.Date, q *verify.Query) Problem {
	if p := rd.identifier(r, today, q); p.Refused() {
		return p
	}
	if p := claims(r, today, &q.Claims); p.Refused() {
		return p
	}
	if text, ok := r.Text(FieldOn); ok {
		var fault identity.Fault
		if q.On, fault = identity.ParseDay(text); fault != identity.FaultNone {
			return Problem{Fault: fault, Field: FieldOn.String()}
		}
	}
	c := &q.Claims
	switch {
	case call == verify.CallLookup && len(c.Name) == 0:
		return Problem{Fault: identity.FaultNameMissing, Field: FieldName.String()}
	case call == verify.CallLookup && c.DOB.IsZero():
		return Problem{Fault: identity.FaultDOBMissing, Field: FieldDOB.String()}
	case len(c.Name) == 0 && c.DOB.IsZero() && c.Sex == identity.SexUnknown && c.Facility.IsZero():
		return Problem{Refusal: verify.RefusalClaimsMissing}
	}
	return Problem{}
}

var identifiers = [...]Field{FieldID, FieldCode, FieldCard, FieldQR}

func (rd *Reader) identifier(r *Request, today identity.Date, q *verify.Query) Problem {
	given := FieldNone
	for _, f := range identifiers {
		if _, ok := r.Text(f); !ok {
			continue
		}
		if given != FieldNone {
			return Problem{Refusal: verify.RefusalIdentifierMany, Field: f.String()}
		}
		given = f
	}
	var fault identity.Fault
	text, _ := r.Text(given)
	switch given {
	case FieldID:
		q.Key, fault = identity.ParseID(text)
	case FieldCode:
		q.Key, fault = identity.ParseCode(text)
	case FieldCard:
		q.Key, fault = identity.ParseCard(text)
	case FieldQR:
		fault = identity.ParseQR(text, today, &rd.payload)
		q.Key, q.Claims.Name, q.Claims.DOB = rd.payload.Key, rd.payload.Name, rd.payload.DOB
	default:
		return Problem{Refusal: verify.RefusalIdentifierMissing}
	}
	if fault != identity.FaultNone {
		return Problem{Fault: fault, Field: given.String()}
	}
	return Problem{}
}

// claims reads the claims given; what a QR text already filled in is overruled by them.
func claims(r *Request, today identity.Date, c *verify.Claims) Problem {
	var fault identity.Fault
	if text, ok := r.Text(FieldName); ok {
		if fault = identity.CheckName(text); fault != identity.FaultNone {
			return Problem{Fault: fault, Field: FieldName.String()}
		}
		c.Name = text
	}
	if text, ok := r.Text(FieldDOB); ok {
		if c.DOB, fault = identity.ParseDOB(text, today); fault != identity.FaultNone {
			return Problem{Fault: fault, Field: FieldDOB.String()}
		}
	}
	if text, ok := r.Text(FieldSex); ok {
		if c.Sex, fault = identity.ParseSex(text); fault != identity.FaultNone {
			return Problem{Fault: fault, Field: FieldSex.String()}
		}
	}
	if text, ok := r.Text(FieldFacility); ok {
		if c.Facility, fault = identity.ParseFacility(text); fault != identity.FaultNone {
			return Problem{Fault: fault, Field: FieldFacility.String()}
		}
	}
	return Problem{}
}

// Purpose returns why the caller asks: what the request says, else the caller's default.
func (r *Request) Purpose(c *verify.Caller) (verify.Purpose, Problem) {
	text, ok := r.Text(FieldPurpose)
	if !ok {
		return c.Purpose, Problem{}
	}
	p := verify.PurposeOf(text)
	switch {
	case p == verify.PurposeNone:
		return p, Problem{Refusal: verify.RefusalBody, Field: FieldPurpose.String()}
	case !c.Allows(p):
		return p, Problem{Refusal: verify.RefusalPurpose, Field: FieldPurpose.String()}
	}
	return p, Problem{}
}

// Staff returns the number of the staff member who asks, a view into the body; nil when none is named and the caller's
// policy does not ask for one.
func (r *Request) Staff(c *verify.Caller) ([]byte, Problem) {
	id, _ := r.Text(FieldStaffID)
	name, _ := r.Text(FieldStaffName)
	switch {
	case len(id) > maxStaffText:
		return nil, Problem{Refusal: verify.RefusalBody, Field: FieldStaffID.String()}
	case len(name) > maxStaffText:
		return nil, Problem{Refusal: verify.RefusalBody, Field: FieldStaffName.String()}
	case c.Policy.StaffRequired && (len(id) == 0 || len(name) == 0):
		return nil, Problem{Refusal: verify.RefusalStaffMissing, Field: FieldStaff.String()}
	}
	return id, Problem{}
}
