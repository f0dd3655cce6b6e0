package identity

import "bytes"

// MaxQRLen bounds a scanned payload in bytes; real ones stay below a quarter of it.
const MaxQRLen = 4096

// QRForm says what kind of code was scanned.
type QRForm uint8

// The forms of payload.
const (
	QRNone   QRForm = iota
	QRNumber        // a bare number
	QRChip          // the back of an ID card, and what the national e-ID app shows: plain text
	QRPaper         // a health-insurance card: text fields in hexadecimal
)

// Payload is what a scanned code says. Sex and Facility are what was printed when the card was made, and may be older
// than the register; zero values were not in the code. A Payload is reused by parsing into it again and must not be
// copied while Name is in use, since Name may point into it.
type Payload struct {
	Form     QRForm
	Key      Key
	Name     []byte // UTF-8; a view into the raw payload or into the Payload itself
	DOB      Date
	Sex      Sex
	Facility Facility

	buf [MaxNameLen]byte
}

// LooksLikeQR tells whether text typed where a number belongs is rather a scanned payload with several fields.
func LooksLikeQR(b []byte) bool {
	b = trimSpace(b)
	if len(b) == 0 {
		return false
	}
	return b[0] == '$' || bytes.IndexByte(b, '|') >= 0 || bytes.IndexByte(b, '\\') >= 0 || bytes.Contains(b, brokenBar) ||
		(len(b) > minSlashedQR && bytes.IndexByte(b, '/') >= 0)
}

// minSlashedQR keeps dates and fractions from being taken for a payload whose bars became slashes.
const minSlashedQR = 24

var brokenBar = []byte("¦")

// ParseQR reads the raw text of a scanned code into p, whose former content is lost: the ID card's seven or eleven
// fields (six from the national e-ID app), the health-insurance card's long and short form, or a bare number. Damage
// done by scanners that type through a Vietnamese keyboard driver is repaired, but only when the payload makes no
// sense as it stands.
//
// The faults are [FaultQR] for a payload that cannot be read, [FaultProvince] and [FaultBenefit] for the card number
// in it, and [FaultDOB] for an impossible birth date; then p is empty. ParseQR does not allocate and keeps a
// reference to raw in p.Name only.
func ParseQR(raw []byte, today Date, p *Payload) Fault {
	p.reset()
	if len(raw) > MaxQRLen {
		return FaultQR
	}
	raw = trimSpace(raw)
	fault := p.parse(raw, today, plainScan)
	if fault == FaultNone {
		return FaultNone
	}
	for _, as := range [...]reading{mangledScan, slashedScan} {
		p.reset()
		if p.parse(raw, today, as) == FaultNone {
			return FaultNone
		}
	}
	p.reset()
	return fault
}

func (p *Payload) reset() {
	p.Form, p.Key, p.Name, p.DOB, p.Sex, p.Facility = QRNone, Key{}, nil, Date{}, SexUnknown, Facility{}
}

// reading is how a payload is read: as it stands, or forgiving one kind of damage more than the one before.
type reading uint8

const (
	plainScan   reading = iota
	mangledScan         // bars as \ or ¦, đ for 0, Đ for D, $…$ around it, stray characters in front
	slashedScan         // bars as / too
)

func (p *Payload) parse(raw []byte, today Date, as reading) Fault {
	raw = unwrap(raw, as)
	var f fields
	f.split(raw, as)
	var fault Fault
	if p.Key, fault = keyField(f.at(0), as); fault != FaultNone {
		return fault
	}
	switch {
	case f.n == 1, f.n == 2 && len(f.at(1)) == 0:
		p.Form = QRNumber
		return FaultNone
	case p.Key.kind == KindID && !f.paper(today, as):
		return p.chip(&f, today, as)
	}
	return p.paper(&f, today, as)
}

// unwrap removes the end mark of the paper card and, when repairing, the same mark in front.
func unwrap(raw []byte, as reading) []byte {
	if n := len(raw); n > 0 && raw[n-1] == '$' {
		raw = raw[:n-1]
	}
	if as != plainScan && len(raw) > 0 && raw[0] == '$' {
		raw = raw[1:]
	}
	return trimSpace(raw)
}

