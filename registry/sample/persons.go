package sample

import (
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/registry/nation"
)

// What a lookup gets where the person's claim is at fault.
var (
	otherName     = answer{mismatch, "060"}
	otherInitials = answer{mismatch, "061"} // the name differs, its initials do not
	otherBirth    = answer{mismatch, "070"}
	badBirth      = answer{"dob_invalid", "205"}
	noName        = answer{"name_missing", "205"}
)

// declared says what a person who differs from their record would say.
func (g *Generator) declared(c *Claim) bool {
	say := &g.p.Declared
	if say.Differs == nation.SameAsRecord {
		return false
	}
	g.byAny(c)
	c.Name, c.DOB, c.Sex = say.Name, say.DOB.String(), say.Sex.String()
	switch say.Differs {
	case nation.NameAccent, nation.NameSpelling:
		c.expect(otherInitials)
	case nation.NameWhole:
		c.expect(otherName)
	case nation.BirthDay, nation.BirthYear:
		c.expect(otherBirth)
	case nation.OtherSex:
		c.Outcome = mismatch // the portal is not told the sex
	}
	return true
}

func (g *Generator) wrongName(c *Claim) bool {
	g.byAny(c)
	c.Name = g.n.OtherName(g.p.Name, g.p.Sex, int(g.p.DOB.Year), g.rng.Uint64())
	c.expect(otherName)
	return c.Name != g.p.Name
}

func (g *Generator) wrongNameInitials(c *Claim) bool {
	g.byAny(c)
	if g.chance(50) {
		c.Name = nation.OtherTone(g.p.Name, g.rng.Uint64())
	} else {
		c.Name = nation.OtherSpelling(g.p.Name, g.rng.Uint64())
	}
	c.expect(otherInitials)
	return c.Name != g.p.Name
}

// wrongDOB is some years off, or in another month or on another day where those are known.
func (g *Generator) wrongDOB(c *Claim) bool {
	g.byAny(c)
	d := g.p.DOB
	switch p := d.Precision(); {
	case g.chance(40) || p == identity.PrecisionYear || d.Year == g.today.Year:
		d.Year -= uint16(1 + g.rng.IntN(5))
		if d.Month == 2 && d.Day == 29 {
			d.Day = 28
		}
	case g.chance(50) && d.Day <= 28:
		d.Month = d.Month%12 + 1
	default:
		d.Day = d.Day%28 + 1
	}
	c.DOB = d.String()
	c.expect(otherBirth)
	return d.Precision() == g.p.DOB.Precision()
}

func (g *Generator) wrongSex(c *Claim) bool {
	g.byAny(c)
	c.Sex = (identity.Male + identity.Female - g.p.Sex).String()
	c.Outcome = mismatch // the portal is not told the sex
	return true
}

// wrongFacility names a facility that none of the person's cards names.
func (g *Generator) wrongFacility(c *Claim) bool {
	g.byAny(c)
	b := []byte(g.p.Cards[0].Facility)
	b[4] = '0' + (b[4]-'0'+1+byte(g.rng.IntN(9)))%10
	c.Facility = string(b)
	for i := range g.p.Cards {
		if g.p.Cards[i].Facility == c.Facility {
			return false
		}
	}
	c.Outcome = mismatch // the portal is not told the facility
	return true
}

// yearOnly gives the year of a birth date known to the day.
func (g *Generator) yearOnly(c *Claim) bool {
	g.byAny(c)
	c.DOB = identity.Date{Year: g.p.DOB.Year}.String()
	return g.p.DOB.Precision() == identity.PrecisionDay
}

func (g *Generator) monthOnly(c *Claim) bool {
	g.byAny(c)
	c.DOB = identity.Date{Year: g.p.DOB.Year, Month: g.p.DOB.Month}.String()
	return g.p.DOB.Month != 0
}

// finerDOB gives a day where the register knows the year or the month only; 1 January is what forms fill in.
func (g *Generator) finerDOB(c *Claim) bool {
	g.byAny(c)
	d := g.p.DOB
	if d.Month == 0 && g.chance(30) {
		d.Month = uint8(1 + g.rng.IntN(12))
	}
	d.Month, d.Day = max(d.Month, 1), 1
	c.DOB = d.String()
	return g.p.DOB.Precision() < identity.PrecisionDay
}

// dobInvalid gives a date that is none, that was before anybody alive, or that is yet to come.
func (g *Generator) dobInvalid(c *Claim) bool {
	g.byAny(c)
	bad := [...]string{"1980-02-30", "1981-02-29", "1975-13-01", "1990-00-10", "1990-04-31", "1899-12-31", "1850",
		identity.Date{Year: g.today.Year + 1, Month: 1, Day: 1}.String(), "80-02-01", "hôm qua"}
	c.DOB = bad[g.rng.IntN(len(bad))]
	c.expect(badBirth)
	return true
}

func (g *Generator) nameMissing(c *Claim) bool {
	g.byAny(c)
	c.Name = ""
	c.expect(noName)
	return true
}
