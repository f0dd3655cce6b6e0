package nation

import (
	"strings"
	"unicode/utf8"
)

// vowels lists the twelve vowels with their six tones: none, grave, hook, tilde, acute, dot below.
var vowels = [...]string{"aàảãáạ", "ăằẳẵắặ", "âầẩẫấậ", "eèẻẽéẹ", "êềểễếệ", "iìỉĩíị", "oòỏõóọ", "ôồổỗốộ", "ơờởỡớợ",
	"uùủũúụ", "ưừửữứự", "yỳỷỹýỵ", "AÀẢÃÁẠ", "ĂẰẲẴẮẶ", "ÂẦẨẪẤẬ", "EÈẺẼÉẸ", "ÊỀỂỄẾỆ", "IÌỈĨÍỊ", "OÒỎÕÓỌ", "ÔỒỔỖỐỘ", "ƠỜỞỠỚỢ",
	"UÙỦŨÚỤ", "ƯỪỬỮỨỰ", "YỲỶỸÝỴ"}

// bare is what each of vowels is without any mark.
const bare = "aaaeeiooouuyAAAEEIOOOUUY"

// letter is a vowel taken apart.
type letter struct {
	vowel int // index into vowels
	tone  int // 0 … 5
}

var letters = func() map[rune]letter {
	m := make(map[rune]letter)
	for v, row := range vowels {
		tone := 0
		for _, r := range row {
			m[r] = letter{v, tone}
			tone++
		}
	}
	return m
}()

// Unaccented drops every Vietnamese mark from an NFC text, đ becoming d.
func Unaccented(s string) string {
	return strings.Map(func(r rune) rune {
		if l, ok := letters[r]; ok {
			return rune(bare[l.vowel])
		}
		switch r {
		case 'đ':
			return 'd'
		case 'Đ':
			return 'D'
		}
		return r
	}, s)
}

// OtherTone gives one word of an NFC name another tone, so that it is another word with the same letters. Only words that
// begin with a consonant are touched, so the initials stay; the new word always bears a tone mark. It returns name itself
// when no word can be changed.
func OtherTone(name string, draw uint64) string {
	z := stream{draw}
	words := strings.Split(name, " ")
	for off, at := 0, z.below(len(words)); off < len(words); off++ {
		w := &words[(at+off)%len(words)]
		if changed := retone(*w, 1+z.below(4)); changed != *w {
			*w = changed
			return strings.Join(words, " ")
		}
	}
	return name
}

// retone moves the tone of a word by some of the five marks; a toneless word gets one where it would bear it.
func retone(w string, by int) string {
	first, _ := utf8.DecodeRuneInString(w)
	if _, vowel := letters[first]; vowel {
		return w
	}
	runes := []rune(w)
	at := toneAt(runes)
	if at < 0 {
		return w
	}
	l := letters[runes[at]]
	tone := by
	if l.tone > 0 {
		tone = 1 + (l.tone-1+by)%5
	}
	runes[at] = []rune(vowels[l.vowel])[tone]
	return string(runes)
}

// toneAt returns which letter of a word bears its tone or would bear one, or -1 without a vowel: the toned letter, else
// the last one with a shape mark, else the last vowel before a final consonant, else the last but one.
func toneAt(runes []rune) int {
	var plain []int
	shaped := -1
	for i, r := range runes {
		l, ok := letters[r]
		switch {
		case !ok:
		case l.tone > 0:
			return i
		case Unaccented(string(r)) != string(r):
			shaped = i
		case i > 0 && isGlide(runes[i-1], r) && i+1 < len(runes):
		default:
			plain = append(plain, i)
		}
	}
	switch {
	case shaped >= 0:
		return shaped
	case len(plain) == 0:
		return -1
	case len(plain) > 1 && plain[len(plain)-1] == len(runes)-1:
		return plain[len(plain)-2]
	}
	return plain[len(plain)-1]
}

// isGlide tells whether a letter belongs to the consonant before it, as in qu and gi.
func isGlide(before, r rune) bool {
	return strings.ContainsRune("qQ", before) && strings.ContainsRune("uU", r) ||
		strings.ContainsRune("gG", before) && strings.ContainsRune("iI", r)
}

// respelled are words that clerks take for one another: the same first letter, other letters after it.
var respelled = [...][2]string{{"Huỳnh", "Hoàng"}, {"Vũ", "Võ"}, {"Phúc", "Phước"}, {"Sơn", "San"}, {"Nhật", "Nhựt"},
	{"Thái", "Thới"}, {"Châu", "Chu"}, {"Linh", "Lin"}, {"Trang", "Trân"}, {"Hằng", "Hân"}, {"Dung", "Dương"},
	{"Thành", "Thiềng"}, {"Bảo", "Bửu"}, {"Minh", "Mạnh"}, {"Quang", "Quan"}, {"Quân", "Quang"}, {"Hùng", "Hồng"},
	{"Dũng", "Dõng"}, {"Sinh", "Sanh"}, {"Chính", "Chánh"}, {"Tùng", "Tòng"}, {"Long", "Lung"}, {"Nhân", "Nhơn"}}

// OtherSpelling misspells one word of an NFC name: another word that is taken for it, or the last word a letter short or
// long. The first letters of all words stay, and the result differs from name even without its marks.
func OtherSpelling(name string, draw uint64) string {
	words := strings.Split(name, " ")
	for off := range words {
		w := &words[(int(draw%64)+off)%len(words)]
		for _, pair := range respelled {
			if other := cased(*w, pair); other != "" {
				*w = other
				return strings.Join(words, " ")
			}
		}
	}
	last := &words[len(words)-1]
	if runes := []rune(*last); len(runes) > 2 {
		*last = string(runes[:len(runes)-1])
	} else {
		*last += "n"
	}
	return strings.Join(words, " ")
}

// cased returns the other word of a pair in the case of w, or "" when w is neither.
func cased(w string, pair [2]string) string {
	for i, one := range pair {
		switch w {
		case one:
			return pair[1-i]
		case strings.ToUpper(one):
			return strings.ToUpper(pair[1-i])
		}
	}
	return ""
}
