package sample

import (
	"slices"
	"strings"
	"unicode"

	"github.com/verigate/verigate/registry/nation"
)

// misses lists how two people's names come near each other.
func misses() []pairKind {
	kinds := []pairKind{
		{"sibling", false, (*Corpus).sibling},
		{"other_tone", false, (*Corpus).otherTone},
		{"other_shape", false, (*Corpus).otherShape},
		{"lost_mark", false, (*Corpus).lostMark},
		{"i_for_y", false, (*Corpus).iForY},
		{"respelled", false, (*Corpus).respelled},
		{"middle_changed", false, (*Corpus).middleChanged},
		{"middle_swapped", false, (*Corpus).middleSwapped},
		{"middle_dropped", false, (*Corpus).middleDropped},
		{"one_edit", false, (*Corpus).oneEdit},
		{"unrelated", false, (*Corpus).unrelated},
	}
	for i := range kinds {
		claim := kinds[i].claim
		kinds[i].claim = func(c *Corpus, who somebody) (string, bool) {
			other, ok := claim(c, who)
			return other, ok && marked(other) && !sameName(other, who.name)
		}
	}
	for _, k := range slices.Clip(kinds) {
		if k.name != "lost_mark" {
			kinds = append(kinds, bareMiss(k))
		}
	}
	return kinds
}

// bareMiss is a kind of which the other person types no marks.
func bareMiss(k pairKind) pairKind {
	return pairKind{k.name + "_unaccented", false, func(c *Corpus, who somebody) (string, bool) {
		other, ok := k.claim(c, who)
		return nation.Unaccented(other), ok
	}}
}

// marked tells whether a Vietnamese name bears any mark.
func marked(name string) bool {
	return strings.ContainsFunc(name, func(r rune) bool { return r > unicode.MaxASCII })
}

// sameName tells whether two NFC names are one but for case, apostrophes and the place of tones: what no miss may be.
func sameName(a, b string) bool {
	return slices.EqualFunc(bareWords(a), bareWords(b), func(v, w string) bool {
		return v == w || nation.OtherPlacement(v) == w
	})
}

func bareWords(name string) []string {
	return strings.Fields(strings.ToLower(strings.ReplaceAll(name, "'", "")))
}

func (c *Corpus) sibling(who somebody) (string, bool) {
	return c.n.OtherGiven(who.name, who.sex, who.year, c.rng.Uint64()), true
}

func (c *Corpus) otherTone(who somebody) (string, bool) {
	return nation.OtherTone(who.name, c.rng.Uint64()), true
}

func (c *Corpus) respelled(who somebody) (string, bool) {
	return nation.OtherSpelling(who.name, c.rng.Uint64()), true
}

func (c *Corpus) middleChanged(who somebody) (string, bool) {
	return c.n.OtherMiddle(who.name, who.sex, who.year, c.rng.Uint64()), true
}

func (c *Corpus) unrelated(who somebody) (string, bool) {
	return c.n.OtherName(who.name, who.sex, who.year, c.rng.Uint64()), true
}

// middleSwapped changes the places of two neighbours after the surname.
func (c *Corpus) middleSwapped(who somebody) (string, bool) {
	words := strings.Split(who.name, " ")
	if len(words) < 3 {
		return "", false
	}
	at := 1 + c.rng.IntN(len(words)-2)
	words[at], words[at+1] = words[at+1], words[at]
	return strings.Join(words, " "), true
}

func (c *Corpus) middleDropped(who somebody) (string, bool) {
	words := strings.Split(who.name, " ")
	if len(words) < 3 {
		return "", false
	}
	at := 1 + c.rng.IntN(len(words)-2)
	return strings.Join(slices.Delete(words, at, at+1), " "), true
}

// lostMark strips one word of its marks; the others keep theirs.
func (c *Corpus) lostMark(who somebody) (string, bool) {
	words := strings.Split(who.name, " ")
	at := c.rng.IntN(len(words))
	words[at] = nation.Unaccented(words[at])
	return strings.Join(words, " "), true
}

// shapes are letters that differ by their shape mark alone; tones stay out of it.
var shapes = [...]string{"aăâ", "oôơ", "uư", "eê", "dđ", "AĂÂ", "OÔƠ", "UƯ", "EÊ", "DĐ"}

// otherShape gives one untoned letter another shape.
func (c *Corpus) otherShape(who somebody) (string, bool) {
	runes := []rune(who.name)
	for off, at := 0, c.rng.IntN(len(runes)); off < len(runes); off++ {
		i := (at + off) % len(runes)
		for _, row := range shapes {
			if !strings.ContainsRune(row, runes[i]) {
				continue
			}
			others := slices.DeleteFunc([]rune(row), func(r rune) bool { return r == runes[i] })
			runes[i] = others[c.rng.IntN(len(others))]
			return string(runes), true
		}
	}
	return "", false
}

// ys and is are the final letters that i_for_y exchanges, tone by tone.
var (
	ys = []rune("yỳỷỹýỵYỲỶỸÝỴ")
	is = []rune("iìỉĩíịIÌỈĨÍỊ")
)

// iForY writes a word that ends in a lone y with i, or the other way round: Lý and Lí are names of their own.
func (c *Corpus) iForY(who somebody) (string, bool) {
	words := strings.Split(who.name, " ")
	for off, first := 0, c.rng.IntN(len(words)); off < len(words); off++ {
		w := &words[(first+off)%len(words)]
		runes := []rune(*w)
		last := len(runes) - 1
		if last < 1 || strings.ContainsAny(nation.Unaccented(string(runes[last-1])), "aeiouyAEIOUY") {
			continue
		}
		if i := slices.Index(ys, runes[last]); i >= 0 {
			runes[last] = is[i]
		} else if i := slices.Index(is, runes[last]); i >= 0 {
			runes[last] = ys[i]
		} else {
			continue
		}
		*w = string(runes)
		return strings.Join(words, " "), true
	}
	return "", false
}

// alphabet is what an edit puts in: every small letter of Vietnamese.
var alphabet = []rune("aàảãáạăằẳẵắặâầẩẫấậbcdđeèẻẽéẹêềểễếệghiìỉĩíịklmnoòỏõóọôồổỗốộơờởỡớợpqrstuùủũúụưừửữứựvxyỳỷỹýỵ")

// oneEdit changes, drops, inserts or swaps letters at one place.
func (c *Corpus) oneEdit(who somebody) (string, bool) {
	runes := []rune(who.name)
	at := 1 + c.rng.IntN(len(runes)-1)
	if runes[at] == ' ' {
		return "", false
	}
	letter := alphabet[c.rng.IntN(len(alphabet))]
	if who.name == strings.ToUpper(who.name) {
		letter = []rune(strings.ToUpper(string(letter)))[0]
	}
	switch c.rng.IntN(4) {
	case 0:
		runes[at] = letter
	case 1:
		runes = slices.Insert(runes, at, letter)
	case 2:
		runes = slices.Delete(runes, at, at+1)
	default:
		if runes[at-1] == ' ' {
			return "", false
		}
		runes[at-1], runes[at] = runes[at], runes[at-1]
	}
	return string(runes), true
}
