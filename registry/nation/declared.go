package nation

import "github.com/verigate/verigate/identity"

// Difference is how what a person declares departs from the register.
type Difference uint8

// The differences. The first four can be told to be the same person by the default rules of matching; the others cannot.
const (
	SameAsRecord   Difference = iota
	NameUnaccented            // all Vietnamese marks left out
	BirthYearOnly             // only the year of a date known to the day
	BirthFiner                // a full date, or the month, of what the register knows by year
	NameAccent                // one word with another tone
	NameSpelling              // one word spelled otherwise, initials kept
	NameWhole                 // another name altogether
	BirthDay                  // another day or month
	BirthYear                 // another year
	OtherSex
	Differences // how many there are
)

// differenceWeights are in ten-thousandths of the nation; SameAsRecord has the rest.
var differenceWeights = [Differences]int{NameUnaccented: 100, BirthYearOnly: 160, BirthFiner: 50, NameAccent: 120,
	NameSpelling: 150, NameWhole: 60, BirthDay: 195, BirthYear: 60, OtherSex: 50}

// fillDeclared decides what p says of themselves.
func (n *Nation) fillDeclared(p *Person) {
	p.Declared = Declared{Name: p.Name, DOB: p.DOB, Sex: p.Sex}
	z := n.stream(p.Index, ofDeclared)
	x := z.below(10_000)
	for d := NameUnaccented; d < Differences; d++ {
		if x < differenceWeights[d] {
			p.Declared.Differs = n.depart(p, d, &z)
			return
		}
		x -= differenceWeights[d]
	}
}

// depart changes what p declares and returns how, which is SameAsRecord where the record does not allow d.
func (n *Nation) depart(p *Person, d Difference, z *stream) Difference {
	say := &p.Declared
	switch d {
	case NameUnaccented:
		say.Name = Unaccented(p.Name)
	case NameAccent:
		say.Name = OtherTone(p.Name, z.next())
	case NameSpelling:
		say.Name = OtherSpelling(p.Name, z.next())
	case NameWhole:
		say.Name = n.OtherName(p.Name, p.Sex, int(p.DOB.Year), z.next())
	case OtherSex:
		say.Sex = identity.Male + identity.Female - p.Sex
	default:
		if say.DOB = departDate(p.DOB, d, z); say.DOB.Precision() == identity.PrecisionDay && dayOf(say.DOB) > n.today {
			say.DOB = otherYear(p.DOB, z) // nobody declares a day to come
		}
	}
	if say.Name == p.Name && say.DOB == p.DOB && say.Sex == p.Sex {
		return SameAsRecord
	}
	return d
}

// departDate returns dob changed as d says, or dob itself where it is not known well enough for that.
func departDate(dob identity.Date, d Difference, z *stream) identity.Date {
	full := dob.Precision() == identity.PrecisionDay
	switch {
	case d == BirthYearOnly && full:
		return identity.Date{Year: dob.Year}
	case d == BirthFiner && !full:
		return finer(dob, z)
	case d == BirthFiner, d == BirthYearOnly:
		return dob
	case d == BirthYear || dob.Precision() == identity.PrecisionYear:
		return otherYear(dob, z)
	}
	return otherDay(dob, z)
}

// finer makes up what the register does not know; 1 January is what forms fill in.
func finer(dob identity.Date, z *stream) identity.Date {
	if dob.Month == 0 {
		dob.Month, dob.Day = 1, 1
		if z.chance(4000) {
			dob.Month, dob.Day = uint8(1+z.below(12)), uint8(1+z.below(28))
		}
		return dob
	}
	dob.Day = uint8(1 + z.below(28))
	return dob
}

// otherYear is one to three years earlier: never in the future, and never a day that does not exist.
func otherYear(dob identity.Date, z *stream) identity.Date {
	dob.Year -= uint16(1 + z.below(3))
	if dob.Month == 2 && dob.Day == 29 {
		dob.Day = 28
	}
	return dob
}

// otherDay swaps day and month where that makes another date, else takes another day or month of the same year.
func otherDay(dob identity.Date, z *stream) identity.Date {
	switch {
	case dob.Day == 0:
		dob.Month = dob.Month%12 + 1
	case dob.Day <= 12 && dob.Day != dob.Month && z.chance(5000):
		dob.Day, dob.Month = dob.Month, dob.Day
	default:
		dob.Day = (dob.Day+uint8(z.below(26)))%28 + 1
	}
	return dob
}
