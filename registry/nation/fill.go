package nation

import (
	"strings"

	"github.com/verigate/verigate/identity"
)

// Person fills p with person i, 0 ≤ i < People, reusing its slices. It panics when i is out of range.
func (n *Nation) Person(i int, p *Person) {
	if i < 0 || i >= n.people {
		panic("nation: person out of range")
	}
	s := n.seatOf(i)
	t := n.traitsOf(s)
	code := n.codeOf(s)
	*p = Person{Index: i, Code: codeText(code), Province: provinces[s.province].code, Life: t.life,
		Cards: p.Cards[:0], Former: p.Former[:0]}
	if t.hasID {
		p.ID = idText(n.idOf(s))
	}
	p.Sex = n.sexOf(s)
	switch t.life {
	case Defence:
		p.Holder = "defence"
	case PublicSecurity:
		p.Holder = "public_security"
	}
	born := n.birthOf(s)
	p.DOB = born.known
	p.Name = n.nameOf(i, p.Sex, s.year)
	n.fillPlace(p, t.newest, s.province)
	n.fillCards(p, s, t, born.day)
	n.fillFormer(p, s, t)
	n.fillDeclared(p)
}

// sexOf returns the sex on record, which is hardly ever another than the ID number's.
func (n *Nation) sexOf(s seat) identity.Sex {
	if chance12(n.hash(s.i, ofSex), correctedSex) {
		return identity.Male + identity.Female - s.sex
	}
	return s.sex
}

// Shares in ten-thousandths: registers are corrected, a number stays as it was.
const (
	correctedSex  = 5
	correctedYear = 30
)

// birth is a day of birth and what the register knows of it.
type birth struct {
	day   day
	known identity.Date
}

// birthOf draws the birth date inside the seat's year; in the running year it is not after today.
func (n *Nation) birthOf(s seat) birth {
	z := n.stream(s.i, ofBirth)
	year := s.year
	if n.age(s) >= 25 && z.chance(correctedYear) {
		year += []int{-2, -1, 1, 2}[z.below(4)]
	}
	first, span := firstOf(year), int(firstOf(year+1)-firstOf(year))
	if year == n.year {
		span = int(n.today-first) + 1
	}
	b := birth{day: first + day(z.below(span))}
	b.known = b.day.date()
	yearOnly := yearOnlyShare(s.year)
	switch x := z.below(10_000); {
	case x < yearOnly:
		b.known.Month, b.known.Day = 0, 0
	case x < yearOnly+yearOnly/6:
		b.known.Day = 0
	}
	return b
}

// yearOnlyShare says how many in ten thousand born in a year are known by the year alone.
func yearOnlyShare(year int) int {
	switch {
	case year <= 1945:
		return 4200
	case year <= 1955:
		return 2400
	case year <= 1965:
		return 1200
	case year <= 1975:
		return 450
	case year <= 1990:
		return 80
	}
	return 0
}

func (n *Nation) fillFormer(p *Person, s seat, t traits) {
	z := n.stream(s.i, ofSerials)
	add := func(kind identity.Kind, value string, years int) {
		until := n.today - day(365*2+z.below(365*years))
		p.Former = append(p.Former, Former{Kind: kind, Value: value, Until: until.date()})
	}
	if t.formerID {
		add(identity.KindID, idText(n.formerIDOf(s)), 4)
	}
	if t.formerCode {
		add(identity.KindCode, codeText(n.formerCodeOf(s)), 5)
	}
	if t.hasFormer {
		add(identity.KindCard, cardText(t.former.packed(n.codeOf(s))), 2)
	}
}

func idText(v uint64) string   { return keyText(identity.KindID, v) }
func codeText(v uint64) string { return keyText(identity.KindCode, v) }
func cardText(v uint64) string { return keyText(identity.KindCard, v) }

func keyText(kind identity.Kind, packed uint64) string {
	k, _ := identity.UnpackKey(kind, packed)
	return k.Value()
}

// upperCase is the share, in ten-thousandths, of names that the register holds in capitals.
const upperCase = 400

func (n *Nation) nameOf(i int, sex identity.Sex, year int) string {
	z := n.stream(i, ofName)
	name := n.lots.names.draw(&z, sex, year)
	if z.chance(upperCase) {
		name = strings.ToUpper(name)
	}
	return name
}
