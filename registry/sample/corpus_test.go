package sample_test

import (
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"github.com/verigate/verigate/registry/nation"
	"github.com/verigate/verigate/registry/sample"
)

func pairs(t *testing.T, kind string, count int) []sample.Pair {
	t.Helper()
	c := sample.NewCorpus(newNation(t, 200_000), 1)
	made := make([]sample.Pair, count)
	for i := range made {
		p, err := c.Next(kind)
		if err != nil {
			t.Fatal(err)
		}
		made[i] = p
	}
	return made
}

func TestCorpusLabels(t *testing.T) {
	for same, kinds := range map[bool][]string{true: sample.Variants(), false: sample.Misses()} {
		for _, kind := range kinds {
			for _, p := range pairs(t, kind, 50) {
				if p.Kind != kind || p.Same != same || p.Claim == p.Record {
					t.Fatalf("%s: %+v", kind, p)
				}
			}
		}
	}
}

// plain undoes what Unicode alone can undo.
func plain(s string) string {
	s = strings.NewReplacer("\u200b", "", "ð", "đ", "Ð", "Đ", ".", "", "’", "'", "''", "'").Replace(s)
	return strings.ToLower(strings.Join(strings.Fields(norm.NFC.String(s)), " "))
}

func TestVariantsComeBack(t *testing.T) {
	for _, kind := range []string{"upper_case", "lower_case", "spacing", "nfd", "upper_nfd", "partly_composed", "lookalike_d"} {
		for _, p := range pairs(t, kind, 120) {
			if plain(p.Claim) != plain(p.Record) {
				t.Fatalf("%s: %q is not %q", kind, p.Claim, p.Record)
			}
		}
	}
}

func TestMissesAreOtherNames(t *testing.T) {
	for _, kind := range sample.Misses() {
		bare := strings.HasSuffix(kind, "_unaccented")
		for _, p := range pairs(t, kind, 120) {
			if plain(p.Claim) == plain(p.Record) || plain(nation.OtherPlacement(p.Claim)) == plain(p.Record) {
				t.Fatalf("%s: %q is %q", kind, p.Claim, p.Record)
			}
			if marked := nation.Unaccented(p.Claim) != p.Claim; marked == bare {
				t.Fatalf("%s: %q", kind, p.Claim)
			}
		}
	}
}

func TestCorpusIsDeterministic(t *testing.T) {
	for _, kind := range []string{"vni", "one_edit"} {
		a, b := pairs(t, kind, 50), pairs(t, kind, 50)
		for i := range a {
			if a[i] != b[i] {
				t.Fatalf("%s: pair %d is %+v, then %+v", kind, i, a[i], b[i])
			}
		}
	}
}

func TestCorpusRefusesUnknownKinds(t *testing.T) {
	c := sample.NewCorpus(newNation(t, 10), 1)
	if _, err := c.Next("nonsense"); err == nil || !strings.Contains(err.Error(), "one_edit") {
		t.Errorf("an unknown kind gives %v", err)
	}
}

func BenchmarkCorpus(b *testing.B) {
	c := sample.NewCorpus(newNation(b, nation.MaxPeople), 1)
	for _, kind := range append(sample.Variants(), sample.Misses()...) {
		b.Run(kind, func(b *testing.B) {
			for b.Loop() {
				if _, err := c.Next(kind); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
