package sample

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/registry/nation"
)

// chipQR scans an ID card: seven fields, eleven since 2024, six in the app.
func (g *Generator) chipQR(c *Claim) bool {
	cmnd := ""
	if g.p.DOB.Year < 2000 && g.chance(60) {
		cmnd = fmt.Sprintf("%09d", g.rng.IntN(1_000_000_000))
	}
	c.QR = ChipQR(&g.p, cmnd, [...]int{7, 11, 6}[min(g.rng.IntN(8)/3, 2)])
	return true
}

// ChipQR returns the text of the code on an ID card: six fields, seven with the day of issue, or eleven. cmnd is the
// number of the old identity card, 9 digits or empty.
func ChipQR(p *nation.Person, cmnd string, fields int) string {
	texts := []string{p.ID, cmnd, titleCase(p.Name), compactDate(p.DOB), sexWord(p.Sex), p.Address, "01072024", "", "", "", ""}
	return strings.Join(texts[:fields], "|")
}

// compactDate writes ddMMyyyy, MMyyyy or yyyy.
func compactDate(d identity.Date) string {
	return strings.ReplaceAll(string(d.AppendPortal(nil)), "/", "")
}

func sexWord(s identity.Sex) string {
	if s == identity.Female {
		return "Nữ"
	}
	return "Nam"
}

// paperQR scans a paper insurance card: with the whole number, or since 2021 the code alone; the oldest are short.
func (g *Generator) paperQR(c *Claim) bool {
	card := &g.p.Cards[len(g.p.Cards)-1]
	number := card.Number
	if g.chance(50) {
		number = g.p.Code
	}
	c.QR = PaperQR(&g.p, card, number, g.chance(15))
	return true
}

// PaperQR returns the text of the code on a paper card in its long or short form. number is what stands for the card:
// its 15 characters or the 10-digit code. The checksum field is made up: how real ones are computed is not public.
func PaperQR(p *nation.Person, card *nation.Card, number string, short bool) string {
	sex := "1"
	if p.Sex == identity.Female {
		sex = "2"
	}
	f := []string{number, hexText(p.Name), portalDate(p.DOB), sex, hexText(p.Address), card.Facility[:2] + " - " + card.Facility[2:],
		portalDate(card.From), portalDate(card.To), portalDate(card.From)}
	if !short {
		area := 4
		if card.Area > 0 {
			area = card.Area
		}
		f = append(f, card.Number[3:5]+"01"+p.Code, "-", strconv.Itoa(area), " "+portalDate(card.FiveYears),
			"0123456789abcdef-0000", "4", hexText(p.Office))
	}
	return strings.Join(f, "|") + "|$"
}

func hexText(s string) string { return hex.EncodeToString([]byte(s)) }

func portalDate(d identity.Date) string {
	if d.IsZero() {
		return "-"
	}
	return string(d.AppendPortal(nil))
}
