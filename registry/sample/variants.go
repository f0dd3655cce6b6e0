package sample

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/verigate/verigate/registry/nation"
)

// variants lists how one person's name gets written, by the causes that the matching rules name.
func variants() []pairKind {
	return []pairKind{
		variant("upper_case", strings.ToUpper),
		variant("lower_case", strings.ToLower),
		{"spacing", true, (*Corpus).respaced},
		{"punctuation", true, (*Corpus).punctuated},
		variant("nfd", norm.NFD.String),
		variant("upper_nfd", func(s string) string { return norm.NFD.String(strings.ToUpper(s)) }),
		variant("partly_composed", partlyComposed),
		variant("mark_order", toneFirst),
		variant("tone_placement", nation.OtherPlacement),
		variant("tone_placement_upper", upperIf(nation.OtherPlacement)),
		variant("lookalike_d", strings.NewReplacer("đ", "ð", "Đ", "Ð").Replace),
		legacyVariant("tcvn3", TCVN3, titleCase, (*Corpus).asIs),
		legacyVariant("tcvn3_capitals", TCVN3, strings.ToLower, (*Corpus).maybeShifted),
		legacyVariant("vni", VNI, titleCase, (*Corpus).asIs),
		legacyVariant("vni_upper", VNI, strings.ToLower, func(_ *Corpus, s string) string { return strings.ToUpper(s) }),
		oneLetterVariant("tcvn3_one_letter", TCVN3),
		oneLetterVariant("vni_one_letter", VNI),
		variant("unaccented", nation.Unaccented),
		variant("unaccented_upper", upperIf(nation.Unaccented)),
	}
}

// variant makes a kind of a rewriting.
func variant(name string, rewrite func(string) string) pairKind {
	return pairKind{name, true, func(_ *Corpus, who somebody) (string, bool) { return rewrite(who.name), true }}
}

// upperIf raises what a rewriting changed, and leaves names that it does not change.
func upperIf(rewrite func(string) string) func(string) string {
	return func(name string) string {
		other := rewrite(name)
		if other == name {
			return name
		}
		return strings.ToUpper(other)
	}
}

// unseen are blanks of all sorts, and what is no blank but leaves no trace either.
var unseen = [...]string{"  ", "   ", "\u00a0", " \t", " \u200b", "\u2009"}

func (c *Corpus) respaced(who somebody) (string, bool) {
	name := strings.ReplaceAll(who.name, " ", unseen[c.rng.IntN(len(unseen))])
	switch c.rng.IntN(4) {
	case 0:
		name = "  " + name
	case 1:
		name += " "
	case 2:
		name = "\u00a0" + name + "\t"
	}
	return name, true
}

// punctuated ends the name with a full stop; an apostrophe comes out typographic, doubled as by an SQL habit, or not.
func (c *Corpus) punctuated(who somebody) (string, bool) {
	name := strings.ReplaceAll(who.name, "'", [...]string{"’", "''", ""}[c.rng.IntN(3)])
	if name == who.name {
		name += "."
	}
	return name, true
}

// partlyComposed leaves each tone as a mark of its own on the shaped vowel, as the code page 1258 does.
func partlyComposed(name string) string {
	return perLetter(name, func(base string, shape, tone rune) string {
		if shape != 0 {
			base = norm.NFC.String(base + string(shape))
		}
		return base + mark(tone)
	})
}

// toneFirst writes tone, then shape, as some drivers type them.
func toneFirst(name string) string {
	return perLetter(name, func(base string, shape, tone rune) string { return base + mark(tone) + mark(shape) })
}

func mark(r rune) string {
	if r == 0 {
		return ""
	}
	return string(r)
}

// perLetter rewrites every letter that bears a tone.
func perLetter(name string, write func(base string, shape, tone rune) string) string {
	var b strings.Builder
	for _, r := range name {
		parts := []rune(norm.NFD.String(string(r)))
		var shape, tone rune
		for _, m := range parts[1:] {
			if strings.ContainsRune(vniTones, m) {
				tone = m
			} else {
				shape = m
			}
		}
		if tone == 0 {
			b.WriteRune(r)
			continue
		}
		b.WriteString(write(string(parts[:1]), shape, tone))
	}
	return b.String()
}

// legacyVariant makes a kind of a legacy encoding of names that it writes otherwise in at least two letters.
func legacyVariant(kind string, encode func(string) (string, bool), prepare func(string) string, finish func(*Corpus, string) string) pairKind {
	return pairKind{kind, true, func(c *Corpus, who somebody) (string, bool) {
		name := prepare(who.name)
		claim, ok := encode(name)
		return finish(c, claim), ok && recoded(name, encode) >= 2
	}}
}

// oneLetterVariant makes a kind of the names of which a legacy encoding writes one letter otherwise. They are counted
// apart because such a claim is as likely a misspelling: "Phan Sôn" is VNI for Phan Sơn.
func oneLetterVariant(kind string, encode func(string) (string, bool)) pairKind {
	return pairKind{kind, true, func(_ *Corpus, who somebody) (string, bool) {
		name := titleCase(who.name)
		claim, ok := encode(name)
		return claim, ok && recoded(name, encode) == 1
	}}
}

func (c *Corpus) asIs(claim string) string { return claim }

// maybeShifted raises the plain letters half the time: fonts that show small letters as capitals do not care.
func (c *Corpus) maybeShifted(claim string) string {
	if c.rng.IntN(2) == 0 {
		return claim
	}
	return strings.Map(func(r rune) rune {
		if r <= unicode.MaxASCII {
			return unicode.ToUpper(r)
		}
		return r
	}, claim)
}
