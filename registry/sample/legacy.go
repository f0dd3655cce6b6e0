package sample

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// tcvn3 is the letter table of TCVN 5712-1 VN3 (the ABC fonts): one byte a letter.
var tcvn3 = map[rune]byte{
	'ă': 0xA8, 'â': 0xA9, 'ê': 0xAA, 'ô': 0xAB, 'ơ': 0xAC, 'ư': 0xAD, 'đ': 0xAE,
	'Ă': 0xA1, 'Â': 0xA2, 'Ê': 0xA3, 'Ô': 0xA4, 'Ơ': 0xA5, 'Ư': 0xA6, 'Đ': 0xA7,
	'à': 0xB5, 'ả': 0xB6, 'ã': 0xB7, 'á': 0xB8, 'ạ': 0xB9, 'ằ': 0xBB, 'ẳ': 0xBC, 'ẵ': 0xBD, 'ắ': 0xBE, 'ặ': 0xC6,
	'ầ': 0xC7, 'ẩ': 0xC8, 'ẫ': 0xC9, 'ấ': 0xCA, 'ậ': 0xCB, 'è': 0xCC, 'ẻ': 0xCE, 'ẽ': 0xCF, 'é': 0xD0, 'ẹ': 0xD1,
	'ề': 0xD2, 'ể': 0xD3, 'ễ': 0xD4, 'ế': 0xD5, 'ệ': 0xD6, 'ì': 0xD7, 'ỉ': 0xD8, 'ĩ': 0xDC, 'í': 0xDD, 'ị': 0xDE,
	'ò': 0xDF, 'ỏ': 0xE1, 'õ': 0xE2, 'ó': 0xE3, 'ọ': 0xE4, 'ồ': 0xE5, 'ổ': 0xE6, 'ỗ': 0xE7, 'ố': 0xE8, 'ộ': 0xE9,
	'ờ': 0xEA, 'ở': 0xEB, 'ỡ': 0xEC, 'ớ': 0xED, 'ợ': 0xEE, 'ù': 0xEF, 'ủ': 0xF1, 'ũ': 0xF2, 'ú': 0xF3, 'ụ': 0xF4,
	'ừ': 0xF5, 'ử': 0xF6, 'ữ': 0xF7, 'ứ': 0xF8, 'ự': 0xF9, 'ỳ': 0xFA, 'ỷ': 0xFB, 'ỹ': 0xFC, 'ý': 0xFD, 'ỵ': 0xFE,
}

// TCVN3 returns an NFC name as its TCVN3 bytes read as Latin-1, which is what such names look like after a careless
// conversion to Unicode. ok is false when a letter has no code: VN3 has no capitals with a tone.
func TCVN3(name string) (text string, ok bool) {
	var b strings.Builder
	for _, r := range name {
		code, has := tcvn3[r]
		switch {
		case has:
			b.WriteRune(rune(code))
		case r <= unicode.MaxASCII:
			b.WriteRune(r)
		default:
			return "", false
		}
	}
	return b.String(), true
}

// The tones as combining marks, in the order of VNI's columns: sắc, huyền, hỏi, ngã, nặng.
const vniTones = "\u0301\u0300\u0309\u0303\u0323"

// VNI's mark characters by tone, in that order: after a plain vowel (ơ and ư included), a circumflex, a breve; i has
// letters of its own.
const (
	vniPlain      = "ùøûõï"
	vniCircumflex = "áàåãä"
	vniBreve      = "éèúüë"
	vniI          = "íìæóò"
)

// VNI returns an NFC name as its VNI (Windows) bytes read as Latin-1. ok is false for a letter outside Vietnamese and for
// a capital with a mark other than Đ: whether its mark is written small or large depends on the typist.
func VNI(name string) (text string, ok bool) {
	var b strings.Builder
	for _, r := range name {
		switch {
		case r <= unicode.MaxASCII:
			b.WriteRune(r)
		case r == 'đ':
			b.WriteRune('ñ')
		case r == 'Đ':
			b.WriteRune('Ñ')
		default:
			code, ok := vniVowel(r)
			if !ok {
				return "", false
			}
			b.WriteString(code)
		}
	}
	return b.String(), true
}

// vniVowel encodes one small vowel with marks.
func vniVowel(r rune) (string, bool) {
	parts := []rune(norm.NFD.String(string(r)))
	base, tone, shape := parts[0], -1, rune(0)
	for _, mark := range parts[1:] {
		if i := strings.IndexRune(vniTones, mark); i >= 0 {
			tone = i / len("\u0300")
		} else {
			shape = mark
		}
	}
	if !strings.ContainsRune("aeiouy", base) {
		return "", false
	}
	switch {
	case base == 'y' && tone == 4:
		return "î", true
	case base == 'i':
		return vniMark(vniI, tone), true
	case shape == '\u0302':
		return composite(base, 'â', vniCircumflex, tone), true
	case shape == '\u0306':
		return composite(base, 'ê', vniBreve, tone), true
	case shape == '\u031b' && base == 'o':
		return "ô" + vniMark(vniPlain, tone), true
	case shape == '\u031b':
		return "ö" + vniMark(vniPlain, tone), true
	}
	return string(base) + vniMark(vniPlain, tone), true
}

// composite writes a vowel and the one character that stands for its shape and tone together.
func composite(base, untoned rune, toned string, tone int) string {
	if tone < 0 {
		return string(base) + string(untoned)
	}
	return string(base) + vniMark(toned, tone)
}

func vniMark(row string, tone int) string {
	if tone < 0 {
		return ""
	}
	return string([]rune(row)[tone])
}
