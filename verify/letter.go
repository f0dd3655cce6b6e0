package verify

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// letter is a character of a name taken apart: the base letter in small form, and beside it the shape mark, the tone
// mark and the stroke of đ, so that two spellings of one letter are one value and marks can be moved or left out. In
// the tables a letter may also say what else a character is (its class).
type letter uint32

const (
	runeMask   letter = 1<<21 - 1
	shapeShift        = 21
	shapeMask  letter = 3 << shapeShift
	toneShift         = 23
	toneMask   letter = 7 << toneShift
	stroke     letter = 1 << 26
	markMask          = shapeMask | toneMask | stroke
	classMask  letter = 15 << 28
)

// The classes of characters. The zero class is a letter, which here is everything that is not one of the others.
const (
	classSpace     letter = (iota + 1) << 28
	classPunct            // apostrophe, hyphen, full stop: part of some names, left out by some clerks
	classInvisible        // joiners and direction marks: not there for whoever reads
	classSoft             // soft hyphen: invisible, unless the text is TCVN3
	classMark             // a combining mark of Vietnamese: shape or tone bits say which
	classOther            // a combining mark of another language
	classGeneral          // to be decomposed by the Unicode tables
	classLookalike        // letter bits: đ, as an Icelandic or African letter
)

// The shape marks and tones, as they are written in the bits of a letter.
const (
	circumflex letter = (iota + 1) << shapeShift
	breve
	horn
)

const (
	grave letter = (iota + 1) << toneShift
	hook
	tilde
	acute
	dotBelow
)

// marks are the combining characters of Vietnamese. U+0340 and U+0341 are other names for two of them.
var marks = map[rune]letter{
	0x0300: grave, 0x0340: grave, 0x0309: hook, 0x0303: tilde, 0x0301: acute, 0x0341: acute, 0x0323: dotBelow,
	0x0302: circumflex, 0x0306: breve, 0x031b: horn,
}

// placeholder carries a mark that has no letter before it (the dotted circle that fonts draw there).
const placeholder letter = 0x25cc

// The tables cover what Vietnamese names are made of, in every encoding seen so far; other characters go the general way.
const (
	lowEnd    = 0x0370
	highStart = 0x1e00
	highEnd   = 0x1f00
)

var (
	lowLetters = func() (table [lowEnd]letter) {
		tabulate(table[:], 0)
		return table
	}()
	highLetters = func() (table [highEnd - highStart]letter) {
		tabulate(table[:], highStart)
		return table
	}()
)

func tabulate(table []letter, first rune) {
	for i := range table {
		table[i] = analyse(first + rune(i))
	}
}

// lookup returns what r is, from the tables where they reach.
func lookup(r rune) letter {
	switch {
	case r < lowEnd:
		return lowLetters[r]
	case r >= highStart && r < highEnd:
		return highLetters[r-highStart]
	}
	return analyse(r)
}

// analyse takes a character apart by the Unicode tables.
func analyse(r rune) letter {
	switch r {
	case '\u200b':
		return classSpace
	case '\u00ad':
		return classSoft
	case '\u034f', '\u200c', '\u200d', '\u200e', '\u200f', '\u2060', '\ufeff':
		return classInvisible
	case '\'', '’', '‘', 'ʼ', '`', '´', '′', '-', '‐', '‑', '‒', '–', '—', '.', ',', '_', '"':
		return classPunct
	case 'đ', 'Đ':
		return 'd' | stroke
	case 'ð', 'Ð', 'ɖ', 'Ɖ':
		return classLookalike | 'd' | stroke
	}
	if unicode.IsSpace(r) {
		return classSpace
	}
	if m, ok := marks[r]; ok {
		return classMark | m
	}
	return decompose(r)
}

// decompose returns the letter r is composed of, or classGeneral when one letter and Vietnamese marks do not say it all.
func decompose(r rune) letter {
	var buf [utf8.UTFMax]byte
	p := norm.NFD.Properties(buf[:utf8.EncodeRune(buf[:], r)])
	d := p.Decomposition()
	switch {
	case d == nil && p.CCC() != 0:
		return classOther | letter(r)
	case d == nil:
		return letter(unicode.ToLower(r))
	}
	base, n := utf8.DecodeRune(d)
	l := analyse(base)
	if l&classMask != 0 { // a mark first, or an old name of a punctuation character
		return classGeneral
	}
	for d = d[n:]; len(d) > 0; d = d[n:] {
		var mark rune
		mark, n = utf8.DecodeRune(d)
		m, ok := marks[mark]
		if !ok || l&shapeMask != 0 && m&shapeMask != 0 || l&toneMask != 0 && m&toneMask != 0 {
			return classGeneral
		}
		l |= m
	}
	return l
}
