package verify

// OutcomeSet is a set of outcomes, by bit 1<<Outcome.
type OutcomeSet uint8

// Has tells whether o is in the set. That nothing can be known now may always be told.
func (s OutcomeSet) Has(o Outcome) bool { return o == OutcomeUnavailable || s&(1<<o) != 0 }

// Switch is a set of the switches by which one caller's directory entry deviates from the field policy.
type Switch uint8

// The switches.
const (
	SwitchMismatchDetails Switch = 1 << iota
	SwitchDiscloseOnMismatch
	SwitchShowDeceased
)

// SwitchNames are the names in bit order, as directory and field policy write them.
var SwitchNames = [...]string{"mismatch_details", "disclose_on_mismatch", "show_deceased"}

// Has tells whether all of want is in s.
func (s Switch) Has(want Switch) bool { return s&want == want }

// Entitlement is one cell of the field policy: what a kind of caller may be told by one call for one purpose. The zero
// Entitlement is that the call may not be made.
type Entitlement struct {
	Outcomes  OutcomeSet // an outcome that is not here is never told, nor told as another
	Found     Parts      // with match, superseded, inactive; of it, only PartHolder with out_of_register
	Mismatch  Parts
	CallerMay Switch // which switches of a caller's entry may widen this
}

// Allowed tells whether the call may be made at all.
func (e *Entitlement) Allowed() bool { return e.Outcomes != 0 }

// For returns what one caller may be told: the entitlement, less what its entry switches off, and more only where the
// entitlement lets a caller's entry widen it. What a mismatch discloses is never more than an agreeing answer tells.
func (e *Entitlement) For(p *Policy) (found, mismatch Parts) {
	found, mismatch = e.Found, e.Mismatch
	switch {
	case p.ShowDeceased && e.CallerMay.Has(SwitchShowDeceased):
		found |= PartDeceased
	case !p.ShowDeceased && p.Set.Has(SwitchShowDeceased):
		found &^= PartDeceased
	}
	switch {
	case p.DiscloseOnMismatch && e.CallerMay.Has(SwitchDiscloseOnMismatch):
		mismatch |= e.Found & PartsData
	case !p.DiscloseOnMismatch && p.Set.Has(SwitchDiscloseOnMismatch):
		mismatch &^= PartsData
	}
	switch {
	case !p.MismatchDetails:
		mismatch &^= PartResults
	case p.Set.Has(SwitchMismatchDetails) && e.CallerMay.Has(SwitchMismatchDetails):
		mismatch |= PartResults
	}
	if !found.Has(PartReason) {
		found &^= PartDeceased
	}
	return found, mismatch
}

// Entitlements is the whole field policy: a cell for each kind of caller, purpose and call. It is immutable once made,
// and small enough to stay in the processor's cache.
type Entitlements struct {
	Version string // first 16 hexadecimal digits of the policy file's SHA-256
	cells   [len(CallerKindNames)][len(PurposeNames)][CallPortal + 1]Entitlement
}

// nothing is the cell of what does not exist.
var nothing Entitlement

// Of returns the cell of a kind, purpose and call; never nil. The cell must not be changed.
func (t *Entitlements) Of(k CallerKind, p Purpose, c Call) *Entitlement {
	if t == nil || int(k) >= len(t.cells) || int(p) >= len(t.cells[0]) || int(c) >= len(t.cells[0][0]) {
		return &nothing
	}
	return &t.cells[k][p][c]
}

// Set fills one cell while a table is made; it panics outside the closed sets of kinds, purposes and calls.
func (t *Entitlements) Set(k CallerKind, p Purpose, c Call, e Entitlement) { t.cells[k][p][c] = e }
