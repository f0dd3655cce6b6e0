package identity

// Facility is a facility code (mã CSKCB): two digits of province and three characters; the zero value is "none".
type Facility [5]byte

// IsZero tells whether no facility is given.
func (f Facility) IsZero() bool { return f == Facility{} }

// String returns the five characters, or "".
func (f Facility) String() string {
	if f.IsZero() {
		return ""
	}
	return string(f[:])
}

// ParseFacility reads a facility code: two digits, then three digits or capital letters (real cards carry codes of the
// shape 01C54). Blanks around it and small letters are forgiven. Codes are kept for ever, so no list of provinces is
// consulted, and PP000 ("province, no facility") passes. It does not allocate.
func ParseFacility(b []byte) (Facility, Fault) {
	b = trimSpace(b)
	var f Facility
	if len(b) != len(f) {
		return Facility{}, FaultFacility
	}
	for i, c := range b {
		c = upper(c)
		if !isDigit(c) && (i < 2 || c < 'A' || c > 'Z') {
			return Facility{}, FaultFacility
		}
		f[i] = c
	}
	return f, FaultNone
}
