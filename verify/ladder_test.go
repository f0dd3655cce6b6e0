package verify_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"github.com/verigate/verigate/verify"
)

func rungOf(record, claim string) verify.Rung {
	p := verify.DefaultPolicy()
	r, _ := verify.NameRung(&p, []byte(record), []byte(claim))
	return r
}

// distortions are ways to write the same name, each with the highest rung it may need.
var distortions = []struct {
	name  string
	write func(string) string
	rung  verify.Rung
}{
	{"upper case", strings.ToUpper, verify.RungCase},
	{"lower case", strings.ToLower, verify.RungCase},
	{"spacing", spaced, verify.RungCase},
	{"NFD", norm.NFD.String, verify.RungForm},
	{"tone before shape", toneFirst, verify.RungForm},
	{"tone composed, shape apart", toneComposed, verify.RungForm},
	{"shape composed, tone apart (code page 1258)", shapeComposed, verify.RungForm},
	{"capitals, decomposed, spaced", func(s string) string { return spaced(norm.NFD.String(strings.ToUpper(s))) }, verify.RungForm},
	{"byte order mark, joiners", func(s string) string { return "\ufeff" + strings.ReplaceAll(s, "n", "n\u200d") }, verify.RungForm},
	{"Icelandic eth", icelandic, verify.RungLookalike},
	{"full stops", dotted, verify.RungPunctuation},
	{"hyphens for blanks", func(s string) string { return strings.ReplaceAll(s, " ", "-") }, verify.RungPunctuation},
	{"tone on the other vowel", otherPlacement, verify.RungTone},
	{"tone on the other vowel, capitals", func(s string) string { return strings.ToUpper(otherPlacement(s)) }, verify.RungTone},
	{"tone on the other vowel, decomposed", func(s string) string { return norm.NFD.String(otherPlacement(s)) }, verify.RungTone},
	{"no marks", unaccented, verify.RungUnaccented},
	{"no marks, capitals", func(s string) string { return strings.ToUpper(unaccented(s)) }, verify.RungUnaccented},
}

func TestEveryDistortionLandsOnItsRung(t *testing.T) {
	for _, d := range distortions {
		t.Run(d.name, func(t *testing.T) {
			pairs := 0
			for _, name := range people() {
				claim := d.write(name)
				got := rungOf(name, claim)
				if got == verify.RungNone || got > d.rung {
					t.Errorf("%q as %+q: %v, want %v or lower", name, claim, got, d.rung)
				}
				if got == d.rung {
					pairs++
				}
			}
			least := 100
			if strings.HasPrefix(d.name, "tone on") || d.rung == verify.RungLookalike {
				least = 10 // not every name has such a group, or a đ
			}
			if pairs < least {
				t.Errorf("only %d pairs needed the rung %v", pairs, d.rung)
			}
		})
	}
}

// Names without a đ or an open oa, oe, uy say nothing about those rungs, so these have one.
func TestRareRungsHaveEnoughPairs(t *testing.T) {
	syllables := strings.Fields("Hòa Hóa Hỏa Hõa Họa Khòe Khóe Khỏe Khõe Khọe Thùy Thúy Thủy Thũy Thụy Quỳ Quý Quỷ Quỹ Quỵ Toà Toá Toả Toã Toạ")
	stroked := strings.Fields("Đỗ Đặng Đinh Đoàn Đào Đàm")
	placed, looked := 0, 0
	for i, name := range people() {
		record := stroked[i%len(stroked)] + " " + name + " " + syllables[i%len(syllables)]
		if got := rungOf(record, otherPlacement(record)); got != verify.RungTone {
			t.Errorf("%q as %q: %v", record, otherPlacement(record), got)
		} else {
			placed++
		}
		if got := rungOf(record, icelandic(record)); got != verify.RungLookalike {
			t.Errorf("%q as %q: %v", record, icelandic(record), got)
		} else {
			looked++
		}
	}
	if placed < 100 || looked < 100 {
		t.Errorf("%d and %d pairs, want 100 each", placed, looked)
	}
}

