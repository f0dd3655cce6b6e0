package verify

import (
	"bytes"
	"slices"
	"unicode/utf8"
)

// Rung is a step of the ladder on which two names are compared. A higher rung forgives more.
type Rung uint8

// The rungs, in the order they are tried.
const (
	RungNone        Rung = iota
	RungExact            // the same bytes
	RungCase             // letter case and spacing
	RungForm             // Unicode form: NFC, NFD, anything between, marks in any order
	RungLookalike        // ð and Ð for đ and Đ
	RungPunctuation      // apostrophes, hyphens, full stops
	RungTone             // the tone on another vowel of the same group: hoà, hòa
	RungLoose            // i and y, where the caller's policy says so
	RungUnaccented       // the claim bears no mark at all
	RungTCVN3            // the claim is TCVN3 (ABC) text read as Latin
	RungVNI              // the claim is VNI text read as Latin
	RungMismatch
	Rungs // how many there are
)

// RungNames are the names used in reports, indexed by [Rung].
var RungNames = [Rungs]string{"not_given", "exact", "case_and_spacing", "unicode_form", "lookalike", "punctuation", "tone_placement",
	"loose_iy", "unaccented", "tcvn3", "vni", "mismatch"}

// String returns the rung's name.
func (r Rung) String() string { return nameOf(RungNames[:], int(r)) }

// rungResults say what an agreement on each rung is called on the wire.
var rungResults = [Rungs]FieldResult{RungNone: FieldNotGiven, RungExact: FieldMatch, RungCase: FieldMatchNormalized,
	RungForm: FieldMatchNormalized, RungLookalike: FieldMatchNormalized, RungPunctuation: FieldMatchNormalized,
	RungTone: FieldMatchNormalized, RungLoose: FieldMatchNormalized, RungUnaccented: FieldMatchUnaccented,
	RungTCVN3: FieldMatchNormalized, RungVNI: FieldMatchNormalized, RungMismatch: FieldMismatch}

// MatchName compares a claimed name with the one on record, both UTF-8, and says how they agree. An empty claim is
// FieldNotGiven, an empty record FieldNotOnRecord. initials tells, with FieldMismatch only, whether both have as many
// words with the same first letters, marks and case aside (the portal's 061 instead of 060).
//
// The rules are written out in docs/matching.md and numbered by [RulesVersion]. MatchName depends on nothing but its
// arguments, is safe for concurrent use, and does not allocate for names of up to 96 bytes.
func MatchName(p *Policy, record, claim []byte) (r FieldResult, initials bool) {
	rung, initials := NameRung(p, record, claim)
	if rung == RungNone && len(claim) > 0 {
		return FieldNotOnRecord, false
	}
	return rungResults[rung], initials
}

// shortName is how many bytes a name may have before comparing it allocates; few Vietnamese names have half of it.
const shortName = 96

// NameRung is [MatchName] for reports: it names the rung on which two names agree, RungMismatch if on none, and RungNone
// when there is nothing to compare.
func NameRung(p *Policy, record, claim []byte) (r Rung, initials bool) {
	switch longer := max(len(record), len(claim)); {
	case len(claim) == 0 || len(record) == 0:
		return RungNone, false
	case bytes.Equal(record, claim):
		return RungExact, false
	case longer > MaxNameLen:
		return RungMismatch, false
	case longer > shortName:
		return longRung(p, record, claim)
	}
	var buf [2][shortName * lettersPerByte]letter
	c := comparison{record: folder{out: buf[0][:]}, claim: folder{out: buf[1][:]}, loose: p.LooseIY}
	return c.rung(record, claim)
}

func longRung(p *Policy, record, claim []byte) (r Rung, initials bool) {
	buf := make([]letter, 2*MaxNameLen*lettersPerByte)
	half := len(buf) / 2
	c := comparison{record: folder{out: buf[:half]}, claim: folder{out: buf[half:]}, loose: p.LooseIY}
	return c.rung(record, claim)
}

// comparison holds both names folded while one or more readings of them are compared.
type comparison struct {
	record, claim folder
	loose         bool
}

func (c *comparison) rung(record, claim []byte) (r Rung, initials bool) {
	c.record.fold(record, 0)
	c.claim.fold(claim, 0)
	if c.record.n == 0 || c.claim.n == 0 {
		return RungMismatch, false
	}
	if c.same() {
		return plainRung(c.record.traits ^ c.claim.traits), false
	}
	if r = c.climb(); r != RungMismatch {
		return r, false
	}
	initials = sameInitials(c.record.letters(), c.claim.letters())
	r = c.lastResorts(record, claim)
	return r, initials && r == RungMismatch
}

func (c *comparison) same() bool { return slices.Equal(c.record.letters(), c.claim.letters()) }

// plainRung tells what folding had to forgive, by what it met on one side only.
func plainRung(differ trait) Rung {
	switch {
	case differ&traitPunct != 0:
		return RungPunctuation
	case differ&traitLookalike != 0:
		return RungLookalike
	case differ&(traitForm|traitSoft) != 0:
		return RungForm
	}
	return RungCase
}

// climb tries the rungs above folding. It moves tones (and, by policy, y) in place, on both sides alike.
func (c *comparison) climb() Rung {
	record, claim := c.record.letters(), c.claim.letters()
	if !c.claim.marked() {
		if sameBases(record, claim) {
			return RungUnaccented
		}
	} else {
		placeTones(record)
		placeTones(claim)
		if c.same() {
			return RungTone
		}
	}
	if !c.loose {
		return RungMismatch
	}
	yToI(record)
	yToI(claim)
	switch {
	case c.same():
		return RungLoose
	case !c.claim.marked() && sameBases(record, claim):
		return RungUnaccented
	}
	return RungMismatch
}

// lastResorts tries the readings of a claim that are wrong for nearly everybody.
func (c *comparison) lastResorts(record, claim []byte) Rung {
	traits := c.record.traits | c.claim.traits
	if !ascii(claim) {
		if r := c.legacy(claim); r != RungMismatch {
			return r
		}
	}
	if traits&traitPunct != 0 && c.again(record, claim, punctAsSpace) {
		return RungPunctuation
	}
	if traits&traitSoft != 0 && c.again(record, claim, dropSoftHyphen) {
		return RungForm
	}
	return RungMismatch
}

func ascii(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// again folds both names anew with another spelling and tells whether they agree now.
func (c *comparison) again(record, claim []byte, s spelling) bool {
	c.record.fold(record, s)
	c.claim.fold(claim, s)
	return c.same() || c.climb() != RungMismatch
}

// sameBases tells whether a claim without any mark spells the record's base letters.
func sameBases(record, claim []letter) bool {
	i := 0
	for _, l := range record {
		if l&classMask != 0 || l&runeMask == 0 {
			continue // a mark behind its letter
		}
		if i == len(claim) || l&runeMask != claim[i] {
			return false
		}
		i++
	}
	return i == len(claim)
}

// sameInitials tells whether both names have as many words, each beginning with the same letter, marks aside.
func sameInitials(a, b []letter) bool {
	for {
		if len(a) == 0 || len(b) == 0 {
			return len(a) == len(b)
		}
		if (a[0]^b[0])&runeMask != 0 {
			return false
		}
		a, b = afterBlank(a), afterBlank(b)
	}
}

func afterBlank(a []letter) []letter {
	for i, l := range a {
		if l == ' ' {
			return a[i+1:]
		}
	}
	return nil
}
