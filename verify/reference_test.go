package verify_test

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// reference folds a name the slow and obvious way, by golang.org/x/text alone: decompose, small letters, one stroke for
// all look-alikes of đ, no punctuation, one blank between words, the marks of each letter in one order.
func reference(name string) string {
	var out strings.Builder
	var marks []rune
	flush := func() {
		slices.Sort(marks)
		out.WriteString(string(marks))
		marks = marks[:0]
	}
	base, pending := false, false
	start := func(r rune) {
		flush()
		if pending && out.Len() > 0 {
			out.WriteByte(' ')
		}
		out.WriteRune(r)
		base, pending = true, false
	}
	for _, r := range norm.NFD.String(name) {
		switch {
		case norm.NFD.PropertiesString(string(r)).CCC() != 0:
			if !base {
				start('◌')
			}
			marks = append(marks, r)
		case unicode.IsSpace(r) || r == '\u200b':
			pending, base = true, false
		case strings.ContainsRune("\u034f\u200c\u200d\u200e\u200f\u2060\ufeff", r):
		case strings.ContainsRune("'’‘ʼ`´′-‐‑‒–—.,_\"", r):
		case strings.ContainsRune("đĐðÐɖƉ", r):
			start('đ')
		default:
			start(unicode.ToLower(r))
		}
	}
	flush()
	return out.String()
}
