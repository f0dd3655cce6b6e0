package sample

import (
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/registry/nation"
)

// Of returns the claim that somebody would make of themselves on a full date if they said what the register holds, by
// each of their numbers, and the outcome the first of them must get that day. Unlike the other samples it reads the
// record, because people change in the lab.
func Of(p *nation.Person, today identity.Date) Claim {
	c := Claim{Kind: "valid", ID: p.ID, Code: p.Code, Name: p.Name, DOB: p.DOB.String(), Sex: p.Sex.String()}
	if k := deciding(p.Cards, today); k >= 0 {
		c.Card = p.Cards[k].Number
	}
	card := ""
	if c.ID == "" && c.Code == "" {
		card = c.Card
	}
	c.expect(standing(p, card, today))
	return c
}

// reasons are the portal codes of a card's statuses.
var reasons = map[string]string{"recalled": "110", "decreased": "120", "moved_province": "121", "moved_within_province": "122",
	"re_enrolled": "123", "left_scheme": "124"}

// Standing returns what a claim without a fault in it gets on a full date when it names the person by one of their card
// numbers, or, card being empty, by a number of another kind that they still have. The rules are those of
// docs/registry-api.md.
func Standing(p *nation.Person, card string, on identity.Date) (outcome, portalCode string) {
	a := standing(p, card, on)
	return a.outcome, a.portal
}

func standing(p *nation.Person, asked string, on identity.Date) answer {
	switch p.Holder {
	case "":
	case "defence":
		return answer{outOfRegister, "001"}
	default:
		return answer{outOfRegister, "002"}
	}
	cards := p.Cards
	switch {
	case !p.Died.IsZero() && !p.Died.After(on):
		return answer{inactive, "120"}
	case formerCard(p, asked):
		return answer{superseded, "003"}
	case len(cards) == 0 && underSix(p.DOB, on):
		return answer{match, "130"}
	case len(cards) == 0:
		return answer{inactive, "124"}
	}
	if asked != "" {
		cards = withNumber(cards, asked)
	}
	k := deciding(cards, on)
	switch card := &cards[k]; {
	case inForce(card, on) && hasSuccessor(p.Cards, card):
		return answer{match, "004"}
	case inForce(card, on):
		return answer{match, "000"}
	case asked != "" && replacedOn(p.Cards, card, on):
		return answer{superseded, "003"}
	case ended(card, on):
		return answer{inactive, reasons[card.Status]}
	}
	return answer{inactive, "010"}
}

func formerCard(p *nation.Person, asked string) bool {
	for _, f := range p.Former {
		if asked != "" && f.Value == asked {
			return true
		}
	}
	return false
}

func underSix(born, on identity.Date) bool {
	born.Year += 6
	return born.After(on)
}

func withNumber(cards []nation.Card, number string) []nation.Card {
	var same []nation.Card
	for _, c := range cards {
		if c.Number == number {
			same = append(same, c)
		}
	}
	return same
}

func ended(c *nation.Card, on identity.Date) bool {
	return c.Status != "active" && !c.StatusFrom.After(on)
}

func inForce(c *nation.Card, on identity.Date) bool {
	return !c.From.After(on) && (c.To.IsZero() || !c.To.Before(on)) && !ended(c, on)
}

// deciding returns which card decides a day, -1 without cards: the latest in force, else the latest begun, else the first
// to begin. Cards are in order of their first day.
func deciding(cards []nation.Card, on identity.Date) int {
	begun := 0
	for k := len(cards) - 1; k >= 0; k-- {
		if inForce(&cards[k], on) {
			return k
		}
		if begun == 0 && !cards[k].From.After(on) {
			begun = k
		}
	}
	if len(cards) == 0 {
		return -1
	}
	return begun
}

// hasSuccessor tells whether another card that nobody ended begins after c.
func hasSuccessor(cards []nation.Card, c *nation.Card) bool {
	for i := range cards {
		if cards[i].From.After(c.From) && cards[i].Status == "active" {
			return true
		}
	}
	return false
}

// replacedOn tells whether a later card with another number than c's is in force.
func replacedOn(cards []nation.Card, c *nation.Card, on identity.Date) bool {
	for i := range cards {
		if cards[i].Number != c.Number && cards[i].From.After(c.From) && inForce(&cards[i], on) {
			return true
		}
	}
	return false
}
