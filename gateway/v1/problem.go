package v1

import (
	"strconv"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/internal/jsontext"
	"github.com/verigate/verigate/verify"
)

// ContentTypeProblem is the media type of RFC 9457.
const ContentTypeProblem = "application/problem+json"

// problemType begins the type member of every problem; the code follows. It is a name, not an address.
const problemType = "urn:verigate:problem:"

// Problem is why a question is not answered: a refusal or a fault, and the member of the body it is about, if any. The
// zero Problem means "nothing is wrong".
type Problem struct {
	Refusal verify.Refusal
	Fault   identity.Fault
	Field   string // a member's name; never text of the caller's that could identify somebody
}

// Refused tells whether there is a problem.
func (p Problem) Refused() bool {
	return p.Refusal != verify.RefusalNone || p.Fault != identity.FaultNone
}

// Meaning returns the problem's row of the table.
func (p Problem) Meaning() *Meaning {
	switch {
	case p.Fault != identity.FaultNone && int(p.Fault) < len(faults):
		return &faults[p.Fault]
	case p.Refusal < verify.Refusals:
		return &refusals[p.Refusal]
	}
	return &refusals[verify.RefusalInternal]
}

// Append appends the problem as RFC 9457 JSON: type, title, status, detail, code, side, retryable, request_id, and
// field when it is about one. Contact, when not empty, tells a suspended caller whom to turn to.
func (p Problem) Append(dst []byte, lang Language, id verify.RequestID, contact string) []byte {
	m := p.Meaning()
	dst = append(dst, `{"type":"`+problemType...)
	dst = append(dst, m.Code...)
	dst = append(dst, `","title":`...)
	dst = jsontext.AppendString(dst, m.Title[lang])
	dst = append(dst, `,"status":`...)
	dst = strconv.AppendInt(dst, int64(m.Status), 10)
	dst = append(dst, `,"detail":"`...)
	dst = jsontext.AppendEscaped(dst, m.Fix[lang])
	if contact != "" {
		dst = append(dst, ' ')
		dst = jsontext.AppendEscaped(dst, contact)
	}
	dst = append(dst, `",`...)
	dst = p.appendCommon(dst, m, id)
	return append(dst, '}')
}

// AppendLine appends the problem as a line of a stream, without the line end: code, side, retryable, request_id, field
// when it is about one, message, row. A line with "code" is a problem, a line with "outcome" an answer.
func (p Problem) AppendLine(dst []byte, lang Language, id verify.RequestID, row uint32) []byte {
	m := p.Meaning()
	dst = p.appendCommon(append(dst, '{'), m, id)
	dst = append(dst, `,"message":`...)
	dst = jsontext.AppendString(dst, m.Title[lang])
	return appendRow(dst, row)
}

func (p Problem) appendCommon(dst []byte, m *Meaning, id verify.RequestID) []byte {
	dst = append(dst, `"code":"`...)
	dst = append(dst, m.Code...)
	dst = append(dst, `","side":"`...)
	dst = append(dst, m.Side...)
	dst = append(dst, `","retryable":`...)
	dst = strconv.AppendBool(dst, m.Retryable)
	dst = append(dst, `,"request_id":"`...)
	dst = append(id.AppendTo(dst), '"')
	if p.Field != "" {
		dst = append(dst, `,"field":`...)
		dst = jsontext.AppendString(dst, p.Field)
	}
	return dst
}

func appendRow(dst []byte, row uint32) []byte {
	dst = append(dst, `,"row":`...)
	return append(strconv.AppendUint(dst, uint64(row), 10), '}')
}
