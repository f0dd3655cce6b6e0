package identity_test

import (
	"encoding/hex"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/verigate/verigate/identity"
)

const (
	sampleName = "Nguyễn Văn Mẫu"
	hexName    = "4e677579e1bb856e2056c4836e204de1baab75"
	hexAddress = "58c3a3204de1baab752c2054e1bb896e68204de1baab75"
	paperTail  = "|" + hexAddress + "|01 - 000|01/01/2026|31/12/2026|01/01/2026|01000000000001|-|4| 01/01/2020|0123456789abcdef-0000|4|42e1baa36f206869e1bb836d2078c3a32068e1bb9969206de1baab75|$"
	paperLong  = "GD4010000000001|" + hexName + "|01/02/1980|1" + paperTail
	paperShort = "GD4010000000001|" + hexName + "|01/02/1980|1|" + hexAddress + "|01 - 000|01/01/2026|31/12/2026|01/01/2026$"
	chipSeven  = "001080000000||Nguyễn Văn Mẫu|01021980|Nam|Xã Mẫu, Tỉnh Mẫu|01012022"
	chipEleven = "001080000000|000000000|Nguyễn Văn Mẫu|01021980|Nam|Xã Mẫu, Tỉnh Mẫu|01072024||||"
)

func utf16Hex(s string, high, low int) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		pair := [2]byte{}
		pair[high], pair[low] = byte(u>>8), byte(u)
		b = append(b, pair[:]...)
	}
	return hex.EncodeToString(b)
}

type scan struct {
	name, raw string
	form      identity.QRForm
	key       string
	person    string
	dob       identity.Date
	sex       identity.Sex
	facility  string
}

