package identity

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// nameField reads the name on a paper card: hexadecimal UTF-8; hexadecimal UTF-16 of either byte order, which some
// issuing software wrote; or plain text. A name like "DE" is good hexadecimal too, so decoded bytes count only when
// they spell something in Latin letters. It reports whether the field could be read; "-" and nothing are no name.
func (p *Payload) nameField(b []byte, as reading) bool {
	if len(b) == 0 || string(b) == "-" {
		return true
	}
	var decoded [MaxNameLen]byte
	n, state := unhex(decoded[:], b, as != plainScan)
	if state == hexBytes {
		if size := spell(p.buf[:], decoded[:n]); size > 0 {
			p.Name = p.buf[:size]
			return true
		}
	}
	// Hexadecimal digits that spell nothing are a damaged scan, not a name; letters alone may be one.
	if state != notHex && hasDigit(b) {
		return false
	}
	if CheckName(b) != FaultNone {
		return false
	}
	p.Name = b
	return true
}

// spell writes src to dst in UTF-8 if it spells a name in one of the encodings in use; it returns the length, or 0.
func spell(dst, src []byte) int {
	if n := fromUTF8(dst, src); n > 0 {
		return n
	}
	if n := fromUTF16(dst, src, 0, 1); n > 0 {
		return n
	}
	return fromUTF16(dst, src, 1, 0)
}

// What unhex found.
type hexState uint8

const (
	notHex   hexState = iota // something that is no hexadecimal digit
	hexOdd                   // hexadecimal digits, but not whole bytes or too many
	hexBytes                 // whole bytes
)

// unhex decodes hexadecimal digits into dst and returns how many bytes it wrote. With strokes, đ is the digit 0.
func unhex(dst, src []byte, strokes bool) (n int, state hexState) {
	high, half, fits := byte(0), false, true
	for i := 0; i < len(src); {
		v, size := nibble(src[i:], strokes)
		if size == 0 {
			return 0, notHex
		}
		i += size
		if half = !half; half {
			high = v << 4
			continue
		}
		if fits = fits && n < len(dst); fits {
			dst[n] = high | v
			n++
		}
	}
	if half || !fits {
		return 0, hexOdd
	}
	return n, hexBytes
}

func nibble(b []byte, strokes bool) (v byte, size int) {
	switch c := lower(b[0]); {
	case isDigit(c):
		return c - '0', 1
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, 1
	case strokes:
		return 0, strokeAt(b)
	}
	return 0, 0
}

func hasDigit(b []byte) bool { return slices.ContainsFunc(b, isDigit) }

// fromUTF8 copies src if it spells a name in UTF-8; it returns the length, or 0.
func fromUTF8(dst, src []byte) int {
	letters := false
	for i := 0; i < len(src); {
		r, size := utf8.DecodeRune(src[i:])
		if !nameRune(r) {
			return 0
		}
		letters = letters || unicode.IsLetter(r)
		i += size
	}
	if !letters {
		return 0
	}
	return copy(dst, src)
}

// fromUTF16 converts src if it spells a name in UTF-16 with the high and low byte of each unit at the given places; it
// returns the length in UTF-8, or 0. No letter of a name needs a surrogate, so half of one is as wrong as a pair.
func fromUTF16(dst, src []byte, high, low int) int {
	if len(src)%2 != 0 {
		return 0
	}
	n, letters := 0, false
	for i := 0; i < len(src); i += 2 {
		r := rune(src[i+high])<<8 | rune(src[i+low])
		if i == 0 && r == '\ufeff' {
			continue
		}
		if !nameRune(r) || n+utf8.UTFMax > len(dst) {
			return 0
		}
		letters = letters || unicode.IsLetter(r)
		n += utf8.EncodeRune(dst[n:], r)
	}
	if !letters {
		return 0
	}
	return n
}

// nameRune tells whether r can stand in a decoded name: Latin letters and their marks, blanks and punctuation.
func nameRune(r rune) bool {
	switch {
	case r == utf8.RuneError:
		return false
	case r < utf8.RuneSelf:
		return r >= ' ' && r < 0x7f && (r < '0' || r > '9')
	}
	return unicode.Is(unicode.Latin, r) || unicode.Is(unicode.Mn, r) || unicode.IsPunct(r) || r == '\u00a0'
}
