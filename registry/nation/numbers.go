package nation

import (
	"slices"

	"github.com/verigate/verigate/identity"
)

const (
	codes   = 10_000_000_000 // how many codes there are
	serials = 1_000_000      // the six random digits of an ID number
	tails   = 100_000_000    // the eight digits of a code after its province
)

// The positions that serials and tails are dealt from, before they are permuted. No bucket comes near firstFormerSerial
// people and no province near firstFormerTail, so the three kinds of number never meet.
const (
	firstFormerSerial = 150_000
	firstBornSerial   = 300_000
	firstFormerTail   = 20_000_000
	firstBornTail     = 40_000_000
)

// prefix returns the first six digits of an ID number: province, century and sex, year.
func prefix(province, year int, sex identity.Sex) uint64 {
	century := uint64(year/100-19)*2 + uint64(sex-identity.Male)
	return (uint64(parts[province])*10+century)*100 + uint64(year%100)
}

func (n *Nation) serialsOf(prefix uint64) permutation {
	return permutation{side: 1000, key: mix(n.seed ^ mix(prefix<<8|uint64(ofSerials)))}
}

func (n *Nation) tailsOf(part uint64) permutation {
	return permutation{side: 10_000, key: mix(n.seed ^ mix(part<<8|uint64(ofCodes)))}
}

// idAt returns the ID number at a position of a bucket.
func (n *Nation) idAt(prefix uint64, at int) uint64 {
	return prefix*serials + n.serialsOf(prefix).at(uint64(at))
}

// codeAt returns the code at a position of a province.
func (n *Nation) codeAt(province, at int) uint64 {
	part := uint64(twoDigits(province))
	return part*tails + n.tailsOf(part).at(uint64(at))
}

func (n *Nation) idOf(s seat) uint64 { return n.idAt(prefix(s.province, s.year, s.sex), s.in) }
func (n *Nation) formerIDOf(s seat) uint64 {
	return n.idAt(prefix(s.province, s.year, s.sex), firstFormerSerial+s.in)
}
func (n *Nation) codeOf(s seat) uint64       { return n.codeAt(s.province, s.before) }
func (n *Nation) formerCodeOf(s seat) uint64 { return n.codeAt(s.province, firstFormerTail+s.before) }

// Find returns whose identifier k is or once was; ok is false when no person of this nation was ever given it. People
// born in the lab are not among them: see [Nation.FindBorn].
func (n *Nation) Find(k identity.Key) (i int, ok bool) {
	packed, ok := identity.PackKey(k)
	if !ok {
		return 0, false
	}
	switch k.Kind() {
	case identity.KindID:
		return n.findID(packed)
	case identity.KindCode:
		return n.findCode(packed)
	default:
		return n.findCard(packed)
	}
}

func (n *Nation) findID(id uint64) (int, bool) {
	b, at := n.unfoldID(id)
	if b < 0 {
		return 0, false
	}
	former := at >= firstFormerSerial
	if former {
		at -= firstFormerSerial
	}
	i := int(n.starts[b]) + at
	if i >= int(n.starts[b+1]) {
		return 0, false
	}
	t := n.traitsOf(n.seatIn(b, i))
	return i, former && t.formerID || !former && t.hasID
}

// unfoldID splits an ID number into its bucket and the position dealt; the bucket is -1 where nobody can be.
func (n *Nation) unfoldID(id uint64) (bucket, at int) {
	pre, serial := id/serials, id%serials
	province, age := provinceOf[pre/1000], n.year-yearIn(pre)
	if province < 0 || age < 0 || age >= ages {
		return -1, 0
	}
	sex := identity.Male + identity.Sex(pre/100%10&1)
	return bucketOf(int(province), age, sex), int(n.serialsOf(pre).from(serial))
}

// yearIn returns the year of birth that an ID number's first six digits tell.
func yearIn(prefix uint64) int { return 1900 + int(prefix/100%10/2)*100 + int(prefix%100) }

func (n *Nation) findCode(code uint64) (int, bool) {
	s, at := n.unfoldCode(code)
	if s < 0 {
		return 0, false
	}
	former := at >= firstFormerTail
	if former {
		at -= firstFormerTail
	}
	i := int(n.starts[s*ages*2]) + at
	if i >= int(n.starts[(s+1)*ages*2]) {
		return 0, false
	}
	return i, !former || n.traitsOf(n.seatOf(i)).formerCode
}

// unfoldCode splits a code into its province and the position dealt; the province is -1 where there is none.
func (n *Nation) unfoldCode(code uint64) (province, at int) {
	part := code / tails
	province = int(provinceOf[part])
	return province, int(n.tailsOf(part).from(code % tails))
}

func (n *Nation) findCard(card uint64) (int, bool) {
	code := card % codes
	i, ok := n.findCode(code)
	if !ok {
		return 0, false
	}
	s := n.seatOf(i)
	if n.codeOf(s) != code {
		return 0, false // a former code has no cards
	}
	var held [3]uint64
	t := n.traitsOf(s)
	return i, slices.Contains(t.appendCards(held[:0], code), card)
}

// appendCards appends every card number that somebody of these traits was ever given.
func (t *traits) appendCards(dst []uint64, code uint64) []uint64 {
	if t.life == Cardless {
		return dst
	}
	dst = append(dst, t.newest.packed(code))
	if t.hasOlder() {
		dst = append(dst, t.older.packed(code))
	}
	if t.hasFormer {
		dst = append(dst, t.former.packed(code))
	}
	return dst
}

// AppendKeys appends to dst the numbers of one kind that the people from … to-1 were ever given, former ones included
// and people kept elsewhere too, packed as by [identity.PackKey], in no useful order and each once. It does not allocate
// beyond growing dst.
func (n *Nation) AppendKeys(kind identity.Kind, from, to int, dst []uint64) []uint64 {
	from, to = max(from, 0), min(to, n.people)
	if from >= to {
		return dst
	}
	s := n.seatOf(from)
	for b := bucketOf(s.province, n.age(s), s.sex); from < to; b++ {
		end := min(to, int(n.starts[b+1]))
		if from < end {
			dst = n.appendBucket(kind, b, from, end, dst)
			from = end
		}
	}
	return dst
}

// appendBucket is AppendKeys within one bucket.
func (n *Nation) appendBucket(kind identity.Kind, b, from, to int, dst []uint64) []uint64 {
	s := n.seatIn(b, from)
	for ; s.i < to; s.i, s.in, s.before = s.i+1, s.in+1, s.before+1 {
		t := n.traitsOf(s)
		switch kind {
		case identity.KindID:
			if t.hasID {
				dst = append(dst, n.idOf(s))
			}
			if t.formerID {
				dst = append(dst, n.formerIDOf(s))
			}
		case identity.KindCode:
			dst = append(dst, n.codeOf(s))
			if t.formerCode {
				dst = append(dst, n.formerCodeOf(s))
			}
		case identity.KindCard:
			dst = t.appendCards(dst, n.codeOf(s))
		}
	}
	return dst
}
