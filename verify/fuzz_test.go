package verify_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/verigate/verigate/verify"
)

func addPairs(f *testing.F) {
	f.Helper()
	for i, name := range people() {
		if i%10 != 0 {
			continue
		}
		for _, d := range distortions {
			f.Add(name, d.write(name))
		}
		old, _ := tcvn3(name)
		f.Add(name, old)
		old, _ = vni(name)
		f.Add(name, old)
	}
	for _, s := range []string{"", " ", "\xff\xfe", "\xed\xa0\x80", "\u0301", "a\u0301\u0300\u0323\u0302\u0306", "\u0344", "ΐ", "Å", "ſ", "İ",
		"각", "각", "\u00ad", "H'", "'", strings.Repeat("e\u0302", 200), strings.Repeat("a", verify.MaxNameLen+1), "Đ\u0335", "u\u031b\u0306"} {
		f.Add("Nguyễn Văn Mẫu", s)
		f.Add(s, s)
	}
}

// FuzzMatchName holds the ladder to what must be true of any two texts, and its folding to the reference.
func FuzzMatchName(f *testing.F) {
	addPairs(f)
	f.Fuzz(func(t *testing.T, record, claim string) {
		p := verify.DefaultPolicy()
		rung, initials := verify.NameRung(&p, []byte(record), []byte(claim))
		if again, _ := verify.NameRung(&p, []byte(record), []byte(claim)); again != rung {
			t.Fatalf("%v, then %v", rung, again)
		}
		if initials && rung != verify.RungMismatch {
			t.Fatalf("initials with %v", rung)
		}
		if (rung == verify.RungNone) != (record == "" || claim == "") || rung >= verify.Rungs {
			t.Fatalf("rung %d", rung)
		}
		if max(len(record), len(claim)) > verify.MaxNameLen || !utf8.ValidString(record) || !utf8.ValidString(claim) {
			return
		}
		if hangul(record) || hangul(claim) || strings.ContainsRune(record+claim, '\u00ad') {
			return // Korean syllables are not taken apart; a soft hyphen has a rule of its own
		}
		ref := reference(record)
		same := ref != "" && ref == reference(claim)
		if same != (rung >= verify.RungExact && rung <= verify.RungPunctuation) && !spacedPunctuation(rung, record, claim) {
			t.Fatalf("%+q against %+q: %v, but the reference folds to %+q and %+q", record, claim, rung, ref, reference(claim))
		}
	})
}

func hangul(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r >= 0xac00 && r <= 0xd7a3 })
}

// spacedPunctuation tells whether two names may agree because punctuation stands for a blank, which the reference does
// not know; and two texts of punctuation only are the same bytes, but no name.
func spacedPunctuation(rung verify.Rung, record, claim string) bool {
	return rung == verify.RungPunctuation || rung == verify.RungExact && record == claim
}

// FuzzUnicodeForm holds that no normalization form of a name is another name.
func FuzzUnicodeForm(f *testing.F) {
	for _, name := range people() {
		f.Add(name)
	}
	for _, s := range []string{"e\u0301\u0302", "\u0344", "ΐ", "Å", "İ", "ǘ", "ệ", "e\u0323\u0302", "e\u0302\u0323", "\u1e9b\u0323", "a\u0340"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if !utf8.ValidString(name) || hangul(name) || reference(name) == "" {
			return
		}
		for _, form := range []norm.Form{norm.NFC, norm.NFD} {
			other := form.String(name)
			if max(len(other), len(name)) > verify.MaxNameLen {
				return
			}
			if got := rungOf(name, other); got > verify.RungForm {
				t.Fatalf("%+q as %+q: %v", name, other, got)
			}
			if got := rungOf(other, name); got > verify.RungForm {
				t.Fatalf("%+q as %+q: %v", other, name, got)
			}
		}
	})
}

// FuzzLegacy encodes any Vietnamese text and expects it to be read back, and decodes any text without a fall.
func FuzzLegacy(f *testing.F) {
	for _, name := range people() {
		f.Add(name)
		old, _ := tcvn3(name)
		f.Add(old)
		old, _ = vni(name)
		f.Add(old)
	}
	f.Add("oà oá oã")
	f.Add("þ×ï÷")
	f.Fuzz(func(t *testing.T, name string) {
		name = norm.NFC.String(name)
		if !vietnameseOnly(name) {
			rungOf("Nguyễn Văn Mẫu", name)
			return
		}
		for _, encode := range []func(string) (string, int){tcvn3, vni} {
			claim, changed := encode(name)
			if max(len(claim), len(name)) > verify.MaxNameLen || changed < 2 {
				continue
			}
			if got := rungOf(name, claim); got == verify.RungMismatch {
				t.Fatalf("%q as %q: %v", name, claim, got)
			}
		}
	})
}

// vietnameseOnly tells whether a text has nothing but Vietnamese letters and blanks.
func vietnameseOnly(s string) bool {
	for _, r := range s {
		ascii := r == ' ' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !ascii && !strings.ContainsRune(vietnamese, r) && !strings.ContainsRune(strings.ToUpper(vietnamese), r) {
			return false
		}
	}
	return utf8.ValidString(s)
}
