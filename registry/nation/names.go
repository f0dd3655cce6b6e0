package nation

import (
	"strings"

	"github.com/verigate/verigate/identity"
)

// eras is the number of fashions in names.
const eras = 3

func eraOf(year int) int {
	switch {
	case year < 1975:
		return 0
	case year < 1995:
		return 1
	}
	return 2
}

// wordLot draws from a list of words.
type wordLot struct {
	words []word
	dice  [eras]*dice
}

func newWordLot(words []word) wordLot {
	lot := wordLot{words: words}
	for era := range eras {
		weights := make([]uint64, len(words))
		for i, w := range words {
			weights[i] = w.weights[era]
		}
		lot.dice[era] = newDice(weights)
	}
	return lot
}

func (l *wordLot) draw(field uint64, era int) string { return l.words[l.dice[era].roll(field)].text }

// nameLots draws names; middle and given names are indexed by sex, [identity.SexUnknown] left empty.
type nameLots struct {
	surnames wordLot
	middles  [3]wordLot
	givens   [3]wordLot
}

func newNameLots() *nameLots {
	return &nameLots{
		surnames: newWordLot(surnames),
		middles:  [3]wordLot{identity.Male: newWordLot(maleMiddles), identity.Female: newWordLot(femaleMiddles)},
		givens:   [3]wordLot{identity.Male: newWordLot(maleGivens), identity.Female: newWordLot(femaleGivens)},
	}
}

// Shares of name shapes in ten-thousandths.
const (
	noMiddle      = 350
	twoMiddles    = 1500
	otherTone     = 2500 // hoà where the lists have hòa
	secondSurname = 250  // both parents' surnames
)

// draw makes a name of surname, middle names and given name, in mixed case and NFC.
func (l *nameLots) draw(z *stream, sex identity.Sex, year int) string {
	era, x := eraOf(year), z.next()
	parts := [5]string{l.surnames.draw(x, era)}
	name := parts[:1]
	if z.chance(secondSurname) {
		if second := l.surnames.draw(z.next(), era); second != name[0] && second != "H'" {
			name = append(name, second)
		}
	}
	switch shape := z.below(10_000); {
	case shape < noMiddle:
	case shape < noMiddle+twoMiddles:
		first, second := l.middles[sex].draw(x>>12, era), l.middles[sex].draw(x>>24, eras-1)
		if second == "Văn" || second == "Thị" {
			first, second = second, first // these two come first
		}
		if name = append(name, first); second != first {
			name = append(name, second)
		}
	default:
		name = append(name, l.middles[sex].draw(x>>12, era))
	}
	given := l.givens[sex].draw(x>>36, era)
	if given == name[len(name)-1] {
		given = l.givens[sex].draw(x>>48, eras-1)
	}
	if z.chance(otherTone) {
		given = OtherPlacement(given)
	}
	return strings.Join(append(name, given), " ")
}
