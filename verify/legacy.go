package verify

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// Old hospital software keeps names in fonts whose letters are drawn over Latin ones, in TCVN3 (ABC) or VNI. Read as
// Latin-1 and sent as UTF-8, Nguyễn Văn Mẫu arrives as "NguyÔn V¨n MÉu" or "Nguyeãn Vaên Maãu". Such text often looks
// like Vietnamese that is merely wrong, so it is never converted on sight: a claim that agreed with the record in no
// other way is decoded whole, and counts only if the result is the record's name and two things speak for the decoding.

// enoughEvidence keeps ordinary claims from being decoded into somebody else's name: the Vietnamese "Sôn" is VNI for
// "Sơn", so one ordinary letter that only the decoding explains may be chance; two are not.
const enoughEvidence = 2

// legacy tries both encodings. The letters of the claim are overwritten.
func (c *comparison) legacy(claim []byte) Rung {
	placeTones(c.record.letters())
	d := legacyText{rest: claim, out: c.claim.out}
	if d.tcvn3() && c.reproducedBy(&d) {
		return RungTCVN3
	}
	d = legacyText{rest: claim, out: c.claim.out}
	if d.vni() && c.reproducedBy(&d) {
		return RungVNI
	}
	return RungMismatch
}

// reproducedBy tells whether a decoded claim is the record's name and not by chance.
func (c *comparison) reproducedBy(d *legacyText) bool {
	if d.evidence < enoughEvidence {
		return false
	}
	decoded := d.out[:d.n]
	placeTones(decoded)
	if c.loose {
		yToI(decoded)
	}
	return slices.Equal(c.record.letters(), decoded)
}

// legacyText is a claim being read as legacy text.
type legacyText struct {
	rest     []byte
	out      []letter
	n        int  // letters in out
	evidence int  // how much speaks for this reading and against ordinary text
	pending  bool // a blank was met since the last letter
	lower    int  // how many small ASCII letters stand before, in this word
	upper    int  // likewise capitals
}

// next takes the next character, or reports the end. Legacy text has none beyond Latin-1; ok is false for those.
func (d *legacyText) next() (r rune, ok bool) {
	r, size := utf8.DecodeRune(d.rest)
	d.rest = d.rest[size:]
	return r, r <= 0xff
}

// plain takes the characters that mean the same in every encoding. It reports whether r was one.
func (d *legacyText) plain(r rune) bool {
	l := lowLetters[r]
	switch {
	case l&classMask == classSpace:
		d.pending, d.lower, d.upper = true, 0, 0
	case r >= utf8.RuneSelf:
		return false
	case l&classMask == 0:
		d.put(l)
		d.count(r)
	}
	return true
}

func (d *legacyText) count(r rune) {
	switch {
	case r >= 'a' && r <= 'z':
		d.lower++
	case r >= 'A' && r <= 'Z':
		d.upper++
	}
}

func (d *legacyText) put(l letter) {
	if d.pending && d.n > 0 {
		d.add(' ')
	}
	d.pending = false
	d.add(l)
}

func (d *legacyText) add(l letter) {
	if d.n < len(d.out) {
		d.out[d.n] = l
		d.n++
	}
}

// weigh counts what a legacy character says against the claim being ordinary text: twice if Vietnamese has no such
// character or would not write it in this case here, once if the decoding changes it, not at all if it stays itself.
func (d *legacyText) weigh(r rune, l letter) {
	switch {
	case !vietnamese(r), unicode.IsUpper(r) && d.lower > 0, unicode.IsLower(r) && d.lower == 0 && d.upper > 1:
		d.evidence += 2
	case lowLetters[r] != l:
		d.evidence++
	}
}

// vietnamese tells whether a Latin-1 character beyond ASCII is a letter of Vietnamese.
func vietnamese(r rune) bool {
	switch r {
	case 'À', 'Á', 'Â', 'Ã', 'È', 'É', 'Ê', 'Ì', 'Í', 'Ò', 'Ó', 'Ô', 'Õ', 'Ù', 'Ú', 'Ý',
		'à', 'á', 'â', 'ã', 'è', 'é', 'ê', 'ì', 'í', 'ò', 'ó', 'ô', 'õ', 'ù', 'ú', 'ý':
		return true
	}
	return false
}
