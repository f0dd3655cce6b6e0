package verify

import (
	"crypto/sha256"

	"github.com/verigate/verigate/identity"
)

// Call says what the caller wants to know.
type Call uint8

// The calls. A lookup answers with coverage; a verification answers per field and gives no registry data.
const (
	CallLookup Call = iota + 1
	CallVerify
	CallBatch  // a row of a stream or a job
	CallPortal // a lookup in the national portal's contract
	CallLogin  // a log-in for a portal token; it only ever reaches the audit log
	CallLedger // an operator told a person, or somebody in the person's name, who asked about them; audit log only
)

var callNames = [...]string{"", "lookup", "verify", "batch", "portal", "login", "ledger"}

// String returns the call's name for logs, metrics and audit records.
func (c Call) String() string { return nameOf(callNames[:], int(c)) }

// Purpose is why a caller asks.
type Purpose uint8

// The purposes, by their wire names.
const (
	PurposeNone Purpose = iota
	PurposeTreatment
	PurposeClaim
	PurposeRegistration
	PurposeReconciliation
	PurposeBenefitPayment
	PurposeStatistics
	PurposeTest
)

// PurposeNames are the wire names, indexed by [Purpose].
var PurposeNames = [...]string{"", "treatment", "claim", "registration", "reconciliation", "benefit_payment", "statistics", "test"}

// String returns the purpose's wire name.
func (p Purpose) String() string { return nameOf(PurposeNames[:], int(p)) }

// PurposeOf returns the purpose with the given wire name, or [PurposeNone].
func PurposeOf(name []byte) Purpose {
	for i, n := range PurposeNames {
		if i > 0 && string(name) == n {
			return Purpose(i)
		}
	}
	return PurposeNone
}

// Claims are what the caller says of the person; what is zero or empty was not given. Name is a view into a buffer that
// belongs to the request: whoever keeps it longer copies it.
type Claims struct {
	Name     []byte // UTF-8, as received; at most MaxNameLen bytes
	DOB      identity.Date
	Sex      identity.Sex
	Facility identity.Facility
}

// MaxNameLen bounds a claimed name in bytes; longer is refused (name_invalid).
const MaxNameLen = 512

// Query is one question about one person.
type Query struct {
	Key    identity.Key
	Claims Claims
	On     identity.Date // day of service; the zero Date means today
}

// Subject is the keyed hash of an identifier: what caches, budgets and logs know a person by. 128 bits of HMAC-SHA-256.
type Subject [16]byte

// SubjectHasher derives subjects under one secret key. It is immutable and safe for concurrent use.
type SubjectHasher struct {
	inner, outer [sha256.BlockSize]byte
}

// NewSubjectHasher makes a hasher for a secret of any length, 32 random bytes being right.
func NewSubjectHasher(secret []byte) *SubjectHasher {
	if len(secret) > sha256.BlockSize {
		sum := sha256.Sum256(secret)
		secret = sum[:]
	}
	h := new(SubjectHasher)
	copy(h.inner[:], secret)
	copy(h.outer[:], secret)
	for i := range h.inner {
		h.inner[i] ^= 0x36
		h.outer[i] ^= 0x5c
	}
	return h
}

// Subject returns the subject of an identifier: HMAC-SHA-256 of the kind byte and the characters, cut to 128 bits. It
// does not allocate.
func (h *SubjectHasher) Subject(k identity.Key) Subject {
	var buf [sha256.BlockSize + 1 + identity.MaxKeyLen]byte
	msg := append(buf[:0], h.inner[:]...)
	msg = append(msg, byte(k.Kind()))
	return h.finish(k.AppendTo(msg))
}

// Bytes returns the subject of any short secret text, a staff member's number for instance, under a label that keeps
// the name spaces apart.
func (h *SubjectHasher) Bytes(label byte, text []byte) Subject {
	var buf [2 * sha256.BlockSize]byte // enough for a staff member's number; longer text moves to the heap
	msg := append(buf[:0], h.inner[:]...)
	msg = append(msg, label)
	return h.finish(append(msg, text...))
}

func (h *SubjectHasher) finish(innerMsg []byte) (s Subject) {
	in := sha256.Sum256(innerMsg)
	var buf [sha256.BlockSize + sha256.Size]byte
	copy(buf[:], h.outer[:])
	copy(buf[sha256.BlockSize:], in[:])
	out := sha256.Sum256(buf[:])
	copy(s[:], out[:])
	return s
}

func nameOf(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return ""
}
