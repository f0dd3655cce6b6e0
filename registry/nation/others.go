package nation

import (
	"strings"

	"github.com/verigate/verigate/identity"
)

// Name returns the name of person i, 0 ≤ i < People, with what it was drawn by: the sex on record and the year of birth.
func (n *Nation) Name(i int) (name string, sex identity.Sex, year int) {
	s := n.seatOf(i)
	sex = n.sexOf(s)
	return n.nameOf(i, sex, s.year), sex, s.year
}

// OtherName draws a name for somebody else of the same sex and age: as many words, the first letters of surname and
// given name both different. It returns name itself when 200 draws do not give one.
func (n *Nation) OtherName(name string, sex identity.Sex, year int, draw uint64) string {
	z := stream{draw}
	was := strings.Fields(Unaccented(strings.ToLower(name)))
	for range 200 {
		other := n.lots.names.draw(&z, sex, year)
		is := strings.Fields(Unaccented(strings.ToLower(other)))
		if len(is) == len(was) && is[0][0] != was[0][0] && is[len(is)-1][0] != was[len(was)-1][0] {
			return other
		}
	}
	return name
}

// OtherGiven gives a name another given name, as that of a brother or sister.
func (n *Nation) OtherGiven(name string, sex identity.Sex, year int, draw uint64) string {
	words := strings.Split(name, " ")
	return n.redraw(words, len(words)-1, &n.lots.names.givens[sex], year, draw)
}

// OtherMiddle gives a name another first middle name; it returns name itself when there is none.
func (n *Nation) OtherMiddle(name string, sex identity.Sex, year int, draw uint64) string {
	words := strings.Split(name, " ")
	if len(words) < 3 {
		return name
	}
	return n.redraw(words, 1, &n.lots.names.middles[sex], year, draw)
}

// redraw draws another word for words[at], in the case of the others.
func (n *Nation) redraw(words []string, at int, lot *wordLot, year int, draw uint64) string {
	z := stream{draw}
	capitals := words[0] == strings.ToUpper(words[0])
	for was := words[at]; ; {
		other := lot.draw(z.next(), eraOf(year))
		if capitals {
			other = strings.ToUpper(other)
		}
		if other != was && OtherPlacement(other) != was {
			words[at] = other
			return strings.Join(words, " ")
		}
	}
}