func TestLegacyTextIsReadBack(t *testing.T) {
	encodings := []struct {
		name   string
		encode func(string) (string, int)
		rung   verify.Rung
		write  func(string) string
	}{
		{"TCVN3", tcvn3, verify.RungTCVN3, strings.Clone},
		{"TCVN3, capital font", tcvn3, verify.RungTCVN3, strings.ToUpper},
		{"TCVN3, tone on the other vowel", tcvn3, verify.RungTCVN3, otherPlacement},
		{"VNI", vni, verify.RungVNI, strings.Clone},
		{"VNI, capitals", vni, verify.RungVNI, strings.ToUpper},
		{"VNI, tone on the other vowel", vni, verify.RungVNI, otherPlacement},
	}
	for _, e := range encodings {
		t.Run(e.name, func(t *testing.T) {
			pairs := 0
			for _, name := range people() {
				claim, changed := e.encode(e.write(name))
				got := rungOf(name, claim)
				if changed >= 2 && got != e.rung {
					t.Errorf("%q as %q: %v, want %v", name, claim, got, e.rung)
				}
				if got == e.rung {
					pairs++
				}
			}
			if pairs < 100 {
				t.Errorf("only %d pairs", pairs)
			}
		})
	}
}

// What must never pass for the same name, however alike.
func TestDifferentNamesStayDifferent(t *testing.T) {
	for _, name := range people() {
		runes := []rune(name)
		for i, r := range runes {
			for _, other := range lookAlikes(r) {
				changed := append([]rune{}, runes...)
				changed[i] = other
				if claim := string(changed); rungOf(name, claim) != verify.RungMismatch {
					t.Errorf("%q against %q: %v", name, claim, rungOf(name, claim))
				}
			}
		}
	}
}

// lookAlikes returns the letters that differ from a marked vowel in its tone, and those in its shape, each still marked.
func lookAlikes(r rune) []rune {
	parts := []rune(norm.NFD.String(string(r)))
	if len(parts) == 1 {
		return nil
	}
	var others []rune
	for _, shape := range []string{"", "\u0302", "\u0306", "\u031b"} {
		for _, tone := range []string{"", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323"} {
			s := norm.NFC.String(string(parts[:1]) + shape + tone)
			if other := []rune(s); len(other) == 1 && other[0] != r && s != string(parts[:1]) {
				others = append(others, other[0])
			}
		}
	}
	return others
}

func TestPartlyMarkedClaimIsNotUnaccented(t *testing.T) {
	for _, name := range people() {
		words := strings.Fields(name)
		for i := range words {
			claim := strings.Fields(unaccented(name))
			claim[i] = words[i]
			joined := strings.Join(claim, " ")
			if joined == name || joined == unaccented(name) {
				continue
			}
			if got := rungOf(name, joined); got != verify.RungMismatch {
				t.Errorf("%q against %q: %v", name, joined, got)
			}
		}
	}
}

func TestInitials(t *testing.T) {
	tests := []struct {
		record, claim string
		want          bool
	}{
		{"Nguyễn Văn Mẫu", "Nguyễn Văn Minh", true},
		{"Nguyễn Văn Mẫu", "NGUYEN VAN MINH", true},
		{"Nguyễn Văn Ánh", "Nguyễn Văn Ân", true},
		{"Nguyễn Văn Đức", "Nguyễn Văn Dức", true},
		{"Nguyễn Văn Đức", "  ngô   vĩnh  đạt ", true},
		{"H'Loan Niê", "H Niê", true},
		{"Nguyễn Văn Mẫu", "Nguyễn Văn Tú", false},
		{"Nguyễn Văn Mẫu", "Nguyễn Mẫu", false},
		{"Nguyễn Văn Mẫu", "Nguyễn Văn Mạnh Mẫu", false},
		{"Nguyễn Văn Mẫu", "Văn Nguyễn Mẫu", false},
		{"Nguyễn Văn Mẫu", "Nguyễn Văn Mẫu", false}, // they agree: there is nothing to soften
		{"Nguyễn Văn Mẫu", "Nguyen Van Mau", false},
		{"Nguyễn Văn Mẫu", ".", false},
	}
	p := verify.DefaultPolicy()
	for _, tt := range tests {
		if _, got := verify.MatchName(&p, []byte(tt.record), []byte(tt.claim)); got != tt.want {
			t.Errorf("%q against %q: %v, want %v", tt.record, tt.claim, got, tt.want)
		}
	}
}

