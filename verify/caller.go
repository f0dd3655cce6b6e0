package verify

import (
	"slices"

	"github.com/verigate/verigate/identity"
)

// CallerKind is what sort of organisation a caller is.
type CallerKind uint8

// The caller kinds.
const (
	CallerNone CallerKind = iota
	CallerClinic
	CallerAgency
	CallerLaboratory
	CallerOperator
)

// CallerKindNames are the wire names, indexed by [CallerKind].
var CallerKindNames = [...]string{"", "clinic", "agency", "laboratory", "operator"}

// String returns the kind's wire name.
func (k CallerKind) String() string { return nameOf(CallerKindNames[:], int(k)) }

// Scope is a set of calls a credential may make.
type Scope uint8

// The scopes; a set is their bitwise or.
const (
	ScopeLookup Scope = 1 << iota
	ScopeVerify
	ScopeBatch
	ScopeAdmin
)

// ScopeNames are the wire names in bit order.
var ScopeNames = [...]string{"lookup", "verify", "batch", "admin"}

// Has tells whether all of want is in s.
func (s Scope) Has(want Scope) bool { return s&want == want }

// Names returns the wire names of the scopes in the set.
func (s Scope) Names() []string {
	var names []string
	for i, name := range ScopeNames {
		if s.Has(1 << i) {
			names = append(names, name)
		}
	}
	return names
}

// ScopeOf returns the scope with the given wire name, 0 if there is none.
func ScopeOf(name string) Scope {
	for i, known := range ScopeNames {
		if name == known {
			return 1 << i
		}
	}
	return 0
}

// FieldSet is a set of field results, by bit 1<<FieldResult.
type FieldSet uint8

// Accepts tells whether r is in the set.
func (s FieldSet) Accepts(r FieldResult) bool { return s&(1<<r) != 0 }

// DefaultAccept is every result but mismatch: what counts as agreement unless a caller's policy is stricter.
const DefaultAccept FieldSet = 1<<FieldNotGiven | 1<<FieldMatch | 1<<FieldMatchNormalized | 1<<FieldMatchUnaccented |
	1<<FieldMatchCoarse | 1<<FieldNotOnRecord

// Policy says what counts as agreement for a caller and how its entry deviates from the field policy, which decides
// what of an answer may leave (see [Entitlement.For]). The zero Policy accepts nothing and tells no mismatch detail;
// [DefaultPolicy] is the documented default.
type Policy struct {
	Accept             FieldSet
	MismatchDetails    bool   // which fields disagree may be told on a mismatch
	DiscloseOnMismatch bool   // portal only: the registry's own values on 060/061/070
	ShowDeceased       bool   // tell "deceased" instead of "decreased"
	LooseIY            bool   // name policy: i and y as vowel letters count as the same
	StaffRequired      bool   // a query must name the staff member
	BadTokenStatus401  bool   // portal only: HTTP 401 instead of 200 for a bad token
	Set                Switch // which switches the caller's entry sets itself; the others are as the field policy says
}

// DefaultPolicy is what a caller has whose directory entry says nothing else.
func DefaultPolicy() Policy { return Policy{Accept: DefaultAccept, MismatchDetails: true} }

// Caller is who is asking: an immutable snapshot of a directory entry, shared by all requests of that caller. It is
// replaced, never changed, when the directory changes.
type Caller struct {
	ID       string // short stable name, safe for logs
	KeyID    string // which of the caller's credentials was used; safe for logs
	Kind     CallerKind
	Facility identity.Facility
	Scopes   Scope
	Purposes uint16  // bit 1<<Purpose for each purpose allowed
	Purpose  Purpose // the default
	Policy   Policy
	Slot     int    // index of the caller's limiter; stable for as long as the caller lives
	Contact  string // whom a suspended caller is told to talk to

	People   int64 // most people it may learn of in a harvest budget's window; 0: its kind's figure
	Unproven int64 // added to what a harvest budget allows without proof of knowing the person

	CertificateRequired bool     // every credential of the caller counts only over a connection with one of Certificates
	Certificates        []Digest // of the public keys of the client certificates it may show; not to be changed
}

// Allows tells whether the caller may ask for purpose p.
func (c *Caller) Allows(p Purpose) bool { return c.Purposes&(1<<p) != 0 }

// Owns tells whether the caller's directory entry names the certificate.
func (c *Caller) Owns(shown *Certificate) bool {
	return shown != nil && slices.Contains(c.Certificates, shown.Key)
}
