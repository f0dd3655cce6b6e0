package v1

import "github.com/verigate/verigate/verify"

// Field is a member of a question's JSON.
type Field uint8

// The members, in the order of the documentation. FieldNone means "the body as a whole".
const (
	FieldNone Field = iota
	FieldID
	FieldCode
	FieldCard
	FieldQR
	FieldName
	FieldDOB
	FieldSex
	FieldFacility
	FieldOn
	FieldPurpose
	FieldStaff
	FieldStaffID
	FieldStaffName
	fieldCount
)

var fieldNames = [fieldCount]string{"", "id", "code", "card", "qr", "name", "dob", "sex", "facility", "on", "purpose",
	"staff", "staff.id", "staff.name"}

// String returns the member's name on the wire; members of the staff object have a dot in it.
func (f Field) String() string { return fieldNames[f] }

// Request is a question as it was sent: text by member, not yet looked into. The texts are views into the body it was
// read from.
type Request struct {
	text [fieldCount][]byte
	seen uint16 // members present, null included
	some uint16 // members with a value
}

// Text returns the value of a member; ok is false when it was left out or null.
func (r *Request) Text(f Field) (text []byte, ok bool) { return r.text[f], r.some&(1<<f) != 0 }

// Scan reads a body into r, which it overwrites, and resolves escapes in the body itself. The whole body must be one
// JSON object with known members, each at most once, each a string or null (staff: an object of such). It does not
// allocate unless the body is refused for an unknown member.
func (r *Request) Scan(body []byte) Problem {
	*r = Request{}
	s := scanner{b: body}
	if p := r.object(&s, 0); p.Refused() {
		return p
	}
	if !s.end() {
		return Problem{Refusal: verify.RefusalBody}
	}
	return Problem{}
}

func (r *Request) object(s *scanner, inside Field) Problem {
	if !s.take('{') {
		return Problem{Refusal: verify.RefusalBody, Field: inside.String()}
	}
	if s.take('}') {
		return Problem{}
	}
	for {
		if p := r.member(s, inside); p.Refused() {
			return p
		}
		if s.take('}') {
			return Problem{}
		}
		if !s.take(',') {
			return Problem{Refusal: verify.RefusalBody, Field: inside.String()}
		}
	}
}

func (r *Request) member(s *scanner, inside Field) Problem {
	key, ok := s.str()
	if !ok || !s.take(':') {
		return Problem{Refusal: verify.RefusalBody, Field: inside.String()}
	}
	f := fieldOf(key, inside)
	if f == FieldNone {
		return Problem{Refusal: verify.RefusalField, Field: harmless(key, inside)}
	}
	bad := Problem{Refusal: verify.RefusalBody, Field: f.String()}
	if r.seen&(1<<f) != 0 {
		return bad
	}
	r.seen |= 1 << f
	switch c := s.space(); {
	case c == 'n' && s.null():
		return Problem{}
	case f == FieldStaff:
		r.some |= 1 << f
		return r.object(s, FieldStaff)
	case c == '"':
		text, ok := s.str()
		if !ok {
			return bad
		}
		r.text[f] = text
		r.some |= 1 << f
		return Problem{}
	}
	return bad
}

func fieldOf(key []byte, inside Field) Field {
	if inside == FieldStaff {
		switch string(key) {
		case "id":
			return FieldStaffID
		case "name":
			return FieldStaffName
		}
		return FieldNone
	}
	switch string(key) {
	case "id":
		return FieldID
	case "code":
		return FieldCode
	case "card":
		return FieldCard
	case "qr":
		return FieldQR
	case "name":
		return FieldName
	case "dob":
		return FieldDOB
	case "sex":
		return FieldSex
	case "facility":
		return FieldFacility
	case "on":
		return FieldOn
	case "purpose":
		return FieldPurpose
	case "staff":
		return FieldStaff
	}
	return FieldNone
}

const maxEchoedKey = 32

// harmless returns an unknown member's name for the error text when it looks like a programmer's word: letters and
// underscores, lower case first. Anything else, a card number used as a key say, is not repeated.
func harmless(key []byte, inside Field) string {
	if len(key) == 0 || len(key) > maxEchoedKey || key[0] < 'a' || key[0] > 'z' {
		return inside.String()
	}
	for _, c := range key {
		if c != '_' && (c|0x20 < 'a' || c|0x20 > 'z') {
			return inside.String()
		}
	}
	if inside != FieldNone {
		return inside.String() + "." + string(key)
	}
	return string(key)
}
