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
