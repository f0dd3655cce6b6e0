package nation

import "github.com/verigate/verigate/identity"

// Person is one member of the synthetic nation as the registry records them. Filled by [Nation.Person], which reuses
// its slices.
type Person struct {
	Index    int    // 0 … People-1; people born in the lab come after them
	ID       string // 12 digits; empty: none (yet)
	Code     string // 10 digits
	Name     string // NFC
	DOB      identity.Date
	Sex      identity.Sex
	Province string // 3 digits, where the birth was registered
	Address  string
	Office   string // issuing social-insurance office
	Died     identity.Date
	Holder   string // "defence", "public_security": kept elsewhere; empty: kept here
	Cards    []Card // oldest first
	Former   []Former
	Declared Declared // what the person would say of themselves; about 9 % differ from the record
	Life     Life     // how the nation made them; what the lab does later does not change it
}

// Card is one issue of a health-insurance card; a renewal under the same number is another Card.
type Card struct {
	Number       string // 15 characters
	From, To     identity.Date
	Status       string        // active, recalled, decreased, moved_province, moved_within_province, re_enrolled, left_scheme
	StatusFrom   identity.Date // first day the status ends the card; zero with active
	Facility     string        // 5 characters
	FacilityName string
	Benefit      int           // 1–5
	Area         int           // 0 none, 1–3 for K1–K3
	FiveYears    identity.Date // zero: unknown
}

// Former is a number that was replaced.
type Former struct {
	Kind  identity.Kind
	Value string
	Until identity.Date
}

// Declared is what a person would give at a counter.
type Declared struct {
	Name    string
	DOB     identity.Date
	Sex     identity.Sex
	Differs Difference // where it is not what the register says
}