func TestParseQR(t *testing.T) {
	born := day(1980, 2, 1)
	tests := []scan{
		{"chip, seven fields", chipSeven, identity.QRChip, "001080000000", sampleName, born, identity.Male, ""},
		{"chip, old number present", strings.Replace(chipSeven, "||", "|000000000|", 1), identity.QRChip, "001080000000", sampleName, born, identity.Male, ""},
		{"chip, eleven fields", chipEleven, identity.QRChip, "001080000000", sampleName, born, identity.Male, ""},
		{"chip, eleven fields, no old number", strings.Replace(chipEleven, "000000000|N", "|N", 1), identity.QRChip, "001080000000", sampleName, born, identity.Male, ""},
		{"chip, a child's, last fields in use", strings.Replace(chipEleven, "||||", "|Nguyễn Văn Cha|Trần Thị Mẹ||", 1), identity.QRChip, "001080000000", sampleName, born, identity.Male, ""},
		{"e-ID app, six fields", "001080000000||Nguyễn Văn Mẫu|01021980|Nam|Xã Mẫu, Tỉnh Mẫu", identity.QRChip, "001080000000", sampleName, born, identity.Male, ""},
		{"chip, woman", strings.Replace(chipSeven, "Nam", "Nữ", 1), identity.QRChip, "001080000000", sampleName, born, identity.Female, ""},
		{"chip, woman, decomposed", strings.Replace(chipSeven, "Nam", "Nu\u031b\u0303", 1), identity.QRChip, "001080000000", sampleName, born, identity.Female, ""},
		{"chip, month and year", strings.Replace(chipSeven, "01021980", "021980", 1), identity.QRChip, "001080000000", sampleName, day(1980, 2, 0), identity.Male, ""},
		{"chip, year", strings.Replace(chipSeven, "01021980", "1980", 1), identity.QRChip, "001080000000", sampleName, day(1980, 0, 0), identity.Male, ""},
		{"chip, no date", strings.Replace(chipSeven, "01021980", "", 1), identity.QRChip, "001080000000", sampleName, identity.Date{}, identity.Male, ""},
		{"chip, line end of the scanner", chipSeven + "\r\n", identity.QRChip, "001080000000", sampleName, born, identity.Male, ""},
		{"chip, byte order mark and tab", "\ufeff" + chipSeven + "\t", identity.QRChip, "001080000000", sampleName, born, identity.Male, ""},
		{"chip, blanks around fields", strings.ReplaceAll(chipSeven, "|", " | "), identity.QRChip, "001080000000", sampleName, born, identity.Male, ""},

		{"paper, long", paperLong, identity.QRPaper, "GD4010000000001", sampleName, born, identity.Male, "01000"},
		{"paper, short", paperShort, identity.QRPaper, "GD4010000000001", sampleName, born, identity.Male, "01000"},
		{"paper, ten digits", strings.Replace(paperLong, "GD401", "", 1), identity.QRPaper, "0000000001", sampleName, born, identity.Male, "01000"},
		{"paper, ID number", strings.Replace(paperLong, "GD4010000000001", "001080000000", 1), identity.QRPaper, "001080000000", sampleName, born, identity.Male, "01000"},
		{"paper, capital hex", strings.Replace(paperLong, hexName, strings.ToUpper(hexName), 1), identity.QRPaper, "GD4010000000001", sampleName, born, identity.Male, "01000"},
		{"paper, woman", strings.Replace(paperLong, "|1|", "|2|", 1), identity.QRPaper, "GD4010000000001", sampleName, born, identity.Female, "01000"},
		{"paper, en dash", strings.Replace(paperLong, "01 - 000", "01 – 000", 1), identity.QRPaper, "GD4010000000001", sampleName, born, identity.Male, "01000"},
		{"paper, blank for a dash", strings.Replace(paperLong, "01 - 000", "01 C54", 1), identity.QRPaper, "GD4010000000001", sampleName, born, identity.Male, "01C54"},
		{"paper, unpadded date", strings.Replace(paperLong, "01/02/1980", "1/2/1980", 1), identity.QRPaper, "GD4010000000001", sampleName, born, identity.Male, "01000"},
		{"paper, eight digits", strings.Replace(paperLong, "01/02/1980", "01021980", 1), identity.QRPaper, "GD4010000000001", sampleName, born, identity.Male, "01000"},
		{"paper, year", strings.Replace(paperLong, "01/02/1980", "1980", 1), identity.QRPaper, "GD4010000000001", sampleName, day(1980, 0, 0), identity.Male, "01000"},
		{"paper, dashes mean empty", "GD4010000000001|-|-|1|-|-|-|-|-|$", identity.QRPaper, "GD4010000000001", "", identity.Date{}, identity.Male, ""},
		{"paper, plain text name", strings.Replace(paperLong, hexName, sampleName, 1), identity.QRPaper, "GD4010000000001", sampleName, born, identity.Male, "01000"},
		{"paper, a name that is good hex", strings.Replace(paperLong, hexName, "DE", 1), identity.QRPaper, "GD4010000000001", "DE", born, identity.Male, "01000"},
		{"paper, UTF-16 big-endian", strings.Replace(paperLong, hexName, utf16Hex(sampleName, 0, 1), 1), identity.QRPaper, "GD4010000000001", sampleName, born, identity.Male, "01000"},
		{"paper, UTF-16 little-endian", strings.Replace(paperLong, hexName, utf16Hex(sampleName, 1, 0), 1), identity.QRPaper, "GD4010000000001", sampleName, born, identity.Male, "01000"},
		{"paper, UTF-16 with a byte order mark", strings.Replace(paperLong, hexName, utf16Hex("\ufeff"+sampleName, 1, 0), 1), identity.QRPaper, "GD4010000000001", sampleName, born, identity.Male, "01000"},
		{"paper, blanks, dashes and end mark lost", "GD4010000000001|" + hexName + "|01/02/1980|1|" + hexAddress + "|01000|01/01/2026|31/12/2026|01/01/2026", identity.QRPaper, "GD4010000000001", sampleName, born, identity.Male, "01000"},
		{"paper, cut after the sex", "GD4010000000001|" + hexName + "|01/02/1980|1", identity.QRPaper, "GD4010000000001", sampleName, born, identity.Male, ""},

		{"bare ID number", "001080000000\r\n", identity.QRNumber, "001080000000", "", identity.Date{}, identity.SexUnknown, ""},
		{"bare code", "0000000001", identity.QRNumber, "0000000001", "", identity.Date{}, identity.SexUnknown, ""},
		{"bare card", "gd4010000000001", identity.QRNumber, "GD4010000000001", "", identity.Date{}, identity.SexUnknown, ""},
		{"bare code with end mark", "0000000001|$", identity.QRNumber, "0000000001", "", identity.Date{}, identity.SexUnknown, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { tt.check(t) })
	}
}

