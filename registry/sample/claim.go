package sample

// Claim is one synthetic claim and what it must be answered. Identifiers that do not apply are empty; the question is
// asked by the first one given.
type Claim struct {
	Kind       string `json:"kind"`
	ID         string `json:"id,omitempty"`
	Code       string `json:"code,omitempty"`
	Card       string `json:"card,omitempty"`
	QR         string `json:"qr,omitempty"`
	Name       string `json:"name,omitempty"`
	DOB        string `json:"dob,omitempty"` // YYYY, YYYY-MM or YYYY-MM-DD; in a sample of bad dates anything
	Sex        string `json:"sex,omitempty"`
	Facility   string `json:"facility,omitempty"`
	On         string `json:"on,omitempty"` // day of service
	Outcome    string `json:"outcome"`      // of /v1/lookup, or the code of its refusal
	PortalCode string `json:"portal_code"`  // of KQNhanLichSuKCB2019 for the identifier, name and birth date, today
}

// Header names the columns of [Claim.Row].
func Header() []string {
	return []string{"kind", "id", "code", "card", "qr", "name", "dob", "sex", "facility", "on", "outcome", "portal_code"}
}

// Row returns the claim's values in the order of [Header].
func (c *Claim) Row() []string {
	return []string{c.Kind, c.ID, c.Code, c.Card, c.QR, c.Name, c.DOB, c.Sex, c.Facility, c.On, c.Outcome, c.PortalCode}
}

// Question is the body of a native look-up that asks with the claim.
type Question struct {
	ID       string `json:"id,omitempty"`
	Code     string `json:"code,omitempty"`
	Card     string `json:"card,omitempty"`
	QR       string `json:"qr,omitempty"`
	Name     string `json:"name,omitempty"`
	DOB      string `json:"dob,omitempty"`
	Sex      string `json:"sex,omitempty"`
	Facility string `json:"facility,omitempty"`
	On       string `json:"on,omitempty"`
}

// Question returns the claim without what it is and what it must be answered.
func (c *Claim) Question() Question {
	return Question{c.ID, c.Code, c.Card, c.QR, c.Name, c.DOB, c.Sex, c.Facility, c.On}
}

// The outcomes a sample can expect.
const (
	match         = "match"
	mismatch      = "mismatch"
	notFound      = "not_found"
	outOfRegister = "out_of_register"
	superseded    = "superseded"
	inactive      = "inactive"
)

// answer is an outcome with the portal code that goes with it.
type answer struct{ outcome, portal string }

func (c *Claim) expect(a answer) { c.Outcome, c.PortalCode = a.outcome, a.portal }
