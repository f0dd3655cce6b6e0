package verify_test

import (
	"testing"

	"github.com/verigate/verigate/verify"
)

func TestNameRung(t *testing.T) {
	strict, loose := verify.DefaultPolicy(), verify.DefaultPolicy()
	loose.LooseIY = true
	tests := []struct {
		record, claim string
		rung, loosely verify.Rung
	}{
		{"Nguyễn Văn Mẫu", "Nguyễn Văn Mẫu", verify.RungExact, verify.RungExact},
		{"Nguyễn Văn Mẫu", " NGUYỄN  văn\tmẫu\u00a0", verify.RungCase, verify.RungCase},
		{"Nguyễn Văn Mẫu", "Nguye\u0302\u0303n Va\u0306n Ma\u0302\u0303u", verify.RungForm, verify.RungForm},
		{"Nguyễn Văn Mẫu", "Nguye\u0303\u0302n Va\u0306n Mẫu", verify.RungForm, verify.RungForm},
		{"Nguyễn Văn Mẫu", "Nguyê\u0303n Văn Mâ\u0303u", verify.RungForm, verify.RungForm},
		{"Đỗ Đức", "Ðỗ Ðức", verify.RungLookalike, verify.RungLookalike},
		{"H'Loan Niê", "H’Loan Niê", verify.RungCase, verify.RungCase},
		{"H'Loan Niê", "HLoan Niê", verify.RungPunctuation, verify.RungPunctuation},
		{"H'Loan Niê", "H Loan Niê", verify.RungPunctuation, verify.RungPunctuation},
		{"Lê Thúy Hòa", "Lê Thuý Hoà", verify.RungTone, verify.RungTone},
		{"Lý Quý Mỹ", "Lí Quí Mĩ", verify.RungMismatch, verify.RungLoose},
		{"Lê Thúy", "Lê Thúi", verify.RungMismatch, verify.RungMismatch},
		{"Nguyễn Văn Mẫu", "NguyÔn V¨n MÉu", verify.RungTCVN3, verify.RungTCVN3},
		{"Vũ Thanh Tú", "Vò Thanh Tó", verify.RungTCVN3, verify.RungTCVN3},
		{"Dương Hưng", "D\u00ad¬ng H\u00adng", verify.RungTCVN3, verify.RungTCVN3},
		{"Nguyễn Văn Mẫu", "Nguyeãn Vaên Maãu", verify.RungVNI, verify.RungVNI},
		{"Nguyễn Văn Mẫu", "NGUYEÃN VAÊN MAÃU", verify.RungVNI, verify.RungVNI},
		{"Nguyễn Văn Mẫu", "NGUYEN VAN MAU", verify.RungUnaccented, verify.RungUnaccented},
		{"Hòa", "Hoa", verify.RungUnaccented, verify.RungUnaccented},
		{"Hòa", "Hoá", verify.RungMismatch, verify.RungMismatch},
		{"Nguyễn Văn Mẫu", "Nguyễn Van Mau", verify.RungMismatch, verify.RungMismatch},
		{"Đức", "Đuc", verify.RungMismatch, verify.RungMismatch},
		{"Hồ", "Hoà", verify.RungMismatch, verify.RungMismatch},
		{"Phan Sơn", "Phan Sôn", verify.RungMismatch, verify.RungMismatch},
		{"Nguyễn Văn Mẫu", "", verify.RungNone, verify.RungNone},
		{"", "Nguyễn Văn Mẫu", verify.RungNone, verify.RungNone},
	}
	for _, tt := range tests {
		if got, _ := verify.NameRung(&strict, []byte(tt.record), []byte(tt.claim)); got != tt.rung {
			t.Errorf("%q against %q: %v, want %v", tt.record, tt.claim, got, tt.rung)
		}
		if got, _ := verify.NameRung(&loose, []byte(tt.record), []byte(tt.claim)); got != tt.loosely {
			t.Errorf("%q against %q, i and y the same: %v, want %v", tt.record, tt.claim, got, tt.loosely)
		}
	}
}