func TestParseQRRepairsScannerDamage(t *testing.T) {
	born := day(1980, 2, 1)
	chip := func(raw string) scan {
		return scan{"", raw, identity.QRChip, "001080000000", sampleName, born, identity.Male, ""}
	}
	paper := func(raw string) scan {
		return scan{"", raw, identity.QRPaper, "GD4010000000001", sampleName, born, identity.Male, "01000"}
	}
	tests := map[string]scan{
		"chip, wrapped":                    chip("$" + chipSeven + "$"),
		"chip, bars as backslashes":        chip(strings.ReplaceAll(chipSeven, "|", `\`)),
		"chip, bars as broken bars":        chip(strings.ReplaceAll(chipEleven, "|", "¦")),
		"chip, bars as slashes":            chip(strings.ReplaceAll(chipSeven, "|", "/")),
		"chip, slashes, house number":      chip(strings.ReplaceAll(strings.Replace(chipSeven, "Xã Mẫu", "12/3 Xã Mẫu", 1), "|", "/")),
		"chip, some bars changed":          chip(strings.Replace(chipSeven, "|", `\`, 2)),
		"chip, đ for 0":                    chip(strings.NewReplacer("001080000000", "đđ1080000000", "01021980", "đ1đ2198đ").Replace(chipSeven)),
		"chip, symbology in front":         chip("]Q3" + chipSeven),
		"chip, stray characters in front":  chip("#*" + chipSeven),
		"paper, wrapped":                   paper("$" + paperLong),
		"paper, bars as backslashes":       paper(strings.ReplaceAll(paperLong, "|", `\`)),
		"paper, bars as broken bars":       paper(strings.ReplaceAll(paperLong, "|", "¦")),
		"paper, đ for 0 in the hex":        paper(strings.ReplaceAll(paperLong, "0", "đ")),
		"paper, stray characters in front": paper("~x" + paperLong),
		"paper, Đ for D": {"", "Đ" + strings.Replace(paperLong, "GD401", "N401", 1), identity.QRPaper, "DN4010000000001",
			sampleName, born, identity.Male, "01000"},
		"paper, bars as slashes": {"", strings.ReplaceAll(paperLong, "|", "/"), identity.QRPaper, "GD4010000000001",
			sampleName, born, identity.Male, ""},
		"paper, bars as slashes, only a year": {"", strings.ReplaceAll(strings.Replace(paperLong, "01/02/1980", "1980", 1), "|", "/"),
			identity.QRPaper, "GD4010000000001", sampleName, day(1980, 0, 0), identity.Male, ""},
		"paper, bars as slashes, month and year": {"", strings.ReplaceAll(strings.Replace(paperLong, "01/02/1980", "2/1980", 1), "|", "/"),
			identity.QRPaper, "GD4010000000001", sampleName, day(1980, 2, 0), identity.Male, ""},
		"number, wrapped": {"", "$GD4010000000001$", identity.QRNumber, "GD4010000000001", "", identity.Date{}, identity.SexUnknown, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { tt.check(t) })
	}
}

func (s scan) check(t *testing.T) {
	t.Helper()
	var p identity.Payload
	if fault := identity.ParseQR([]byte(s.raw), today, &p); fault != identity.FaultNone {
		t.Fatalf("fault %v", fault)
	}
	if p.Form != s.form || p.Key.Value() != s.key || string(p.Name) != s.person || p.DOB != s.dob || p.Sex != s.sex || p.Facility.String() != s.facility {
		t.Errorf("got form %d key %q name %q dob %v sex %v facility %v", p.Form, p.Key.Value(), p.Name, p.DOB, p.Sex, p.Facility)
	}
}

func TestParseQRRefuses(t *testing.T) {
	withName := func(name string) string { return strings.Replace(paperLong, hexName, name, 1) }
	tests := []struct {
		name, raw string
		fault     identity.Fault
	}{
		{"empty", "", identity.FaultQR},
		{"end mark only", "$", identity.FaultQR},
		{"bars only", "||||||||", identity.FaultQR},
		{"a web address", "https://example.invalid/a/b/c/d/e/f/g", identity.FaultQR},
		{"chip with five fields", "001080000000||Nguyễn Văn Mẫu|01021980|Nam", identity.FaultQR},
		{"chip, empty fields dropped", "001080000000|Nguyễn Văn Mẫu|01021980", identity.FaultQR},
		{"paper with three fields", "GD4010000000001|" + hexName + "|01/02/1980", identity.FaultQR},
		{"province 000", strings.Replace(chipSeven, "001080", "000080", 1), identity.FaultQR},
		{"card of province 00", strings.Replace(paperLong, "GD401", "GD400", 1), identity.FaultProvince},
		{"card of benefit 9", strings.Replace(paperLong, "GD401", "GD901", 1), identity.FaultBenefit},
		{"chip, 31 February", strings.Replace(chipSeven, "01021980", "31021980", 1), identity.FaultDOB},
		{"chip, born tomorrow", strings.Replace(chipSeven, "01021980", "22112026", 1), identity.FaultDOB},
		{"paper, 31 February", strings.Replace(paperLong, "01/02/1980", "31/02/1980", 1), identity.FaultDOB},
		{"hex of no UTF-8", withName("4e67ff75"), identity.FaultQR},
		{"hex of control characters", withName("00000000"), identity.FaultQR},
		{"hex of marks without letters", withName("03030303"), identity.FaultQR},
		{"hex of digits", withName("31323334"), identity.FaultQR},
		{"hex with half a byte", withName(hexName[:len(hexName)-1]), identity.FaultQR},
		{"UTF-16, high half of a surrogate", withName("004ed83d0067"), identity.FaultQR},
		{"UTF-16, low half of a surrogate", withName("004ede000067"), identity.FaultQR},
		{"UTF-16, a whole pair", withName("004ed83dde00"), identity.FaultQR},
		{"hex of Chinese in UTF-16", withName("4e2d6587"), identity.FaultQR},
		{"a name of a megabyte", withName(strings.Repeat("4e", 1<<20)), identity.FaultQR},
		{"hex of more than a name", withName(strings.Repeat("4e", identity.MaxNameLen+1)), identity.FaultQR},
		{"chip, name not UTF-8", strings.Replace(chipSeven, "Văn", "V\xffn", 1), identity.FaultQR},
		{"chip, name with a control character", strings.Replace(chipSeven, "Văn", "V\x00n", 1), identity.FaultQR},
		{"a megabyte", strings.Repeat("|", 1<<20), identity.FaultQR},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var p identity.Payload
			if fault := identity.ParseQR([]byte(tt.raw), today, &p); fault != tt.fault {
				t.Fatalf("fault %v, want %v", fault, tt.fault)
			}
			if p.Form != identity.QRNone || !p.Key.IsZero() || p.Name != nil || !p.DOB.IsZero() {
				t.Error("something was left in the payload")
			}
		})
	}
}

// The number of a code is reused for the next scan: nothing of the one before may shine through.
func TestParseQRIntoAUsedPayload(t *testing.T) {
	var p identity.Payload
	for _, raw := range []string{paperLong, chipSeven, "0000000001"} {
		if fault := identity.ParseQR([]byte(raw), today, &p); fault != identity.FaultNone {
			t.Fatal(fault)
		}
	}
	if p.Form != identity.QRNumber || p.Name != nil || p.Sex != identity.SexUnknown || !p.Facility.IsZero() || !p.DOB.IsZero() {
		t.Errorf("left over from an earlier scan: %+v", p.Form)
	}
}

func TestLooksLikeQR(t *testing.T) {
	tests := map[string]bool{
		chipSeven: true, chipEleven: true, paperLong: true, paperShort: true,
		strings.ReplaceAll(chipSeven, "|", `\`): true,
		strings.ReplaceAll(chipSeven, "|", "¦"): true,
		strings.ReplaceAll(chipSeven, "|", "/"): true,
		"$GD4010000000001$":                     true,
		"":                                      false,
		"  ":                                    false,
		"001080000000":                          false,
		"GD4010000000001":                       false,
		"GD-4-01-00-000-00001":                  false,
		"GD4010000000001;GD4010000000002":       false,
		"01/02/1980":                            false,
	}
	for raw, want := range tests {
		if got := identity.LooksLikeQR([]byte(raw)); got != want {
			t.Errorf("%q: %v, want %v", raw, got, want)
		}
	}
}
