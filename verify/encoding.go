package verify

import (
	"encoding/binary"
	"errors"

	"github.com/verigate/verigate/identity"
)

// The encoded record is what caches hold and what [Held.Record] carries: a compact, self-contained byte form that is
// decoded by views, without allocating. Layout: a version byte, then fixed fields and length-prefixed texts in the order
// of [Record]. It never leaves the gateway unencrypted and carries no checksum of its own: the shared cache seals it.

const encodingVersion = 1

// Bounds of an encoded record, so that a hostile registry cannot make us hold arbitrary amounts.
const (
	MaxText   = 1024 // bytes of one text
	MaxCards  = 64
	MaxFormer = 16
)

// ErrEncoding means that bytes are not a record this version can read.
var ErrEncoding = errors.New("decoding record: not an encoded record of this version")

// ErrBounds means that a record exceeds MaxText, MaxCards or MaxFormer.
var ErrBounds = errors.New("encoding record: a text or list is longer than the bound")

// AppendBinary appends the encoded form of r to dst. It fails with [ErrBounds] only.
func (r *Record) AppendBinary(dst []byte) ([]byte, error) {
	if len(r.Name) > MaxText || len(r.Address) > MaxText || len(r.Office) > MaxText ||
		len(r.Cards) > MaxCards || len(r.Former) > MaxFormer {
		return dst, ErrBounds
	}
	dst = append(dst, encodingVersion)
	dst = appendKey(dst, r.ID)
	dst = appendKey(dst, r.Code)
	dst = appendDate(dst, r.DOB)
	dst = append(dst, byte(r.Sex))
	dst = appendDate(dst, r.Died)
	dst = appendText(dst, r.Name)
	dst = appendText(dst, r.Address)
	dst = appendText(dst, r.Office)
	dst = append(dst, byte(len(r.Cards)), byte(len(r.Former)))
	for i := range r.Cards {
		c := &r.Cards[i]
		if len(c.FacilityName) > MaxText {
			return dst, ErrBounds
		}
		dst = appendKey(dst, c.Number)
		dst = appendDate(dst, c.From)
		dst = appendDate(dst, c.To)
		dst = append(dst, byte(c.Status))
		dst = appendDate(dst, c.StatusFrom)
		dst = append(dst, c.Facility[:]...)
		dst = append(dst, c.Benefit, c.Area)
		dst = appendDate(dst, c.FiveYears)
		dst = appendText(dst, c.FacilityName)
	}
	for _, f := range r.Former {
		dst = appendKey(dst, f.Key)
		dst = appendDate(dst, f.Until)
	}
	return dst, nil
}

// Decode fills r from an encoded record. Texts of r are views into b; the memory of r.Cards and r.Former is reused, so
// decoding into the same Record again does not allocate once they have grown. It fails with [ErrEncoding] and then
// leaves r in an unspecified state.
func (r *Record) Decode(b []byte) error {
	d := decoder{b: b}
	if d.byte() != encodingVersion {
		return ErrEncoding
	}
	r.ID, r.Code = d.key(), d.key()
	r.DOB = d.date()
	r.Sex = identity.Sex(d.byte())
	r.Died = d.date()
	r.Name, r.Address, r.Office = d.text(), d.text(), d.text()
	cards, former := int(d.byte()), int(d.byte())
	if d.bad || cards > MaxCards || former > MaxFormer {
		return ErrEncoding
	}
	r.Cards, r.Former = r.Cards[:0], r.Former[:0]
	for range cards {
		d.card(grow(&r.Cards))
	}
	for range former {
		f := grow(&r.Former)
		f.Key, f.Until = d.key(), d.date()
	}
	if d.bad || len(d.b) != 0 {
		return ErrEncoding
	}
	return nil
}

func appendKey(dst []byte, k identity.Key) []byte {
	dst = append(dst, byte(k.Kind()), byte(k.Len()))
	return k.AppendTo(dst)
}

func appendDate(dst []byte, d identity.Date) []byte {
	return append(dst, byte(d.Year), byte(d.Year>>8), d.Month, d.Day)
}

func appendText(dst, text []byte) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(text)))
	return append(dst, text...)
}

// decoder reads forward through b; after the first short read it is bad and yields zero values.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) take(n int) []byte {
	if d.bad || len(d.b) < n {
		d.bad, d.b = true, nil
		return nil
	}
	out := d.b[:n:n]
	d.b = d.b[n:]
	return out
}

func (d *decoder) byte() byte {
	if b := d.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) key() identity.Key {
	kind, n := identity.Kind(d.byte()), int(d.byte())
	if kind == identity.KindNone && n == 0 {
		return identity.Key{}
	}
	k, ok := identity.NewKeyBytes(kind, d.take(n))
	d.bad = d.bad || !ok
	return k
}

func (d *decoder) date() identity.Date {
	if b := d.take(4); b != nil {
		return dateAt(b)
	}
	return identity.Date{}
}

func (d *decoder) text() []byte {
	n := d.take(2)
	if n == nil {
		return nil
	}
	return d.take(int(binary.LittleEndian.Uint16(n)))
}

// cardTail is the length of a card's fields behind its number, up to the facility's name.
const cardTail = 4 + 4 + 1 + 4 + len(identity.Facility{}) + 2 + 4

// card fills every field of c. The fixed fields are taken in one piece: this is the longest part of a hot lookup's
// decoding.
func (d *decoder) card(c *Card) {
	c.Number = d.key()
	b := d.take(cardTail)
	if b == nil {
		return
	}
	c.From, c.To = dateAt(b), dateAt(b[4:])
	c.Status = Status(b[8])
	c.StatusFrom = dateAt(b[9:])
	copy(c.Facility[:], b[13:])
	c.Benefit, c.Area = b[18], b[19]
	c.FiveYears = dateAt(b[20:])
	c.FacilityName = d.text()
	d.bad = d.bad || int(c.Status) >= len(StatusNames)
}

func dateAt(b []byte) identity.Date {
	_ = b[3]
	return identity.Date{Year: uint16(b[0]) | uint16(b[1])<<8, Month: b[2], Day: b[3]}
}

// grow lengthens a slice by one element, within its memory where it can, and returns it as it was left there.
func grow[T any](s *[]T) *T {
	if n := len(*s); n < cap(*s) {
		*s = (*s)[:n+1]
	} else {
		var zero T
		*s = append(*s, zero)
	}
	return &(*s)[len(*s)-1]
}