// keyField reads field 0.
func keyField(b []byte, as reading) (Key, Fault) {
	k, fault := ParseAny(b)
	if fault == FaultMalformed && as != plainScan {
		k, fault = strayKey(b, fault)
	}
	if fault == FaultMalformed {
		fault = FaultQR
	}
	return k, fault
}

// strayKey looks for a number behind characters that a scanner put in front of it: the three of its symbology
// identifier (ISO/IEC 15424, "]Q3"), or others that cannot be part of a number.
func strayKey(b []byte, fault Fault) (Key, Fault) {
	if len(b) > 3 && b[0] == ']' {
		if k, f := ParseAny(b[3:]); f == FaultNone {
			return k, FaultNone
		}
	}
	for _, n := range [...]int{longCardLen, cardLen, idLen, codeLen} {
		if len(b) <= n || isDigit(b[len(b)-n-1]) {
			continue
		}
		if k, f := ParseAny(b[len(b)-n:]); f == FaultNone && k.Len() == n {
			return k, FaultNone
		}
	}
	return Key{}, fault
}

// The least numbers of fields that prove a payload was not cut short before what is needed of it.
const (
	minChipFields  = 6
	minPaperFields = 4
)

// chip reads the fields of an ID card: number, old number, name, birth date, sex, address, day of issue, and on newer
// cards four more that are empty for adults.
func (p *Payload) chip(f *fields, today Date, as reading) Fault {
	if f.n < minChipFields {
		return FaultQR
	}
	p.Form = QRChip
	name := f.at(2)
	switch CheckName(name) {
	case FaultNone:
		p.Name = name
	case FaultNameMissing:
	default:
		return FaultQR
	}
	p.Sex, _ = ParsePortalSex(f.at(4))
	var fault Fault
	p.DOB, fault = dateField(f.at(3), today, as)
	return fault
}

// paper reads the fields of a health-insurance card: number, name, birth date, sex, address, facility, and up to ten
// more that nobody needs for asking.
func (p *Payload) paper(f *fields, today Date, as reading) Fault {
	if f.n < minPaperFields {
		return FaultQR
	}
	p.Form = QRPaper
	if !p.nameField(f.at(1), as) {
		return FaultQR
	}
	p.Sex, _ = ParsePortalSex(f.at(3))
	if as != slashedScan { // slashes in an address would shift what follows it
		p.Facility = facilityField(f.at(5), as)
	}
	var fault Fault
	p.DOB, fault = dateField(f.at(2), today, as)
	return fault
}

// facilityField reads "01 - 000" in any spacing and with any dash, or with none; anything else is no facility.
func facilityField(b []byte, as reading) Facility {
	var digits [16]byte
	if as != plainScan {
		b = strokesToZero(digits[:0], b)
	}
	var code [len(Facility{})]byte
	n := 0
	for _, c := range b {
		c = upper(c)
		if !isDigit(c) && c-'A' > 'Z'-'A' {
			continue
		}
		if n == len(code) {
			return Facility{}
		}
		code[n] = c
		n++
	}
	f, _ := ParseFacility(code[:n])
	return f
}

// dateField reads a birth date on a card: the portal's forms and MMyyyy. Empty and "-" are the zero date.
func dateField(b []byte, today Date, as reading) (Date, Fault) {
	if len(b) == 0 || string(b) == "-" {
		return Date{}, FaultNone
	}
	var digits [16]byte
	if as != plainScan {
		b = strokesToZero(digits[:0], b)
	}
	if len(b) == len("MMyyyy") {
		if d, ok := dateOf(b[2:], b[:2], nil); ok && bornBy(d, today) {
			return d, FaultNone
		}
	}
	return ParsePortalDOB(b, today)
}

// strokesToZero copies b into dst with each đ turned back into the 0 it was; what does not fit is returned as it is.
func strokesToZero(dst, b []byte) []byte {
	for i := 0; i < len(b); {
		if len(dst) == cap(dst) {
			return b
		}
		if n := strokeAt(b[i:]); n > 0 {
			dst = append(dst, '0')
			i += n
			continue
		}
		dst = append(dst, b[i])
		i++
	}
	return dst
}
