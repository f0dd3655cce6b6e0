package nation

import (
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// tones are the combining marks of the five toned tones: huyền, sắc, ngã, hỏi, nặng.
const tones = "\u0300\u0301\u0303\u0309\u0323"

func isTone(r rune) bool  { return strings.ContainsRune(tones, r) }
func isMark(r rune) bool  { return r >= 0x300 && r < 0x370 }
func isVowel(r rune) bool { return strings.ContainsRune("aeiouyAEIOUY", r) }

func startsOpen(w string) bool {
	first, _ := utf8.DecodeRuneInString(norm.NFD.String(w))
	return isVowel(first)
}

// Unaccented drops every Vietnamese mark, đ becoming d.
func Unaccented(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == 'đ':
			return 'd'
		case r == 'Đ':
			return 'D'
		case isMark(r):
			return -1
		}
		return r
	}, norm.NFD.String(s))
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
	if startsOpen(w) {
		return w
	}
	runes, marks := []rune(norm.NFD.String(w)), []rune(tones)
	at, tone := toneAt(runes), by
	if i := slices.IndexFunc(runes, isTone); i >= 0 {
		tone = (slices.Index(marks, runes[i]) + by) % len(marks)
		runes = slices.Delete(runes, i, i+1)
		if at = i - 1; i < len(runes) && isMark(runes[i]) {
			at = i // dot below sorts before the shape mark, the other tones must follow it
		}
	}
	if at < 0 {
		return w
	}
	return norm.NFC.String(string(slices.Insert(runes, at+1, marks[tone])))
}

// toneAt returns after which rune of a decomposed toneless word its tone would stand, or -1 without a vowel: the last
// shape mark, else the last vowel before a final consonant, else the last but one.
func toneAt(runes []rune) int {
	var plain []int
	shaped := -1
	for i, r := range runes {
		switch {
		case isMark(r):
			shaped = i
		case isVowel(r) && !isGlide(runes, i):
			plain = append(plain, i)
		}
	}
	last := len(plain) - 1
	switch {
	case shaped >= 0:
		return shaped
	case last < 0:
		return -1
	case last > 0 && plain[last] == len(runes)-1:
		return plain[last-1]
	}
	return plain[last]
}

// isGlide tells whether a vowel belongs to the consonant before it, as in quan and gian.
func isGlide(runes []rune, i int) bool {
	if i == 0 || i+1 == len(runes) {
		return false
	}
	switch pair := string(runes[i-1 : i+1]); pair {
	case "qu", "Qu", "QU", "gi", "Gi", "GI":
		return true
	}
	return false
}

// placements maps the end of a word whose tone may stand on either vowel to its other spelling: an open oa, oe or uy.
var placements = exchanges([][2]string{{"òa", "oà"}, {"óa", "oá"}, {"ỏa", "oả"}, {"õa", "oã"}, {"ọa", "oạ"}, {"òe", "oè"},
	{"óe", "oé"}, {"ỏe", "oẻ"}, {"õe", "oẽ"}, {"ọe", "oẹ"}, {"ùy", "uỳ"}, {"úy", "uý"}, {"ủy", "uỷ"}, {"ũy", "uỹ"}, {"ụy", "uỵ"}})

// exchanges maps each of a pair to the other, in the case given and in capitals; of a word in two pairs the first counts.
func exchanges(pairs [][2]string) map[string]string {
	m := make(map[string]string)
	put := func(from, to string) {
		if _, taken := m[from]; !taken {
			m[from] = to
		}
	}
	for _, pair := range pairs {
		for i, one := range pair {
			put(one, pair[1-i])
			put(strings.ToUpper(one), strings.ToUpper(pair[1-i]))
		}
	}
	return m
}

// OtherPlacement moves the tone of every word of an NFC name that ends in an open oa, oe or uy to the other of the two
// vowels: another accepted spelling of the same name. It returns name itself when there is no such word.
func OtherPlacement(name string) string {
	for end := len(name); end > 0; {
		start := strings.LastIndexByte(name[:end], ' ') + 1
		if at, other := placedEnd(name[start:end]); other != "" {
			name = name[:start+at] + other + name[end:]
		}
		end = start - 1
	}
	return name
}

// placedEnd returns where the last two letters of a word begin and how else they can be written, "" when in no other way.
func placedEnd(w string) (at int, other string) {
	_, last := utf8.DecodeLastRuneInString(w)
	_, before := utf8.DecodeLastRuneInString(w[:len(w)-last])
	at = len(w) - last - before
	if at > 0 && (w[at-1] == 'q' || w[at-1] == 'Q') {
		return at, "" // in quý the u belongs to the consonant
	}
	return at, placements[w[at:]]
}

// respelled are words that clerks take for one another: the same first letter, other letters after it.
var respelled = exchanges([][2]string{{"Huỳnh", "Hoàng"}, {"Vũ", "Võ"}, {"Phúc", "Phước"}, {"Sơn", "San"}, {"Nhật", "Nhựt"},
	{"Thái", "Thới"}, {"Châu", "Chu"}, {"Linh", "Lin"}, {"Trang", "Trân"}, {"Hằng", "Hân"}, {"Dung", "Dương"},
	{"Thành", "Thiềng"}, {"Bảo", "Bửu"}, {"Minh", "Mạnh"}, {"Quang", "Quan"}, {"Quân", "Quang"}, {"Hùng", "Hồng"},
	{"Dũng", "Dõng"}, {"Sinh", "Sanh"}, {"Chính", "Chánh"}, {"Tùng", "Tòng"}, {"Long", "Lung"}, {"Nhân", "Nhơn"}})

// OtherSpelling misspells one word of an NFC name: another word that is taken for it, or the last word a letter short or
// long. The first letters of all words stay, and the result differs from name even without its marks.
func OtherSpelling(name string, draw uint64) string {
	words := strings.Split(name, " ")
	for off := range words {
		w := &words[(int(draw%64)+off)%len(words)]
		if other, ok := respelled[*w]; ok {
			*w = other
			return strings.Join(words, " ")
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