// syllable draws something shaped like a Vietnamese syllable.
func syllable() *rapid.Generator[string] {
	onsets := strings.Fields("b c ch d đ g gh gi h k kh l m n ng ngh nh p ph qu r s t th tr v x")
	nuclei := strings.Fields("a ă â e ê i o ô ơ u ư y oa oe uy ia ua ưa iê uô ươ ai ao au âu eo êu oi ôi ơi ui ưi ưu uê uơ")
	codas := []string{"", "c", "ch", "m", "n", "ng", "nh", "p", "t"}
	return rapid.Custom(func(t *rapid.T) string {
		nucleus := []rune(rapid.SampledFrom(nuclei).Draw(t, "nucleus"))
		tone := rapid.SampledFrom([]string{"", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323"}).Draw(t, "tone")
		at := rapid.IntRange(0, len(nucleus)-1).Draw(t, "at")
		s := rapid.SampledFrom(onsets).Draw(t, "onset") + string(nucleus[:at+1]) + tone + string(nucleus[at+1:]) +
			rapid.SampledFrom(codas).Draw(t, "coda")
		r, size := utf8.DecodeRuneInString(s)
		return norm.NFC.String(strings.ToUpper(string(r)) + s[size:])
	})
}

func name() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(syllable(), 1, 5).Draw(t, "syllables"), " ")
	})
}

func TestDistortionsOfAnyName(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		record := name().Draw(t, "name")
		d := rapid.SampledFrom(distortions).Draw(t, "distortion")
		if got := rungOf(record, d.write(record)); got == verify.RungNone || got > d.rung {
			t.Fatalf("%q as %q (%s): %v, want %v or lower", record, d.write(record), d.name, got, d.rung)
		}
		for _, encode := range []func(string) (string, int){tcvn3, vni} {
			claim, changed := encode(record)
			if got := rungOf(record, claim); changed >= 2 && got == verify.RungMismatch {
				t.Fatalf("%q as %q: %v", record, claim, got)
			}
		}
	})
}

// Up to tone placement it does not matter which of two names is on record.
func TestLadderIsSymmetricBelowUnaccented(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := name().Draw(t, "a"), name().Draw(t, "b")
		if rapid.Bool().Draw(t, "related") {
			b = rapid.SampledFrom(distortions).Draw(t, "distortion").write(a)
		}
		p := verify.DefaultPolicy()
		p.LooseIY = rapid.Bool().Draw(t, "loose")
		there, initials := verify.NameRung(&p, []byte(a), []byte(b))
		back, backInitials := verify.NameRung(&p, []byte(b), []byte(a))
		if (there <= verify.RungLoose || back <= verify.RungLoose) && there != back {
			t.Fatalf("%q against %q: %v, the other way round %v", a, b, there, back)
		}
		if there == verify.RungMismatch && back == verify.RungMismatch && initials != backInitials {
			t.Fatalf("%q and %q: initials %v, the other way round %v", a, b, initials, backInitials)
		}
	})
}

// A policy that forgives more never turns agreement into disagreement.
func TestLooseOnlyAdds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := name().Draw(t, "a")
		b := rapid.SampledFrom(distortions).Draw(t, "distortion").write(a)
		strict, loose := verify.DefaultPolicy(), verify.DefaultPolicy()
		loose.LooseIY = true
		was, _ := verify.NameRung(&strict, []byte(a), []byte(b))
		is, _ := verify.NameRung(&loose, []byte(a), []byte(b))
		if was != verify.RungMismatch && is != was {
			t.Fatalf("%q against %q: %v became %v", a, b, was, is)
		}
	})
}

