package sample

import (
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/verigate/verigate/registry/nation"
)

// respell asks by any number under a name that is still the person's; it returns false when the name stayed as it was.
func (g *Generator) respell(c *Claim, name string) bool {
	g.byAny(c)
	c.Name = name
	return name != g.p.Name
}

func (g *Generator) upperCase(c *Claim) bool {
	if g.chance(15) {
		return g.respell(c, strings.ToLower(g.p.Name))
	}
	return g.respell(c, strings.ToUpper(g.p.Name))
}

// blanks are what gets into names between and around words.
var blanks = [...]string{"  ", " \u00a0", "\u00a0", "   ", " \t"}

func (g *Generator) spacing(c *Claim) bool {
	name := strings.ReplaceAll(g.p.Name, " ", blanks[g.rng.IntN(len(blanks))])
	switch g.rng.IntN(3) {
	case 0:
		name = " " + name
	case 1:
		name += "  "
	}
	return g.respell(c, name)
}

// nfd writes every mark on its own.
func (g *Generator) nfd(c *Claim) bool { return g.respell(c, norm.NFD.String(g.p.Name)) }

func (g *Generator) tonePlacement(c *Claim) bool {
	return g.respell(c, nation.OtherPlacement(g.p.Name))
}

// unaccented drops every mark, in capitals half the time.
func (g *Generator) unaccented(c *Claim) bool {
	name := nation.Unaccented(g.p.Name)
	same := name == g.p.Name
	if g.chance(50) {
		name = strings.ToUpper(name)
	}
	return g.respell(c, name) && !same
}

func (g *Generator) legacyTCVN3(c *Claim) bool { return g.legacy(c, TCVN3) }
func (g *Generator) legacyVNI(c *Claim) bool   { return g.legacy(c, VNI) }

// legacy writes a name as a font encoding that was read as Latin-1. Names in capitals are taken to mixed case first: old
// fonts have no capitals with marks. A name with a single re-coded letter is passed over: nobody can tell "Phan Sôn", which
// is VNI for Phan Sơn, from a misspelling, so no answer to it is the expected one.
func (g *Generator) legacy(c *Claim, encode func(string) (string, bool)) bool {
	name := titleCase(g.p.Name)
	text, ok := encode(name)
	return ok && recoded(name, encode) >= 2 && g.respell(c, text)
}

// recoded counts the letters of a name that an encoding writes otherwise.
func recoded(name string, encode func(string) (string, bool)) (n int) {
	for _, r := range name {
		if code, ok := encode(string(r)); ok && code != string(r) {
			n++
		}
	}
	return n
}

// titleCase raises the first letter of each word and lowers the others.
func titleCase(name string) string {
	words := strings.Split(name, " ")
	for i, w := range words {
		if r := []rune(w); len(r) > 0 {
			words[i] = strings.ToUpper(string(r[:1])) + strings.ToLower(string(r[1:]))
		}
	}
	return strings.Join(words, " ")
}
