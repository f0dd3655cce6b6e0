package verify

import (
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// trait is what folding met on its way: it tells which rung of the ladder an agreement owes itself to.
type trait uint8

const (
	traitForm      trait = 1 << iota // something that the composed form writes otherwise
	traitLookalike                   // ð for đ
	traitPunct                       // punctuation, left out
	traitSoft                        // a soft hyphen
)

// spelling says how folding treats what may or may not be part of a name.
type spelling uint8

const (
	punctAsSpace   spelling = 1 << iota // H'Loan as H Loan rather than HLoan
	dropSoftHyphen                      // otherwise it is a letter of its own, which agrees with nothing
)

// folder turns a name into letters: case, spacing, Unicode form, look-alikes and punctuation no longer matter. Its
// buffer must hold lettersPerByte times the bytes of the name. The methods never set out, so that it may be on the
// stack of whoever made it.
type folder struct {
	out      []letter
	n        int    // letters in out
	marks    letter // the mark bits of all letters
	traits   trait
	spelling spelling
	base     int  // index in out of the letter that the next mark belongs to, -1: none
	pending  bool // a blank was met since the last letter
}

// lettersPerByte bounds from above how many letters a byte can become: two bytes of Greek become one letter and two marks.
const lettersPerByte = 2

// letters returns the folded name, words parted by one blank.
func (f *folder) letters() []letter { return f.out[:f.n] }

// marked tells whether any letter bears a mark, Vietnamese or other.
func (f *folder) marked() bool { return f.marks&markMask != 0 }

// fold takes a UTF-8 name apart. Bytes that are not UTF-8 become letters that agree only with themselves.
func (f *folder) fold(name []byte, s spelling) {
	f.n, f.marks, f.traits, f.spelling, f.base, f.pending = 0, 0, 0, s, -1, false
	for i := 0; i < len(name); {
		l, size := lowLetters[name[i]], 1
		if name[i] >= utf8.RuneSelf {
			l, size = letterAt(name[i:])
		}
		if l&classMask == 0 {
			f.letter(l)
		} else {
			f.special(l, name[i:i+size])
		}
		i += size
	}
}

// letterAt returns the first character of a text, which must not be empty, and its length in bytes. What Vietnamese is
// made of in UTF-8 (one byte; two from C3 to CD; three from E1 B8 to E1 BB) does not go through the general decoder.
func letterAt(b []byte) (l letter, size int) {
	c := b[0]
	switch {
	case c < utf8.RuneSelf:
		return lowLetters[c], 1
	case c >= 0xc3 && c < 0xc0|lowEnd>>6 && len(b) > 1 && b[1]&0xc0 == 0x80:
		return lowLetters[rune(c&0x1f)<<6|rune(b[1]&0x3f)], 2
	case c == 0xe1 && len(b) > 2 && b[1]&0xfc == 0xb8 && b[2]&0xc0 == 0x80:
		return highLetters[rune(b[1]&3)<<6|rune(b[2]&0x3f)], 3
	}
	r, size := utf8.DecodeRune(b)
	if r == utf8.RuneError && size == 1 {
		return letter(utf8.MaxRune) + 1 + letter(c), 1
	}
	return lookup(r), size
}

func (f *folder) add(l letter) {
	if f.n < len(f.out) {
		f.out[f.n] = l
		f.n++
	}
}

func (f *folder) letter(l letter) {
	if f.pending && f.n > 0 {
		f.add(' ')
	}
	f.pending = false
	f.base = f.n
	f.add(l)
	f.marks |= l
}

// special takes whatever is not a letter; char is the same character as it was written.
func (f *folder) special(l letter, char []byte) {
	switch l & classMask {
	case classSpace:
		f.space()
	case classPunct:
		f.traits |= traitPunct
		if f.spelling&punctAsSpace != 0 {
			f.space()
		}
	case classInvisible:
		f.traits |= traitForm
	case classSoft:
		f.traits |= traitSoft
		if f.spelling&dropSoftHyphen == 0 {
			f.letter('\u00ad')
		}
	case classMark:
		f.mark(l &^ classMask)
	case classOther:
		f.other(l &^ classMask)
	case classLookalike:
		f.traits |= traitLookalike
		f.letter(l &^ classMask)
	case classGeneral:
		f.general(char)
	}
}

func (f *folder) space() { f.pending, f.base = true, -1 }

// general takes a character by its canonical decomposition, which is complete: nothing in it decomposes further.
func (f *folder) general(char []byte) {
	form := f.traits & traitForm // what is written composed is not decomposed
	d := norm.NFD.Properties(char).Decomposition()
	for len(d) > 0 {
		l, size := letterAt(d)
		if l&classMask == 0 {
			f.letter(l)
		} else if l&classMask != classGeneral {
			f.special(l, d[:size])
		}
		d = d[size:]
	}
	f.traits = f.traits&^traitForm | form
}

// mark puts a shape mark or a tone on the letter before it, whichever of the two came first in the text. A second mark
// of the same sort cannot be Vietnamese; the greater of the two then stands behind the letter like a foreign mark.
func (f *folder) mark(m letter) {
	f.traits |= traitForm
	f.needBase()
	l, field := &f.out[f.base], shapeMask
	if m&toneMask != 0 {
		field = toneMask
	}
	f.marks |= m
	was := *l & field
	if was == 0 {
		*l |= m
		return
	}
	*l = *l&^field | min(was, m)
	f.behind(max(was, m))
}

// other keeps a mark that is not Vietnamese behind its letter.
func (f *folder) other(m letter) {
	f.traits |= traitForm
	f.needBase()
	f.marks |= markMask
	f.behind(m | classOther)
}

func (f *folder) needBase() {
	if f.base < 0 {
		f.letter(placeholder)
	}
}

// behind inserts a mark among those behind the current letter, in an order of its own, so that the order in which they
// were typed does not matter.
func (f *folder) behind(m letter) {
	f.add(m)
	for i := f.n - 2; i > f.base && f.out[i] > m; i-- {
		f.out[i+1], f.out[i] = f.out[i], m
	}
}
