package sample_test

import (
	"strings"
	"testing"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/registry/nation"
	"github.com/verigate/verigate/registry/sample"
)

// number parses the claim's number the way the gateway does.
func number(c *sample.Claim) (k identity.Key, f identity.Fault) {
	switch {
	case c.ID != "":
		return identity.ParseID([]byte(c.ID))
	case c.Code != "":
		return identity.ParseCode([]byte(c.Code))
	case c.Card != "":
		return identity.ParseCard([]byte(c.Card))
	}
	first, _, _ := strings.Cut(c.QR, "|")
	return identity.ParseAny([]byte(first))
}

// fault is the structural refusal the claim deserves.
func fault(c *sample.Claim) identity.Fault {
	if _, f := number(c); f != identity.FaultNone {
		return f
	}
	if f := identity.CheckName([]byte(c.Name)); f != identity.FaultNone {
		return f
	}
	_, f := identity.ParseDOB([]byte(c.DOB), today)
	return f
}

// eachKind checks 60 samples of every kind.
func eachKind(t *testing.T, check func(n *nation.Nation, c *sample.Claim) (fault string)) {
	t.Helper()
	n := newNation(t, 1_000_000)
	for _, mix := range sample.Mixes()[1:] {
		t.Run(mix, func(t *testing.T) {
			g := sample.New(n, 3)
			for range 60 {
				c := next(t, g, mix)
				if c.Kind != mix {
					t.Fatalf("kind %q", c.Kind)
				}
				if fault := check(n, &c); fault != "" {
					t.Fatalf("%+v: %s", c, fault)
				}
			}
		})
	}
}

func TestOnlyBrokenClaimsAreRefused(t *testing.T) {
	refusals := map[string]bool{"identifier_malformed": true, "card_province_invalid": true, "card_benefit_invalid": true,
		"dob_invalid": true, "name_missing": true}
	eachKind(t, func(_ *nation.Nation, c *sample.Claim) string {
		want := ""
		if refusals[c.Outcome] {
			want = c.Outcome
		}
		if f := fault(c); f.Error() != want {
			return "refused with " + f.Error()
		}
		return ""
	})
}

// What the nation's record says of the person must be what the kind promises, wherever the claim itself is in order.
func TestOutcomeAgreesWithTheRecord(t *testing.T) {
	decided := map[string]bool{"match": true, "inactive": true, "superseded": true, "out_of_register": true, "not_found": true}
	var p nation.Person
	eachKind(t, func(n *nation.Nation, c *sample.Claim) string {
		if !decided[c.Outcome] {
			return ""
		}
		k, _ := number(c)
		i, issued := n.Find(k)
		if issued == (c.Outcome == "not_found") {
			return "issued or not, the other way round"
		}
		if !issued {
			return ""
		}
		n.Person(i, &p)
		if c.Kind == "superseded_id" || c.Kind == "superseded_code" {
			if k.Value() == p.ID || k.Value() == p.Code {
				return "asked by a number still in use"
			}
			return ""
		}
		return againstRecord(&p, k, c)
	})
}

// againstRecord returns what the record says if it is not what the claim expects.
func againstRecord(p *nation.Person, k identity.Key, c *sample.Claim) string {
	card, on := "", today
	if k.Kind() == identity.KindCard {
		card = k.Value()
	}
	if _, portal := sample.Standing(p, card, on); portal != c.PortalCode {
		return "today the record of " + p.Life.String() + " says " + portal
	}
	if c.On != "" {
		on, _ = identity.ParseDay([]byte(c.On))
	}
	if outcome, _ := sample.Standing(p, card, on); outcome != c.Outcome {
		return "the record of " + p.Life.String() + " says " + outcome
	}
	return ""
}

func TestNamesAndBirthsDifferAsPromised(t *testing.T) {
	var p nation.Person
	eachKind(t, func(n *nation.Nation, c *sample.Claim) string {
		k, _ := number(c)
		i, ok := n.Find(k)
		if !ok {
			return ""
		}
		n.Person(i, &p)
		is, was := initials(nation.Unaccented(c.Name)), initials(nation.Unaccented(p.Name))
		dob, _ := identity.ParseDOB([]byte(c.DOB), today)
		switch {
		case c.PortalCode == "060" && (is[0] == was[0] || is[len(is)-1] == was[len(was)-1]):
			return "an initial in common with " + p.Name
		case c.PortalCode == "061" && is != was:
			return "other initials than " + p.Name
		case c.PortalCode == "070" && (c.Name != p.Name || dob == p.DOB):
			return "more or less than the birth date differs"
		}
		return ""
	})
}

// initials returns the first byte of each word of an unaccented name.
func initials(name string) (s string) {
	for w := range strings.FieldsSeq(name) {
		s += w[:1]
	}
	return s
}
