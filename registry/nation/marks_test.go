package nation_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"github.com/verigate/verigate/registry/nation"
)

func TestUnaccentedDropsEveryMark(t *testing.T) {
	if got, want := nation.Unaccented("Nguyễn Đức Thưởng đỗ Ỵ"), "Nguyen Duc Thuong do Y"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOtherPlacementMovesOpenTones(t *testing.T) {
	tests := []struct{ name, want string }{
		{"Lê Hòa", "Lê Hoà"},
		{"Lê Thuý Khoẻ", "Lê Thúy Khỏe"},
		{"LÊ HÒA", "LÊ HOÀ"},
		{"Lê Quý", "Lê Quý"},   // the u of quý is no vowel
		{"Lê Toàn", "Lê Toàn"}, // a final consonant leaves one place only
	}
	for _, tt := range tests {
		if got := nation.OtherPlacement(tt.name); got != tt.want {
			t.Errorf("OtherPlacement(%q) = %q, want %q", tt.name, got, tt.want)
		}
	}
}

// The samples' expected outcomes rest on these properties.
func TestOtherNamesAreOther(t *testing.T) {
	n := newNation(t, 100_000, 1)
	rng := rand.New(rand.NewPCG(1, 2))
	var p nation.Person
	for range 20_000 {
		n.Person(rng.IntN(n.People()), &p)
		toned, spelled := nation.OtherTone(p.Name, rng.Uint64()), nation.OtherSpelling(p.Name, rng.Uint64())
		if toned == p.Name || nation.Unaccented(toned) != nation.Unaccented(p.Name) || toned == nation.Unaccented(toned) {
			t.Fatalf("OtherTone(%q) = %q", p.Name, toned)
		}
		if nation.Unaccented(spelled) == nation.Unaccented(p.Name) || initials(spelled) != initials(p.Name) {
			t.Fatalf("OtherSpelling(%q) = %q", p.Name, spelled)
		}
		if toned == nation.OtherPlacement(p.Name) || !norm.NFC.IsNormalString(toned) || initials(toned) != initials(p.Name) {
			t.Fatalf("OtherTone(%q) = %q", p.Name, toned)
		}
	}
}

func initials(name string) (s string) {
	for w := range strings.FieldsSeq(name) {
		s += string([]rune(w)[:1])
	}
	return s
}
