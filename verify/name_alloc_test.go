//go:build !race

package verify_test

import (
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"github.com/verigate/verigate/verify"
)

func TestMatchNameDoesNotAllocate(t *testing.T) {
	strict, loose := verify.DefaultPolicy(), verify.DefaultPolicy()
	loose.LooseIY = true
	pairs := append(namePairs,
		struct{ rung, record, claim string }{"general characters", "Müller Ǻse Ω", norm.NFD.String("MÜLLER ǺSE Ω")},
		struct{ rung, record, claim string }{"punctuation", "H'Loan Niê Kđăm", "H Loan Niê Kđăm"},
		struct{ rung, record, claim string }{"as long as goes without", strings.Repeat("Â", 48), strings.Repeat("a\u0302", 32)})
	for _, pair := range pairs {
		record, claim := []byte(pair.record), []byte(pair.claim)
		n := testing.AllocsPerRun(100, func() {
			verify.MatchName(&strict, record, claim)
			verify.MatchName(&loose, record, claim)
		})
		if n != 0 {
			t.Errorf("%s allocates %v times", pair.rung, n)
		}
	}
}

func TestMatchDoesNotAllocate(t *testing.T) {
	p := verify.DefaultPolicy()
	rec := verify.Record{Name: []byte("Nguyễn Thị Thanh Thúy"), DOB: ymd(1980, 2, 1)}
	claims := verify.Claims{Name: []byte("NGUYỄN THỊ THANH THÚY"), DOB: ymd(1980, 0, 0)}
	if n := testing.AllocsPerRun(100, func() { verify.Match(&rec, &claims, &p) }); n != 0 {
		t.Errorf("allocates %v times", n)
	}
}
