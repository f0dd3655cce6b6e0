package verify_test

import (
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// The distortions below are written from the descriptions of how clinics spell names, not from the code that undoes them.

// people are made-up names that between them bear every marked letter of Vietnamese.
func people() []string {
	surnames := strings.Fields(`Nguyễn Trần Lê Phạm Hoàng Huỳnh Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý Đinh Trịnh Đoàn Lương Phùng Tạ
		Quách Mạc Hứa Giàng Thạch Sầm Lường Quàng Khổng`)
	middles := strings.Fields(`Văn Thị Hữu Đức Ngọc Thanh Xuân Quốc Bảo Mỹ Khánh Thế Tường Nhật Kiều Cẩm Diễm Phượng Tuyết Hồng
		Đình Trọng Khắc Bích Tấn Như Vĩnh Sỹ Quý Nữ`)
	givens := strings.Fields(`Mẫu Hòa Thúy Hằng Dũng Tuấn Phước Lộc Thọ Nghĩa Ngãi Tiến Cường Thắng Hạnh Phúc Ánh Ngân Yến Nhị
		Thảo Vỹ Khoẻ Tuệ Bửu Dưỡng Ẩn Mẫn Điểm Hoà Kỳ Hỷ Luỹ Thuỵ Toả Hoạ Hoè Lễ Kẽm Bẻ Kỉnh Chị Tĩnh Trẻo Võng Sở Lỡ Lợi Tớ Hở Mừng
		Sửu Chữ Tự Vỡ Cằn Chẵn Cẳng Thặng Sẵn Xẻng Hẹn Đỏ Sổ Nỗ Độ Gỗ Lỗi Mỡ Tỵ Ỷ Ỹ Ỵ Thé Bó Thủ Phụng`)
	var names []string
	for i, given := range givens {
		names = append(names, surnames[i%len(surnames)]+" "+middles[(i*7)%len(middles)]+" "+given)
		names = append(names, surnames[(i*11+3)%len(surnames)]+" "+middles[(i*13+5)%len(middles)]+" "+middles[(i*3+1)%len(middles)]+" "+given)
	}
	return names
}

const vietnamese = "àảãáạăằẳẵắặâầẩẫấậèẻẽéẹêềểễếệìỉĩíịòỏõóọôồổỗốộơờởỡớợùủũúụưừửữứựỳỷỹýỵđ"

func TestPeopleBearEveryMark(t *testing.T) {
	all := strings.ToLower(strings.Join(people(), " "))
	for _, r := range vietnamese {
		if !strings.ContainsRune(all, r) {
			t.Errorf("no name bears %c", r)
		}
	}
	if n := len(people()); n < 100 {
		t.Errorf("%d names, want 100 or more", n)
	}
}

const tones = "\u0300\u0301\u0303\u0309\u0323"

func isTone(r rune) bool { return strings.ContainsRune(tones, r) }

// perLetter rewrites a name letter by letter: base letter, shape mark (0: none), tone (0: none).
func perLetter(name string, write func(b *strings.Builder, base, shape, tone rune)) string {
	var b strings.Builder
	for _, r := range norm.NFC.String(name) {
		parts := []rune(norm.NFD.String(string(r)))
		var shape, tone rune
		for _, m := range parts[1:] {
			if isTone(m) {
				tone = m
			} else {
				shape = m
			}
		}
		write(&b, parts[0], shape, tone)
	}
	return b.String()
}

func writeAll(b *strings.Builder, runes ...rune) {
	for _, r := range runes {
		if r != 0 {
			b.WriteRune(r)
		}
	}
}

func composed(runes ...rune) string {
	var b strings.Builder
	writeAll(&b, runes...)
	return norm.NFC.String(b.String())
}

// toneFirst writes the tone before the shape mark, as some keyboard drivers do; no normalization form repairs that.
func toneFirst(name string) string {
	return perLetter(name, func(b *strings.Builder, base, shape, tone rune) { writeAll(b, base, tone, shape) })
}

// toneComposed composes the tone with the letter and leaves the shape mark behind: é + circumflex.
func toneComposed(name string) string {
	return perLetter(name, func(b *strings.Builder, base, shape, tone rune) {
		b.WriteString(composed(base, tone))
		writeAll(b, shape)
	})
}

// shapeComposed composes the shape with the letter and leaves the tone behind, as Windows code page 1258 does.
func shapeComposed(name string) string {
	return perLetter(name, func(b *strings.Builder, base, shape, tone rune) {
		b.WriteString(composed(base, shape))
		writeAll(b, tone)
	})
}

func unaccented(name string) string {
	s := perLetter(name, func(b *strings.Builder, base, _, _ rune) { b.WriteRune(base) })
	return strings.NewReplacer("đ", "d", "Đ", "D").Replace(s)
}

func spaced(name string) string { return " \u00a0" + strings.ReplaceAll(name, " ", " \t\u200b") + "  " }

func icelandic(name string) string { return strings.NewReplacer("đ", "ð", "Đ", "Ð").Replace(name) }

func dotted(name string) string { return strings.ReplaceAll(name, " ", ". ") + "." }

// otherPlacement moves the tone of open oa, oe and uy to the other vowel.
func otherPlacement(name string) string {
	words := strings.Split(name, " ")
	for i, w := range words {
		d := []rune(norm.NFD.String(w))
		n := len(d)
		// Decomposed, the group is "o a TONE" or "o TONE a" at the end of the word.
		switch {
		case n >= 3 && isTone(d[n-1]) && isGroup(d[n-3], d[n-2]):
			d[n-2], d[n-1] = d[n-1], d[n-2]
		case n >= 3 && isTone(d[n-2]) && isGroup(d[n-3], d[n-1]):
			d[n-2], d[n-1] = d[n-1], d[n-2]
		}
		words[i] = norm.NFC.String(string(d))
	}
	return strings.Join(words, " ")
}

func isGroup(a, b rune) bool {
	pair := string([]rune{unicode.ToLower(a), unicode.ToLower(b)})
	return pair == "oa" || pair == "oe" || pair == "uy"
}

// tcvn3Bytes is VN3 of TCVN 5712:1993 by letter, from the standard's table.
var tcvn3Bytes = map[rune]rune{
	'Ă': 0xa1, 'Â': 0xa2, 'Ê': 0xa3, 'Ô': 0xa4, 'Ơ': 0xa5, 'Ư': 0xa6, 'Đ': 0xa7,
	'ă': 0xa8, 'â': 0xa9, 'ê': 0xaa, 'ô': 0xab, 'ơ': 0xac, 'ư': 0xad, 'đ': 0xae,
	'à': 0xb5, 'ả': 0xb6, 'ã': 0xb7, 'á': 0xb8, 'ạ': 0xb9, 'ằ': 0xbb, 'ẳ': 0xbc, 'ẵ': 0xbd, 'ắ': 0xbe, 'ặ': 0xc6,
	'ầ': 0xc7, 'ẩ': 0xc8, 'ẫ': 0xc9, 'ấ': 0xca, 'ậ': 0xcb, 'è': 0xcc, 'ẻ': 0xce, 'ẽ': 0xcf, 'é': 0xd0, 'ẹ': 0xd1,
	'ề': 0xd2, 'ể': 0xd3, 'ễ': 0xd4, 'ế': 0xd5, 'ệ': 0xd6, 'ì': 0xd7, 'ỉ': 0xd8, 'ĩ': 0xdc, 'í': 0xdd, 'ị': 0xde,
	'ò': 0xdf, 'ỏ': 0xe1, 'õ': 0xe2, 'ó': 0xe3, 'ọ': 0xe4, 'ồ': 0xe5, 'ổ': 0xe6, 'ỗ': 0xe7, 'ố': 0xe8, 'ộ': 0xe9,
	'ờ': 0xea, 'ở': 0xeb, 'ỡ': 0xec, 'ớ': 0xed, 'ợ': 0xee, 'ù': 0xef, 'ủ': 0xf1, 'ũ': 0xf2, 'ú': 0xf3, 'ụ': 0xf4,
	'ừ': 0xf5, 'ử': 0xf6, 'ữ': 0xf7, 'ứ': 0xf8, 'ự': 0xf9, 'ỳ': 0xfa, 'ỷ': 0xfb, 'ỹ': 0xfc, 'ý': 0xfd, 'ỵ': 0xfe,
}

// tcvn3 writes a name as TCVN3 text read as Latin-1. A capital with a tone is typed as the small letter's code: the
// capital font draws it large. It returns how many letters came out otherwise.
func tcvn3(name string) (text string, changed int) {
	var b strings.Builder
	for _, r := range name {
		code, ok := tcvn3Bytes[r]
		if !ok {
			code, ok = tcvn3Bytes[unicode.ToLower(r)]
		}
		if !ok {
			code = r
		}
		if code != r {
			changed++
		}
		b.WriteRune(code)
	}
	return b.String(), changed
}

// VNI's characters: rows by letter, columns acute, grave, hook, tilde, dot below.
var (
	vniColumns = []rune{0x0301, 0x0300, 0x0309, 0x0303, 0x0323}
	vniPlain   = []rune("ùøûõï")
	vniHat     = []rune("áàåãä")
	vniBreve   = []rune("éèúüë")
	vniI       = []rune("íìæóò")
)

// vni writes a name as VNI text read as Latin-1, capitals with capital mark characters. It returns how many letters came
// out otherwise.
func vni(name string) (text string, changed int) {
	text = perLetter(name, func(b *strings.Builder, base, shape, tone rune) {
		code := vniLetter(unicode.ToLower(base), shape, tone)
		if unicode.IsUpper(base) {
			code = strings.ToUpper(code)
		}
		if code != composed(base, shape, tone) {
			changed++
		}
		b.WriteString(code)
	})
	return text, changed
}

func vniLetter(base, shape, tone rune) string {
	column := -1
	for i, c := range vniColumns {
		if c == tone {
			column = i
		}
	}
	at := func(row []rune) string {
		if column < 0 {
			return ""
		}
		return string(row[column])
	}
	switch {
	case base == 'đ':
		return "ñ"
	case base == 'i' && column >= 0:
		return at(vniI)
	case base == 'y' && tone == 0x0323:
		return "î"
	case shape == 0x0302 && column < 0:
		return string(base) + "â"
	case shape == 0x0302:
		return string(base) + at(vniHat)
	case shape == 0x0306 && column < 0:
		return "aê"
	case shape == 0x0306:
		return "a" + at(vniBreve)
	case shape == 0x031b && base == 'o':
		return "ô" + at(vniPlain)
	case shape == 0x031b:
		return "ö" + at(vniPlain)
	}
	return string(base) + at(vniPlain)
}
