package portal

import (
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

// Reader turns what a client sent into a question. It holds the memory that a QR text is decoded into, so it belongs to
// one request at a time; the zero Reader is ready.
type Reader struct {
	payload identity.Payload
}

// Question checks f and fills q with what it asks; the older calls also claim sex and facility. maThe may hold any
// identifier or the text of a QR code, whose name and birth date stand in for those not given. Of several faults the
// identifier's comes first, then name, birth date, sex and facility. Texts in q are views into f or the Reader.
func (rd *Reader) Question(f *Fields, call Call, today identity.Date, q *verify.Query) identity.Fault {
	var fault identity.Fault
	if identity.LooksLikeQR(f[FieldMaThe]) {
		fault = identity.ParseQR(f[FieldMaThe], today, &rd.payload)
		q.Key, q.Claims.Name, q.Claims.DOB = rd.payload.Key, rd.payload.Name, rd.payload.DOB
	} else {
		q.Key, fault = identity.ParseAny(f[FieldMaThe])
	}
	if fault != identity.FaultNone {
		return fault
	}
	if name := f[FieldHoTen]; len(name) > 0 || len(q.Claims.Name) == 0 {
		if fault = identity.CheckName(name); fault != identity.FaultNone {
			return fault
		}
		q.Claims.Name = name
	}
	if dob := f[FieldNgaySinh]; len(dob) > 0 || q.Claims.DOB.IsZero() {
		if q.Claims.DOB, fault = identity.ParsePortalDOB(dob, today); fault != identity.FaultNone {
			return fault
		}
	}
	if !call.ClaimsAll() {
		return identity.FaultNone
	}
	if q.Claims.Sex, fault = identity.ParsePortalSex(f[FieldGioiTinh]); fault != identity.FaultNone {
		return fault
	}
	if text := f[FieldMaCSKCB]; len(text) > 0 {
		q.Claims.Facility, fault = identity.ParseFacility(text)
	}
	return fault
}

// Echo fills f with the caller's own words for an answer that gives them back, when they came in a QR code: the
// identifier, name and birth date read from it.
func (rd *Reader) Echo(f *Fields, q *verify.Query, scratch []byte) []byte {
	if !identity.LooksLikeQR(f[FieldMaThe]) {
		return scratch
	}
	start := len(scratch)
	scratch = q.Key.AppendTo(scratch)
	f[FieldMaThe] = scratch[start:len(scratch):len(scratch)]
	f[FieldHoTen] = q.Claims.Name
	start = len(scratch)
	scratch = q.Claims.DOB.AppendPortal(scratch)
	f[FieldNgaySinh] = scratch[start:len(scratch):len(scratch)]
	return scratch
}
