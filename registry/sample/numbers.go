package sample

import (
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/registry/nation"
)

// ask names the person by one number of a kind, the newest card for a card; it returns false when they have none.
func (g *Generator) ask(c *Claim, by identity.Kind) bool {
	switch by {
	case identity.KindID:
		c.ID = g.p.ID
	case identity.KindCode:
		c.Code = g.p.Code
	case identity.KindCard:
		if len(g.p.Cards) > 0 {
			c.Card = g.p.Cards[len(g.p.Cards)-1].Number
		}
	}
	return c.ID != "" || c.Code != "" || c.Card != ""
}

// byAny asks by whatever number people have at hand: half by the ID card, three in ten by the insurance card.
func (g *Generator) byAny(c *Claim) bool {
	switch drawn := g.rng.IntN(10); {
	case drawn < 5 && g.ask(c, identity.KindID):
	case drawn < 8 && g.ask(c, identity.KindCard):
	default:
		g.ask(c, identity.KindCode)
	}
	return true
}

// by asks by one kind of number.
func by(kind identity.Kind) func(*Generator, *Claim) bool {
	return func(g *Generator, c *Claim) bool { return g.ask(c, kind) }
}

// valid also gives sex and facility now and then, both right.
func (g *Generator) valid(c *Claim) bool {
	g.byAny(c)
	if g.chance(25) {
		c.Sex = g.p.Sex.String()
	}
	if f := oneFacility(g.p.Cards); g.chance(10) && f != "" {
		c.Facility = f
	}
	return true
}

// oneFacility returns the facility that all cards name, or "".
func oneFacility(cards []nation.Card) string {
	for _, c := range cards[1:] {
		if c.Facility != cards[0].Facility {
			return ""
		}
	}
	return cards[0].Facility
}

// renewed asks by any number that is in force already.
func (g *Generator) renewed(c *Claim) bool {
	if g.byAny(c); c.Card != "" {
		c.Card = g.p.Cards[0].Number
	}
	return true
}

// overlapping asks by any number; the older of two cards in force has a successor.
func (g *Generator) overlapping(c *Claim) bool {
	if g.byAny(c); c.Card != "" && g.chance(50) {
		c.Card = g.p.Cards[0].Number
		c.expect(answer{match, "004"})
	}
	return true
}

// supersededCard asks by the number that was replaced.
func (g *Generator) supersededCard(c *Claim) bool {
	c.Card = g.p.Cards[0].Number
	c.expect(answer{superseded, "003"})
	return true
}

// supersededNumber asks by a former ID number or code, as the kind says.
func (g *Generator) supersededNumber(c *Claim) bool {
	for _, f := range g.p.Former {
		switch {
		case f.Kind == identity.KindID && c.Kind == "superseded_id":
			c.ID = f.Value
		case f.Kind == identity.KindCode && c.Kind == "superseded_code":
			c.Code = f.Value
		}
	}
	c.expect(answer{superseded, "003"})
	return c.ID != "" || c.Code != ""
}

// onPastDay asks about a day on which an earlier card ran that was renewed since. The portal knows today only.
func (g *Generator) onPastDay(c *Claim) bool {
	if len(g.p.Cards) < 2 {
		return false
	}
	g.byAny(c)
	earlier := g.p.Cards[g.rng.IntN(len(g.p.Cards)-1)]
	day := earlier.From
	if g.chance(50) {
		day = earlier.To
	}
	c.On = day.String()
	return true
}

// typoInNumber mistypes one number until nobody was ever given what comes out.
func (g *Generator) typoInNumber(c *Claim) bool {
	g.byAny(c)
	for {
		number, kind := c.number()
		typed := g.mistype(*number)
		k, _ := identity.NewKey(kind, typed)
		if _, issued := g.n.Find(k); !issued {
			*number = typed
			c.expect(answer{notFound, "050"})
			return true
		}
	}
}

// number returns where the claim's number is.
func (c *Claim) number() (*string, identity.Kind) {
	switch {
	case c.ID != "":
		return &c.ID, identity.KindID
	case c.Code != "":
		return &c.Code, identity.KindCode
	}
	return &c.Card, identity.KindCard
}

// mistype changes one of the last six digits or swaps two of them: the part of any number that no rule can refuse.
func (g *Generator) mistype(number string) string {
	b := []byte(number)
	at := len(b) - 6 + g.rng.IntN(5)
	if b[at] != b[at+1] && g.chance(30) {
		b[at], b[at+1] = b[at+1], b[at]
		return string(b)
	}
	b[at] = '0' + (b[at]-'0'+1+byte(g.rng.IntN(9)))%10
	return string(b)
}

// malformed breaks a number so that it cannot be one.
func (g *Generator) malformed(c *Claim) bool {
	id, code, card := g.p.ID, g.p.Code, g.p.Cards[len(g.p.Cards)-1].Number
	switch g.rng.IntN(8) {
	case 0:
		c.ID = id[:11]
	case 1:
		c.ID = id + "0"
	case 2:
		c.ID = "000" + id[3:]
	case 3:
		c.ID = id[:8] + "X" + id[9:]
	case 4:
		c.Code = code[:9]
	case 5:
		c.Code = code[:4] + "A" + code[5:]
	case 6:
		c.Card = card[:14]
	default:
		c.Card = card[:7] + "Z" + card[8:]
	}
	c.expect(answer{"identifier_malformed", "051"})
	return true
}

func (g *Generator) cardProvince(c *Claim) bool {
	card := g.p.Cards[len(g.p.Cards)-1].Number
	c.Card = card[:3] + "00" + card[5:]
	c.expect(answer{"card_province_invalid", "052"})
	return true
}

// cardBenefit gives a digit that no card has had since 2015.
func (g *Generator) cardBenefit(c *Claim) bool {
	card := g.p.Cards[len(g.p.Cards)-1].Number
	c.Card = card[:2] + string("089"[g.rng.IntN(3)]) + card[3:]
	c.expect(answer{"card_benefit_invalid", "053"})
	return true
}
