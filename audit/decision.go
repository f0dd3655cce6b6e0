package audit

import (
	"encoding/binary"
	"errors"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

// Decision is one decision as the log holds it. Its byte slices are views into what it was decoded from.
type Decision struct {
	At, AsOf       int64 // nanoseconds since the Unix epoch
	Version        uint64
	RequestID      verify.RequestID
	Subject, Staff verify.Subject // hidden under the segment's epoch key
	Row            uint32
	Rules          uint16 // verify.RulesVersion that was in force
	Call           verify.Call
	Purpose        verify.Purpose
	Kind           identity.Kind
	Outcome        verify.Outcome
	Reason         verify.Reason
	Trouble        verify.Trouble
	Source         verify.Source
	Released       verify.Released
	Fields         verify.Fields
	CallerKind     verify.CallerKind
	Facility       identity.Facility
	Caller, Key    []byte
	Code           []byte
}

// The body of a decision, in little-endian order; what is variable comes last.
const (
	decisionFixed = 104
	flagInitials  = 1
)

var nobody verify.Caller

func callerOf(d *verify.Decision) *verify.Caller {
	if d.Caller == nil {
		return &nobody
	}
	return d.Caller
}

// short cuts what goes behind a length byte; directory and code table keep far below.
func short(s string) string {
	if len(s) > 255 {
		return s[:255]
	}
	return s
}

func decisionSize(d *verify.Decision) int {
	c := callerOf(d)
	return decisionFixed + len(short(c.ID)) + len(short(c.KeyID)) + len(short(d.Code))
}

// encodeDecision writes the body into b, which has decisionSize bytes at least, and returns its length.
func encodeDecision(b []byte, d *verify.Decision, e *Epoch) int {
	c := callerOf(d)
	le := binary.LittleEndian
	le.PutUint64(b[0:], uint64(d.At.Wall))
	le.PutUint64(b[8:], uint64(d.AsOf))
	le.PutUint64(b[16:], d.Version)
	copy(b[24:40], d.RequestID[:])
	hide(e.subject, b[40:56], &d.Subject)
	hide(e.staff, b[56:72], &d.Staff)
	le.PutUint32(b[72:], d.Row)
	le.PutUint16(b[76:], verify.RulesVersion)
	b[78], b[79], b[80], b[81] = byte(d.Call), byte(d.Purpose), byte(d.Kind), byte(d.Outcome)
	b[82], b[83], b[84], b[85] = byte(d.Reason), byte(d.Trouble), byte(d.Source), byte(d.Released)
	b[86], b[87], b[88], b[89] = byte(d.Fields.Name), byte(d.Fields.DOB), byte(d.Fields.Sex), byte(d.Fields.Facility)
	b[90] = 0
	if d.Fields.Initials {
		b[90] = flagInitials
	}
	b[91] = byte(c.Kind)
	copy(b[92:97], c.Facility[:])
	id, key, code := short(c.ID), short(c.KeyID), short(d.Code)
	b[97], b[98], b[99] = byte(len(id)), byte(len(key)), byte(len(code))
	clear(b[100:decisionFixed])
	n := decisionFixed
	n += copy(b[n:], id)
	n += copy(b[n:], key)
	n += copy(b[n:], code)
	return n
}

var errBody = errors.New("the body does not fit its type")

// decodeDecision reads a body; its strings are views into b.
func decodeDecision(b []byte, d *Decision) error {
	if len(b) < decisionFixed || len(b) != decisionFixed+int(b[97])+int(b[98])+int(b[99]) {
		return errBody
	}
	le := binary.LittleEndian
	*d = Decision{
		At: int64(le.Uint64(b[0:])), AsOf: int64(le.Uint64(b[8:])), Version: le.Uint64(b[16:]),
		RequestID: verify.RequestID(b[24:40]), Subject: verify.Subject(b[40:56]), Staff: verify.Subject(b[56:72]),
		Row: le.Uint32(b[72:]), Rules: le.Uint16(b[76:]),
		Call: verify.Call(b[78]), Purpose: verify.Purpose(b[79]), Kind: identity.Kind(b[80]), Outcome: verify.Outcome(b[81]),
		Reason: verify.Reason(b[82]), Trouble: verify.Trouble(b[83]), Source: verify.Source(b[84]), Released: verify.Released(b[85]),
		Fields: verify.Fields{
			Name: verify.FieldResult(b[86]), DOB: verify.FieldResult(b[87]), Sex: verify.FieldResult(b[88]),
			Facility: verify.FieldResult(b[89]), Initials: b[90]&flagInitials != 0,
		},
		CallerKind: verify.CallerKind(b[91]), Facility: identity.Facility(b[92:97]),
	}
	rest := b[decisionFixed:]
	d.Caller, rest = rest[:b[97]], rest[b[97]:]
	d.Key, d.Code = rest[:b[98]], rest[b[98]:]
	return nil
}
