package verify_test

import (
	"os"
	"strings"
	"testing"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

// The page that registrars check must not say anything that the rules do not do: its examples are run.
func TestMatchingPage(t *testing.T) {
	page, err := os.ReadFile("../docs/matching.md")
	if err != nil {
		t.Fatal(err)
	}
	names, dates := 0, 0
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		for i := range cells {
			cells[i] = strings.Trim(strings.TrimSpace(cells[i]), "`")
		}
		switch {
		case len(cells) == 7 && fieldResult(cells[5]) != verify.FieldNotGiven:
			names += checkNames(t, cells)
		case len(cells) == 5 && fieldResult(cells[3]) != verify.FieldNotGiven:
			dates++
			record, _ := identity.ParseDOB([]byte(cells[1]), identity.Date{})
			claim, _ := identity.ParseDOB([]byte(cells[2]), identity.Date{})
			if got := verify.MatchDOB(record, claim); got.String() != cells[3] {
				t.Errorf("%s: %v", strings.TrimSpace(line), got)
			}
		}
	}
	if names < 15 || dates < 8 {
		t.Errorf("only %d names and %d dates found on the page", names, dates)
	}
}

// checkNames runs a row of the ladder; where it lists several names, they go in pairs, or all with the one on record.
func checkNames(t *testing.T, cells []string) int {
	t.Helper()
	p := verify.DefaultPolicy()
	p.LooseIY = strings.Contains(cells[2], "loose_iy")
	records, claims := strings.Split(cells[3], ", "), strings.Split(cells[4], ", ")
	for i, claim := range claims {
		record := records[min(i, len(records)-1)]
		if got, _ := verify.MatchName(&p, []byte(record), []byte(claim)); got.String() != cells[5] {
			t.Errorf("%s: %q against %q: %v", cells[1], record, claim, got)
		}
	}
	return len(claims)
}

func fieldResult(name string) verify.FieldResult {
	for r, n := range verify.FieldResultNames {
		if n == name {
			return verify.FieldResult(r)
		}
	}
	return verify.FieldNotGiven
}
