package identity

// Kind says which numbering scheme an identifier belongs to.
type Kind uint8

// The identifier kinds. The names are those of the wire (contract: id, code, card).
const (
	KindNone Kind = iota
	KindID        // 12-digit personal identification number
	KindCode      // 10-digit social-insurance number
	KindCard      // 15-character health-insurance card, or its 17-character form
)

// Kinds is the number of kinds, [KindNone] included; it sizes arrays indexed by Kind.
const Kinds = 4

var kindNames = [Kinds]string{"none", "id", "code", "card"}

// String returns the kind's wire name: "id", "code", "card", or "none".
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "none"
}

// KindOf returns the kind with the given wire name, or [KindNone].
func KindOf(name string) Kind {
	for k := KindID; k < Kinds; k++ {
		if kindNames[k] == name {
			return k
		}
	}
	return KindNone
}

// MaxKeyLen is the length of the longest identifier, the 17-character card.
const MaxKeyLen = 17

// Key is a normalised identifier with its kind. It is a plain comparable value without pointers, so it can be copied,
// compared and used as a map key without allocating. The zero Key is "no identifier".
//
// A Key holds a raw identifier: it must not reach a log, a span, a metric, a cache key or an audit record.
type Key struct {
	kind Kind
	n    uint8
	b    [MaxKeyLen]byte
}

// NewKey makes a Key of an identifier that is already known to be normalised; it checks only the length. Text from
// outside goes through the Parse functions.
func NewKey(kind Kind, value string) (Key, bool) { return newKey(kind, value) }

// NewKeyBytes is [NewKey] for bytes; it does not keep them.
func NewKeyBytes(kind Kind, value []byte) (Key, bool) { return newKey(kind, value) }

func newKey[T string | []byte](kind Kind, value T) (Key, bool) {
	if kind == KindNone || kind >= Kinds || len(value) == 0 || len(value) > MaxKeyLen {
		return Key{}, false
	}
	k := Key{kind: kind, n: uint8(len(value))}
	copy(k.b[:], value)
	return k, true
}

// Kind returns the identifier's kind.
func (k Key) Kind() Kind { return k.kind }

// IsZero tells whether k holds no identifier.
func (k Key) IsZero() bool { return k.kind == KindNone }

// Len returns the number of characters of the identifier.
func (k Key) Len() int { return int(k.n) }

// AppendTo appends the identifier's characters to dst.
func (k Key) AppendTo(dst []byte) []byte { return append(dst, k.b[:k.n]...) }

// Value returns the identifier's characters as a new string.
func (k Key) Value() string { return string(k.b[:k.n]) }

// String hides the value, so that a Key printed by accident gives nothing away.
func (k Key) String() string { return "identity.Key(" + k.kind.String() + ")" }

// GoString hides the value from %#v as well.
func (k Key) GoString() string { return k.String() }
