package verify

import (
	"github.com/verigate/verigate/identity"
)

// Status is what the registry says of one issued card, apart from its dates.
type Status uint8

// The card statuses. Everything but StatusActive ends the card on its StatusFrom day.
const (
	StatusActive Status = iota
	StatusRecalled
	StatusDecreased
	StatusMovedProvince
	StatusMovedWithinProvince
	StatusReEnrolled
	StatusLeftScheme
)

// StatusNames are the wire names of the record API, indexed by [Status].
var StatusNames = [...]string{"active", "recalled", "decreased", "moved_province", "moved_within_province", "re_enrolled", "left_scheme"}

// String returns the status's wire name.
func (s Status) String() string { return nameOf(StatusNames[:], int(s)) }

// Card is one issue of a health-insurance card: a number with its validity. A renewal under the same number is another
// Card. Byte slices are views into the encoded record.
type Card struct {
	Number       identity.Key  // KindCard
	From, To     identity.Date // inclusive; To zero: open-ended
	Status       Status
	StatusFrom   identity.Date // first day on which Status ends the card
	Facility     identity.Facility
	FacilityName []byte
	Benefit      uint8         // 1–5
	Area         uint8         // living area: 0 none, 1–3 for K1–K3
	FiveYears    identity.Date // day five continuous years are complete; zero: unknown
}

// Former is an identifier that the person held once and that was replaced by the current one of the same kind.
type Former struct {
	Key   identity.Key
	Until identity.Date // last day it was valid
}

// Record is what the registry holds of one person. Its byte slices are views into the encoded form it was decoded from
// and live as long as that does; its slices are reused by [Record.Decode].
type Record struct {
	ID      identity.Key // zero: the person has no ID number (yet)
	Code    identity.Key // zero: none
	Name    []byte
	DOB     identity.Date // as precise as the registry knows it
	Sex     identity.Sex
	Address []byte
	Office  []byte        // issuing social-insurance office, by name
	Died    identity.Date // zero: alive
	Cards   []Card        // in order of From, oldest first
	Former  []Former
}

// Holder says who keeps a person that this register does not.
type Holder uint8

// The holders.
const (
	HolderNone Holder = iota
	HolderDefence
	HolderPublicSecurity
	HolderOther
)

// HolderNames are the wire names, indexed by [Holder].
var HolderNames = [...]string{"", "defence", "public_security", "other"}

// String returns the holder's wire name.
func (h Holder) String() string { return nameOf(HolderNames[:], int(h)) }

// State is what is known of an identifier.
type State uint8

// The states. StateUnknown is never an answer.
const (
	StateUnknown State = iota
	StatePresent
	StateAbsent
	StateElsewhere
	StateTold // another gateway has judged these very claims; Held.Record is an encoded [Told]
)

// Source says where an answer's knowledge came from.
type Source uint8

// The sources, by their wire names.
const (
	SourceNone Source = iota
	SourceRegistry
	SourceLocal
	SourceShared
	SourceFilter
	SourceStale
)

// SourceNames are the wire names, indexed by [Source].
var SourceNames = [...]string{"", "registry", "local", "shared", "filter", "stale"}

// String returns the source's wire name.
func (s Source) String() string { return nameOf(SourceNames[:], int(s)) }

// Trouble is why something could not be known.
type Trouble uint8

// The troubles, by their metric names.
const (
	TroubleNone     Trouble = iota
	TroubleTimeout          // the registry or the deadline was too slow
	TroubleRefused          // the registry answered with an error
	TroubleNetwork          // it could not be reached
	TroubleGarbled          // it answered something that is not an answer
	TroubleBreaker          // not asked: the breaker is open
	TroubleBusy             // not asked: too many questions already on their way
	TroubleUnlogged         // known, but the decision could not be recorded
)

// TroubleNames are the metric and audit names, indexed by [Trouble].
var TroubleNames = [...]string{"", "timeout", "refused", "network", "garbled", "breaker_open", "busy", "unlogged"}

// String returns the trouble's name.
func (t Trouble) String() string { return nameOf(TroubleNames[:], int(t)) }

// Held is what one place (filter, cache, registry) knows of one identifier.
type Held struct {
	State   State
	Holder  Holder // with StateElsewhere
	Source  Source
	Trouble Trouble // why State is still unknown after asking
	Stale   bool    // too old to answer from, kept in hand in case the registry fails
	Version uint64  // the registry's version of this identifier
	AsOf    int64   // the registry's time of the data, nanoseconds since the epoch; for display only
	Learned int64   // Instant.Mono of this node when it sent the request that brought this
	MaxAge  int64   // nanoseconds: the bound promised for an answer made of this
	Record  []byte  // with StatePresent the encoded record, with StateTold the encoded Told, immutable and shared by everybody who holds it
}

// Settled tells whether nothing needs to be asked any more.
func (h *Held) Settled() bool { return h.State != StateUnknown && !h.Stale }

// Lookup is the slice of identifiers that screen, recall and ask work on: entry i of each slice belongs to the same
// identifier. A step fills Held[i] where it can and leaves entries alone that are already settled.
//
// Queries are for a registry that judges claims itself (see [Told]); they are good until the lookup ends. Subjects then
// stand for the claims, not for the identifier alone.
type Lookup struct {
	Now      Instant
	Batch    bool // bulk work: must not push out of the caches what clinics need
	Lane     Lane // who goes first at the registry
	Keys     []identity.Key
	Queries  []*Query
	Subjects []Subject
	Held     []Held
	Space    []byte // memory of the recaller for records it copies out; good until the next Recall with this lookup
}
