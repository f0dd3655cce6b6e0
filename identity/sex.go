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

// ParseSex reads the native form, "male" or "female", in small letters. It does not allocate.
func ParseSex(b []byte) (Sex, Fault) {
	switch string(b) {
	case "male":
		return Male, FaultNone
	case "female":
		return Female, FaultNone
	}
	return SexUnknown, FaultSex
}

// ParsePortalSex reads the forms of the portal, of the cards and of claim files: 1 or Nam, 2 or Nữ, and 3 ("not
// determined"), which is [SexUnknown] without a fault, as is an empty field. Letter case and the Unicode form of Nữ do
// not matter. 0 is refused: one national interface means a man by it, and nobody else uses it. It does not allocate.
func ParsePortalSex(b []byte) (Sex, Fault) {
	b = trimSpace(b)
	if len(b) == 0 {
		return SexUnknown, FaultNone
	}
	if len(b) > len("nu\u031b\u0303") {
		return SexUnknown, FaultSex
	}
	var low [8]byte
	n := copy(low[:], b)
	for i := range n {
		low[i] = lower(low[i])
	}
	switch string(low[:n]) {
	case "1", "nam":
		return Male, FaultNone
	case "2", "nữ", "nỮ", "nu", "nư\u0303", "nƯ\u0303", "nu\u031b\u0303", "nu\u0303\u031b", "nũ\u031b", "nŨ\u031b":
		return Female, FaultNone
	case "3":
		return SexUnknown, FaultNone
	}
	return SexUnknown, FaultSex
}