func TestLooseIY(t *testing.T) {
	strict, loose := verify.DefaultPolicy(), verify.DefaultPolicy()
	loose.LooseIY = true
	same := strings.Fields("Lý:Lí Ly:Li Mỹ:Mĩ Kỳ:Kì Sỹ:Sĩ Tỷ:Tỉ Hy:Hi Vy:Vi Thy:Thi Quý:Quí Quỳ:Quì Quy:Qui Quý:Qúi Kỵ:Kị Vỹ:Vĩ")
	other := strings.Fields("Thúy:Thúi Tây:Tâi Huy:Hui Duy:Dui Lynh:Linh Ý:Í Yến:Iến Hay:Hai Quỳnh:Quình Thùy:Thùi Lý:Lị Mỹ:Mì")
	pairs := 0
	for _, first := range people()[:20] {
		for i, list := range [][]string{same, other} {
			for _, pair := range list {
				y, iy, _ := strings.Cut(pair, ":")
				record, claim := []byte(first+" "+y), []byte(strings.ToUpper(first+" "+iy))
				if got, _ := verify.NameRung(&strict, record, claim); got != verify.RungMismatch {
					t.Errorf("%s against %s by default: %v", record, claim, got)
				}
				want := [...]verify.Rung{verify.RungLoose, verify.RungMismatch}[i]
				if got, _ := verify.NameRung(&loose, record, claim); got != want {
					t.Errorf("%s against %s, y as i: %v, want %v", record, claim, got, want)
				}
				pairs++
			}
		}
	}
	if pairs < 200 {
		t.Errorf("only %d pairs", pairs)
	}
}

// Names longer than any buffer on the stack, by the same rules.
func TestLongNames(t *testing.T) {
	long := strings.TrimSpace(strings.Repeat("Nguyễn Thị Hòa Thủy ", 16))
	for _, d := range distortions {
		claim := d.write(long)
		if len(claim) > verify.MaxNameLen {
			continue
		}
		if got := rungOf(long, claim); got == verify.RungNone || got > d.rung {
			t.Errorf("%s: %v, want %v or lower", d.name, got, d.rung)
		}
	}
	other := strings.Replace(long, "Hòa", "Hóa", 1)
	p := verify.DefaultPolicy()
	if got, initials := verify.MatchName(&p, []byte(long), []byte(other)); got != verify.FieldMismatch || !initials {
		t.Errorf("another tone: %v, initials %v", got, initials)
	}
	if claim, _ := tcvn3(long); rungOf(long, claim) != verify.RungTCVN3 {
		t.Errorf("TCVN3: %v", rungOf(long, claim))
	}
}

// Every character that Unicode takes apart, in every form, alone and as often as a name may hold it.
func TestEveryComposedCharacter(t *testing.T) {
	composed := 0
	for r := rune(0x80); r <= unicode.MaxRune; r++ {
		c := string(r)
		apart := norm.NFD.String(c)
		if apart == c || hangul(c) {
			continue
		}
		composed++
		many := strings.Repeat(c, verify.MaxNameLen/max(len(c), len(apart)))
		for _, name := range []string{c, "Nguyễn" + c, "Nguyễn " + c + "\u0301\u0323", many} {
			decomposed := norm.NFD.String(name) // longer than the parts where it has more than thirty marks in a row
			got := rungOf(name, decomposed)
			if got > verify.RungForm && reference(name) != "" && len(decomposed) <= verify.MaxNameLen {
				t.Errorf("%+q decomposed: %v", name, got)
			}
		}
	}
	if composed < 2000 {
		t.Errorf("only %d composed characters", composed)
	}
}

