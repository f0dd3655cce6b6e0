package identity

// Limits of the packed forms: the first number that is too large for the kind.
const (
	packedIDs   = 1_000_000_000_000
	packedCodes = 10_000_000_000
	packedCards = 26 * 26 * cardDigits
	cardDigits  = 10_000_000_000_000 // what the 13 digits after the two letters of a card can tell apart
)

// PackKey returns k as a number: an ID number and a code stand for themselves, a 15-character card is
// (c1*26+c2)*10^13 + its 13 digits, c being the letter counted from A. Packed keys of one kind sort like their text and
// are equal only for equal keys; two kinds share their numbers, so the kind travels beside them. ok is false for the
// zero Key, the 17-character card and anything that is not made of the characters its kind allows.
func PackKey(k Key) (packed uint64, ok bool) {
	b := k.b[:k.n]
	switch {
	case k.kind == KindID && k.n == 12, k.kind == KindCode && k.n == 10:
		return packDigits(0, b)
	case k.kind == KindCard && k.n == cardLen:
		c1, c2 := b[0]-'A', b[1]-'A'
		if c1 >= 26 || c2 >= 26 {
			return 0, false
		}
		return packDigits(uint64(c1)*26+uint64(c2), b[2:])
	}
	return 0, false
}

// UnpackKey is the inverse of [PackKey]. ok is false when packed is out of the kind's range.
func UnpackKey(kind Kind, packed uint64) (k Key, ok bool) {
	switch {
	case kind == KindID && packed < packedIDs:
		return unpackDigits(Key{kind: kind, n: 12}, 0, packed), true
	case kind == KindCode && packed < packedCodes:
		return unpackDigits(Key{kind: kind, n: 10}, 0, packed), true
	case kind == KindCard && packed < packedCards:
		letters := packed / cardDigits
		k = Key{kind: kind, n: cardLen}
		k.b[0], k.b[1] = byte('A'+letters/26), byte('A'+letters%26)
		return unpackDigits(k, 2, packed%cardDigits), true
	}
	return Key{}, false
}

// packDigits appends the decimal digits of b to acc.
func packDigits(acc uint64, b []byte) (uint64, bool) {
	for _, c := range b {
		d := c - '0'
		if d > 9 {
			return 0, false
		}
		acc = acc*10 + uint64(d)
	}
	return acc, true
}

// unpackDigits writes v as zero-padded digits into k from position first to its end.
func unpackDigits(k Key, first int, v uint64) Key {
	for i := int(k.n) - 1; i >= first; i-- {
		k.b[i] = byte('0' + v%10)
		v /= 10
	}
	return k
}
