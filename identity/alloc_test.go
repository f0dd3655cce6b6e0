//go:build !race

package identity_test

import (
	"strings"
	"testing"

	"github.com/verigate/verigate/identity"
)

// Every reader is on the hot path, damaged input included.
func TestReadersDoNotAllocate(t *testing.T) {
	var p identity.Payload
	raw := func(s string) []byte { return []byte(s) }
	id, card, dob, portal := raw("001 080 000 000"), raw("ĐN-4-01-00.000.00001"), raw("1980-02-01"), raw("1/2/1980")
	chip, paper := raw(chipSeven), raw(paperLong)
	mangled := raw(strings.ReplaceAll(strings.ReplaceAll(paperLong, "|", "¦"), "0", "đ"))
	slashed := raw(strings.ReplaceAll(chipEleven, "|", "/"))
	wide := raw(strings.Replace(paperLong, hexName, utf16Hex(sampleName, 1, 0), 1))
	name, code, female, nu := raw(sampleName), raw("01c54"), raw("female"), raw("Nu\u031b\u0303")
	tests := map[string]func() identity.Fault{
		"ParseID":             func() identity.Fault { _, f := identity.ParseID(id); return f },
		"ParseCard":           func() identity.Fault { _, f := identity.ParseCard(card); return f },
		"ParseAny":            func() identity.Fault { _, f := identity.ParseAny(card); return f },
		"ParseDOB":            func() identity.Fault { _, f := identity.ParseDOB(dob, today); return f },
		"ParsePortalDOB":      func() identity.Fault { _, f := identity.ParsePortalDOB(portal, today); return f },
		"ParseDay":            func() identity.Fault { _, f := identity.ParseDay(dob); return f },
		"ParseSex":            func() identity.Fault { _, f := identity.ParseSex(female); return f },
		"ParsePortalSex":      func() identity.Fault { _, f := identity.ParsePortalSex(nu); return f },
		"ParseFacility":       func() identity.Fault { _, f := identity.ParseFacility(code); return f },
		"CheckName":           func() identity.Fault { return identity.CheckName(name) },
		"ParseQR chip":        func() identity.Fault { return identity.ParseQR(chip, today, &p) },
		"ParseQR paper":       func() identity.Fault { return identity.ParseQR(paper, today, &p) },
		"ParseQR UTF-16":      func() identity.Fault { return identity.ParseQR(wide, today, &p) },
		"ParseQR mangled":     func() identity.Fault { return identity.ParseQR(mangled, today, &p) },
		"ParseQR slashed":     func() identity.Fault { return identity.ParseQR(slashed, today, &p) },
		"LooksLikeQR slashed": func() identity.Fault { identity.LooksLikeQR(slashed); return identity.FaultNone },
	}
	for name, parse := range tests {
		if fault := parse(); fault != identity.FaultNone {
			t.Fatalf("%s: %v", name, fault)
		}
		if n := testing.AllocsPerRun(100, func() { parse() }); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}
