package verify_test

import (
	"testing"

	"github.com/verigate/verigate/verify"
)

// namePairs are the common rungs, with a name of the usual length; the first five are what almost every query meets.
var namePairs = []struct{ rung, record, claim string }{
	{"exact", "Nguyễn Thị Thanh Thúy", "Nguyễn Thị Thanh Thúy"},
	{"case_and_spacing", "Nguyễn Thị Thanh Thúy", " NGUYỄN THỊ  THANH THÚY"},
	{"unicode_form", "Nguyễn Thị Thanh Thúy", "Nguye\u0302\u0303n Thi\u0323 Thanh Thu\u0301y"},
	{"tone_placement", "Nguyễn Thị Thanh Thúy", "Nguyễn Thị Thanh Thuý"},
	{"unaccented", "Nguyễn Thị Thanh Thúy", "Nguyen Thi Thanh Thuy"},
	{"tcvn3", "Nguyễn Thị Thanh Thúy", "NguyÔn ThÞ Thanh Thóy"},
	{"vni", "Nguyễn Thị Thanh Thúy", "Nguyeãn Thò Thanh Thuùy"},
	{"mismatch", "Nguyễn Thị Thanh Thúy", "Nguyễn Thị Thanh Thủy"},
}

func BenchmarkMatchName(b *testing.B) {
	p := verify.DefaultPolicy()
	for _, bb := range namePairs {
		record, claim := []byte(bb.record), []byte(bb.claim)
		b.Run(bb.rung, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				verify.MatchName(&p, record, claim)
			}
		})
	}
}
