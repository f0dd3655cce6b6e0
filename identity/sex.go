package identity

// Sex as the registry knows it.
type Sex uint8

// The sexes; SexUnknown is "not recorded" in a record and "not given" in a claim.
const (
	SexUnknown Sex = iota
	Male
	Female
)

// String returns "male", "female" or "".
func (s Sex) String() string {
	switch s {
	case Male:
		return "male"
	case Female:
		return "female"
	}
	return ""
}

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
