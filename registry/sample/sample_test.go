package sample_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/registry/nation"
	"github.com/verigate/verigate/registry/sample"
)

var today = identity.Date{Year: 2026, Month: 11, Day: 21}

func newNation(tb testing.TB, people int) *nation.Nation {
	tb.Helper()
	n, err := nation.New(nation.Config{People: people, Seed: 1, Today: today})
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

func next(tb testing.TB, g *sample.Generator, mix string) sample.Claim {
	tb.Helper()
	c, err := g.Next(mix)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// number parses the claim's number the way the gateway does.
func number(c *sample.Claim) (k identity.Key, f identity.Fault) {
	switch {
	case c.ID != "":
		return identity.ParseID([]byte(c.ID), today)
	case c.Code != "":
		return identity.ParseCode([]byte(c.Code))
	case c.Card != "":
		return identity.ParseCard([]byte(c.Card))
	}
	first, _, _ := strings.Cut(c.QR, "|")
	return identity.ParseAny([]byte(first), today)
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

func TestCodesSayWhatTheClaimSays(t *testing.T) {
	n := newNation(t, 100_000)
	for _, mix := range []string{"chip_qr", "paper_qr"} {
		g := sample.New(n, 5)
		var read identity.Payload
		for range 150 {
			c := next(t, g, mix)
			if f := identity.ParseQR([]byte(c.QR), today, &read); f != identity.FaultNone {
				t.Fatalf("%q is refused with %v", c.QR, f)
			}
			if !strings.EqualFold(string(read.Name), c.Name) || read.DOB.String() != c.DOB {
				t.Fatalf("%+v reads as %q, %s", c, read.Name, read.DOB)
			}
			if i, ok := n.Find(read.Key); !ok || i >= n.People() {
				t.Fatalf("%+v names nobody", c)
			}
		}
	}
}

func TestNationalMixIsMostlyClean(t *testing.T) {
	const count = 12_000
	for _, people := range []int{1_000_000, nation.MaxPeople} {
		g := sample.New(newNation(t, people), 1)
		outcomes, kinds := map[string]int{}, map[string]int{}
		for range count {
			c := next(t, g, sample.National)
			outcomes[c.Outcome]++
			kinds[c.Kind]++
		}
		if share := float64(outcomes["match"]) / count; share < 0.89 || share > 0.93 {
			t.Errorf("%d people: %.1f %% match", people, 100*share)
		}
		for _, k := range sample.Mixes()[1:] {
			if kinds[k] == 0 {
				t.Errorf("%d people: no %q among %d", people, k, count)
			}
		}
	}
}

func TestSamplesAreDeterministic(t *testing.T) {
	lines := func(seed uint64) string {
		g := sample.New(newNation(t, 1_000_000), seed)
		h := sha256.New()
		enc := json.NewEncoder(h)
		for range 500 {
			if err := enc.Encode(next(t, g, sample.National)); err != nil {
				t.Fatal(err)
			}
		}
		return hex.EncodeToString(h.Sum(nil)[:8])
	}
	first := lines(1)
	if again := lines(1); again != first {
		t.Error("equal seeds give different samples")
	}
	if other := lines(2); other == first {
		t.Error("different seeds give equal samples")
	}
}

// A load test may run over midnight, and clocks differ.
func TestAnswersStandTheDayAfterTomorrow(t *testing.T) {
	n := newNation(t, 1_000_000)
	later := identity.Date{Year: today.Year, Month: today.Month, Day: today.Day + 2}
	var p nation.Person
	for i := 0; i < n.People(); i += 97 {
		n.Person(i, &p)
		outcome, portal := sample.Standing(&p, "", today)
		if afterwards, then := sample.Standing(&p, "", later); outcome != afterwards || portal != then {
			t.Fatalf("person %d (%s) is %s %s on %s, %s %s on %s", i, p.Life, outcome, portal, today, afterwards, then, later)
		}
	}
}

func TestOfFollowsTheLab(t *testing.T) {
	n := newNation(t, 1_000)
	var p nation.Person
	n.Born(0, "079", today, &p)
	p.ID = ""
	tests := []struct {
		name            string
		change          func()
		outcome, portal string
	}{
		{"born", func() {}, "match", "000"},
		{"renewed", func() { p.Cards = append(p.Cards, later(p.Cards[0])) }, "match", "004"},
		{"recalled", func() { p.Cards[0].Status, p.Cards[0].StatusFrom = "recalled", today }, "inactive", "110"},
		{"without cards", func() { p.Cards = nil }, "match", "130"},
		{"dead", func() { p.Died = today }, "inactive", "120"},
	}
	for _, tt := range tests {
		tt.change()
		if c := sample.Of(&p, today); c.Outcome != tt.outcome || c.PortalCode != tt.portal || c.Code != p.Code || c.ID != "" {
			t.Errorf("%s: %+v, want %s %s", tt.name, c, tt.outcome, tt.portal)
		}
	}
}

func later(c nation.Card) nation.Card {
	c.From.Year++
	return c
}

func TestNextRefusesWhatItCannotMake(t *testing.T) {
	g := sample.New(newNation(t, 1), 1)
	if _, err := g.Next("nonsense"); err == nil || !strings.Contains(err.Error(), "national") {
		t.Errorf("an unknown mix gives %v", err)
	}
	if _, err := g.Next("child_without_card"); err == nil {
		t.Error("a nation of one has every kind of person")
	}
	if _, err := g.Next(sample.National); err != nil {
		t.Error(err)
	}
}

func TestLegacyEncodings(t *testing.T) {
	tests := []struct{ name, tcvn3, vni string }{
		{"Nguyễn Văn Mẫu", "NguyÔn V¨n MÉu", "Nguyeãn Vaên Maãu"},
		{"Vũ Thanh Tú", "Vò Thanh Tó", "Vuõ Thanh Tuù"},
		{"Đỗ Hữu Phước", "§ç H÷u Ph\u00adíc", "Ñoã Höõu Phöôùc"},
		{"Lê Thị Mỹ", "Lª ThÞ Mü", "Leâ Thò Myõ"},
		{"Trần Thị Tỵ", "TrÇn ThÞ Tþ", "Traàn Thò Tî"},
		{"Hồ Đắc Lộc", "Hå §¾c Léc", "Hoà Ñaéc Loäc"},
	}
	for _, tt := range tests {
		if got, ok := sample.TCVN3(tt.name); !ok || got != tt.tcvn3 {
			t.Errorf("TCVN3(%q) = %q, %v, want %q", tt.name, got, ok, tt.tcvn3)
		}
		if got, ok := sample.VNI(tt.name); !ok || got != tt.vni {
			t.Errorf("VNI(%q) = %q, %v, want %q", tt.name, got, ok, tt.vni)
		}
	}
	for _, name := range []string{"Ánh", "ĐỖ", "中"} {
		if _, ok := sample.TCVN3(name); ok {
			t.Errorf("TCVN3 has no code for %q", name)
		}
		if _, ok := sample.VNI(name); ok {
			t.Errorf("VNI of %q is not well defined", name)
		}
	}
}

func BenchmarkNational(b *testing.B) {
	g := sample.New(newNation(b, nation.MaxPeople), 1)
	b.ReportAllocs()
	for b.Loop() {
		next(b, g, sample.National)
	}
}
