package verify

import (
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// trait is what folding met on its way: it tells which rung of the ladder an agreement owes itself to.
type trait uint8

const (
	traitMarked    trait = 1 << iota // a letter with a Vietnamese or other mark
	traitForm                        // a mark written as its own character
	traitLookalike                   // ð for đ
	traitPunct                       // punctuation, left out
	traitSoft                        // a soft hyphen
	traitWide                        // a character outside ASCII
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
	n        int // letters in out
	traits   trait
	spelling spelling
	base     int  // index in out of the letter that the next mark belongs to, -1: none
	pending  bool // a blank was met since the last letter
}

// lettersPerByte bounds from above how many letters a byte can become: two bytes of Greek become one letter and two marks.
const lettersPerByte = 2

// letters returns the folded name, words parted by one blank.
func (f *folder) letters() []letter { return f.out[:f.n] }

// fold takes a UTF-8 name apart. Bytes that are not UTF-8 become letters that agree only with themselves.
func (f *folder) fold(name []byte, s spelling) {
	f.n, f.traits, f.spelling, f.base, f.pending = 0, 0, s, -1, false
	for i := 0; i < len(name); {
		if c := name[i]; c < utf8.RuneSelf {
			f.put(lowLetters[c])
			i++
			continue
		}
		f.traits |= traitWide
		r, size := utf8.DecodeRune(name[i:])
		l := lookup(r)
		switch {
		case r == utf8.RuneError && size == 1:
			f.letter(letter(utf8.MaxRune) + 1 + letter(name[i]))
		case l&classMask == classGeneral:
			f.general(name[i : i+size])
		default:
			f.put(l)
		}
		i += size
	}
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
	if l&markMask != 0 {
		f.traits |= traitMarked
	}
}

// put takes any character but those for general.
func (f *folder) put(l letter) {
	if l&classMask == 0 {
		f.letter(l)
		return
	}
	f.special(l)
}

func (f *folder) special(l letter) {
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
	}
}

func (f *folder) space() { f.pending, f.base = true, -1 }

// general takes a character by its canonical decomposition.
func (f *folder) general(char []byte) {
	d := norm.NFD.Properties(char).Decomposition()
	for len(d) > 0 {
		r, size := utf8.DecodeRune(d)
		l := lookup(r)
		if l&classMask == classGeneral { // cannot be: decompositions are complete
			l = letter(r)
		}
		f.put(l)
		d = d[size:]
	}
}

// mark puts a shape mark or a tone on the letter before it, whichever of the two came first in the text. A second mark
// of the same sort cannot be Vietnamese; the greater of the two then stands behind the letter like a foreign mark.
func (f *folder) mark(m letter) {
	f.traits |= traitForm | traitMarked
	f.needBase()
	l, field := &f.out[f.base], shapeMask
	if m&toneMask != 0 {
		field = toneMask
	}
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
	f.traits |= traitForm | traitMarked
	f.needBase()
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