// A soft hyphen is ư in TCVN3 and nothing in any other text.
func TestSoftHyphen(t *testing.T) {
	tests := []struct {
		record, claim string
		want          verify.Rung
	}{
		{"Nguyễn Văn Mẫu", "Nguyễn Văn M\u00adẫu", verify.RungForm},
		{"Nguyễn Văn Mẫu", "NGUYỄN V\u00adĂN M\u00adẪU", verify.RungForm},
		{"Lê Hưng", "Lª H\u00adng", verify.RungTCVN3},
		{"Lê Hng", "Lê H\u00adng", verify.RungForm},
		{"Nguyễn Văn Mẫu", "Nguyễn Văn M\u00adậu", verify.RungMismatch},
	}
	for _, tt := range tests {
		if got := rungOf(tt.record, tt.claim); got != tt.want {
			t.Errorf("%q against %+q: %v, want %v", tt.record, tt.claim, got, tt.want)
		}
	}
}

// Names of people from elsewhere: the same rules, nothing Vietnamese assumed.
func TestForeignNames(t *testing.T) {
	tests := []struct {
		record, claim string
		want          verify.Rung
	}{
		{"Jürgen Müller", norm.NFD.String("JÜRGEN MÜLLER"), verify.RungForm},
		{"Jürgen Müller", "Jurgen Muller", verify.RungUnaccented},
		{"Jürgen Müller", "Juergen Mueller", verify.RungMismatch},
		{"Jürgen Müller", "Jürgen Muller", verify.RungMismatch},
		{"Ås Ångström", "A\u030as \u212bngstro\u0308m", verify.RungForm},
		{"Søren Łuczak", "SØREN ŁUCZAK", verify.RungCase},
		{"Søren Łuczak", "Soren Luczak", verify.RungMismatch},
		{"Ньюэн Ван", "НЬЮЭН ВАН", verify.RungCase},
		{"Nguyễn Văn A", "Nguyễn Văn А", verify.RungMismatch}, // Cyrillic А
		{"O'Brien", "O’BRIEN", verify.RungCase},
		{"O'Brien", "OBrien", verify.RungPunctuation},
	}
	for _, tt := range tests {
		if got := rungOf(tt.record, tt.claim); got != tt.want {
			t.Errorf("%q against %+q: %v, want %v", tt.record, tt.claim, got, tt.want)
		}
	}
}

func TestFieldResultsByRung(t *testing.T) {
	tests := []struct {
		record, claim string
		want          verify.FieldResult
	}{
		{"Nguyễn Văn Hòa", "Nguyễn Văn Hòa", verify.FieldMatch},
		{"Nguyễn Văn Hòa", "NGUYỄN VĂN HÒA", verify.FieldMatchNormalized},
		{"Nguyễn Văn Hòa", norm.NFD.String("Nguyễn Văn Hòa"), verify.FieldMatchNormalized},
		{"Nguyễn Văn Hòa", "Nguyễn Văn Hoà", verify.FieldMatchNormalized},
		{"Nguyễn Văn Hòa", "NguyÔn V¨n Hßa", verify.FieldMatchNormalized},
		{"Nguyễn Văn Hòa", "Nguyeãn Vaên Hoøa", verify.FieldMatchNormalized},
		{"Nguyễn Văn Hòa", "Nguyen Van Hoa", verify.FieldMatchUnaccented},
		{"Nguyễn Văn Hòa", "Nguyễn Văn Hoá", verify.FieldMismatch},
		{"Nguyễn Văn Hòa", "", verify.FieldNotGiven},
		{"", "Nguyễn Văn Hòa", verify.FieldNotOnRecord},
		{"", "", verify.FieldNotGiven},
		{"Nguyễn Văn Hòa", strings.Repeat("a", verify.MaxNameLen+1), verify.FieldMismatch},
		{"Nguyễn Văn Hòa", "'-.", verify.FieldMismatch},
	}
	p := verify.DefaultPolicy()
	for _, tt := range tests {
		if got, _ := verify.MatchName(&p, []byte(tt.record), []byte(tt.claim)); got != tt.want {
			t.Errorf("%q against %q: %v, want %v", tt.record, tt.claim, got, tt.want)
		}
	}
}
