package identity_test

import (
	"strings"
	"testing"

	"github.com/verigate/verigate/identity"
)

var today = identity.Date{Year: 2026, Month: 11, Day: 21}

func TestParseID(t *testing.T) {
	tests := []struct {
		name, in, want string
		fault          identity.Fault
	}{
		{"plain", "001080000000", "001080000000", identity.FaultNone},
		{"spaces between groups", " 001 080 000 000\r\n", "001080000000", identity.FaultNone},
		{"no-break and zero-width spaces", "001\u00a0080\u200b000000\ufeff", "001080000000", identity.FaultNone},
		{"dashes and dots", "001-080.000_000", "001080000000", identity.FaultNone},
		{"keyboard driver made đ of 0", "đ01080000000", "001080000000", identity.FaultNone},
		{"soft: unknown province or country", "999080000000", "999080000000", identity.FaultNone},
		{"soft: province code not in any list", "003080000000", "003080000000", identity.FaultNone},
		{"soft: digit 4 says born after 2099", "001480000000", "001480000000", identity.FaultNone},
		{"soft: digit 4 is 9", "001980000000", "001980000000", identity.FaultNone},
		{"soft: birth year in the future", "001299000000", "001299000000", identity.FaultNone},
		{"hard: province 000", "000080000000", "", identity.FaultMalformed},
		{"hard: eleven digits", "00108000000", "", identity.FaultMalformed},
		{"hard: thirteen digits", "0010800000001", "", identity.FaultMalformed},
		{"hard: a letter", "00108000000A", "", identity.FaultMalformed},
		{"hard: other digits of Unicode", "٠٠١٠٨٠٠٠٠٠٠٠", "", identity.FaultMalformed},
		{"hard: joined by a semicolon", "001080000000;001080000000", "", identity.FaultMalformed},
		{"hard: empty", "", "", identity.FaultMalformed},
		{"hard: blank", "  ", "", identity.FaultMalformed},
		{"hard: not UTF-8", "00108000000\xff", "", identity.FaultMalformed},
		{"hard: a megabyte", strings.Repeat("0", 1<<20), "", identity.FaultMalformed},
		{"hard: a megabyte of blanks around it", strings.Repeat(" ", 1<<20) + "001080000000", "", identity.FaultMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, fault := identity.ParseID([]byte(tt.in))
			checkKey(t, got, fault, identity.KindID, tt.want, tt.fault)
		})
	}
}

func TestParseCode(t *testing.T) {
	tests := []struct {
		name, in, want string
		fault          identity.Fault
	}{
		{"plain", "0000000001", "0000000001", identity.FaultNone},
		{"grouped", "01 234 567 89", "0123456789", identity.FaultNone},
		{"soft: first two digits no province", "0300000000", "0300000000", identity.FaultNone},
		{"soft: first two digits zero", "0000000000", "0000000000", identity.FaultNone},
		{"repaired 0", "123456789đ", "1234567890", identity.FaultNone},
		{"hard: nine digits", "123456789", "", identity.FaultMalformed},
		{"hard: eleven digits", "12345678901", "", identity.FaultMalformed},
		{"hard: a letter", "012345678O", "", identity.FaultMalformed},
		{"hard: an ID number", "001080000000", "", identity.FaultMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, fault := identity.ParseCode([]byte(tt.in))
			checkKey(t, got, fault, identity.KindCode, tt.want, tt.fault)
		})
	}
}

func TestParseCard(t *testing.T) {
	tests := []struct {
		name, in, want string
		fault          identity.Fault
	}{
		{"plain", "GD4010000000001", "GD4010000000001", identity.FaultNone},
		{"small letters", "gd4010000000001", "GD4010000000001", identity.FaultNone},
		{"groups and an input mask", "GD-4-01_00.000 00001,", "GD4010000000001", identity.FaultNone},
		{"seventeen characters", "GD401001080000000", "GD401001080000000", identity.FaultNone},
		{"a new-born's temporary number", "TE1010000000001", "TE1010000000001", identity.FaultNone},
		{"soft: Defence", "QN5970000000001", "QN5970000000001", identity.FaultNone},
		{"soft: province 98", "CA5980000000001", "CA5980000000001", identity.FaultNone},
		{"soft: province 99", "CY5990000000001", "CY5990000000001", identity.FaultNone},
		{"soft: province in no list", "GD4030000000001", "GD4030000000001", identity.FaultNone},
		{"soft: province that was merged", "GD4270000000001", "GD4270000000001", identity.FaultNone},
		{"soft: letters in no list", "ZZ4010000000001", "ZZ4010000000001", identity.FaultNone},
		{"soft: letters and benefit of different groups", "TE4010000000001", "TE4010000000001", identity.FaultNone},
		{"driver made Đ of D, first", "ĐN4010000000001", "DN4010000000001", identity.FaultNone},
		{"driver made Đ of D, second", "GĐ4010000000001", "GD4010000000001", identity.FaultNone},
		{"small đ", "gđ4010000000001", "GD4010000000001", identity.FaultNone},
		{"Icelandic letter instead", "GÐ4010000000001", "GD4010000000001", identity.FaultNone},
		{"Đ for D and đ for 0", "GĐ4đ10000000001", "GD4010000000001", identity.FaultNone},
		{"hard: province 00", "GD4000000000001", "", identity.FaultProvince},
		{"hard: province 00, long form", "GD400001080000000", "", identity.FaultProvince},
		{"hard: benefit 0", "GD0010000000001", "", identity.FaultBenefit},
		{"hard: benefit 6", "GD6010000000001", "", identity.FaultBenefit},
		{"hard: benefit 9", "GD9010000000001", "", identity.FaultBenefit},
		{"province before benefit", "GD9000000000001", "", identity.FaultProvince},
		{"hard: one letter", "G44010000000001", "", identity.FaultMalformed},
		{"hard: no letters", "114010000000001", "", identity.FaultMalformed},
		{"hard: three letters", "GDX010000000001", "", identity.FaultMalformed},
		{"hard: fourteen characters", "GD401000000000", "", identity.FaultMalformed},
		{"hard: sixteen characters", "GD40100000000011", "", identity.FaultMalformed},
		{"hard: eighteen characters", "GD4010010800000001", "", identity.FaultMalformed},
		{"hard: letter among digits", "GD401000000000A", "", identity.FaultMalformed},
		{"hard: joined by a semicolon", "GD4010000000001;GD4010000000002", "", identity.FaultMalformed},
		{"hard: another accented letter", "GÊ4010000000001", "", identity.FaultMalformed},
		{"hard: empty", "", "", identity.FaultMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, fault := identity.ParseCard([]byte(tt.in))
			checkKey(t, got, fault, identity.KindCard, tt.want, tt.fault)
		})
	}
}

func TestParseAnyTellsKindsApart(t *testing.T) {
	tests := []struct {
		in, want string
		kind     identity.Kind
		fault    identity.Fault
	}{
		{"001080000000", "001080000000", identity.KindID, identity.FaultNone},
		{"001 080 000 000", "001080000000", identity.KindID, identity.FaultNone},
		{"0000000001", "0000000001", identity.KindCode, identity.FaultNone},
		{"gd4010000000001", "GD4010000000001", identity.KindCard, identity.FaultNone},
		{"GD401001080000000", "GD401001080000000", identity.KindCard, identity.FaultNone},
		{"000080000000", "", identity.KindNone, identity.FaultMalformed},
		{"GD4000000000001", "", identity.KindNone, identity.FaultProvince},
		{"GD7010000000001", "", identity.KindNone, identity.FaultBenefit},
		{"000000001", "", identity.KindNone, identity.FaultMalformed},
		{"C1234567", "", identity.KindNone, identity.FaultMalformed},
		{"GD4010000000001;GD4010000000002", "", identity.KindNone, identity.FaultMalformed},
		{"' OR 1=1 --", "", identity.KindNone, identity.FaultMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			got, fault := identity.ParseAny([]byte(tt.in))
			checkKey(t, got, fault, tt.kind, tt.want, tt.fault)
		})
	}
}

func checkKey(t *testing.T, got identity.Key, fault identity.Fault, kind identity.Kind, want string, wantFault identity.Fault) {
	t.Helper()
	if fault != wantFault {
		t.Fatalf("fault %v, want %v", fault, wantFault)
	}
	if fault != identity.FaultNone {
		if !got.IsZero() {
			t.Errorf("a key with a fault: %v", got.Value())
		}
		return
	}
	if got.Kind() != kind || got.Value() != want {
		t.Errorf("got %v %q, want %v %q", got.Kind(), got.Value(), kind, want)
	}
}

func TestWhatNumbersSuggest(t *testing.T) {
	tests := []struct {
		in               string
		born             int
		sex              identity.Sex
		province, profit int
		inner            string
	}{
		{"001080000000", 1980, identity.Male, 1, 0, ""},
		{"079199000000", 1999, identity.Female, 79, 0, ""},
		{"024200000000", 2000, identity.Male, 24, 0, ""},
		{"096312000000", 2012, identity.Female, 96, 0, ""},
		{"001945000000", 2345, identity.Female, 1, 0, ""},
		{"123080000000", 1980, identity.Male, 0, 0, ""},
		{"0100000001", 0, identity.SexUnknown, 0, 0, ""},
		{"GD4970000000001", 0, identity.SexUnknown, 97, 4, "0000000001"},
		{"TE179001217000000", 0, identity.SexUnknown, 79, 1, "001217000000"},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			k, fault := identity.ParseAny([]byte(tt.in))
			if fault != identity.FaultNone {
				t.Fatal(fault)
			}
			if k.Born() != tt.born || k.Sex() != tt.sex || k.Province() != tt.province || k.Benefit() != tt.profit {
				t.Errorf("got %d %v %d %d", k.Born(), k.Sex(), k.Province(), k.Benefit())
			}
			if in := k.Inner(); in.Value() != tt.inner {
				t.Errorf("inner %q, want %q", in.Value(), tt.inner)
			}
		})
	}
}

func TestProvinceNamesByDate(t *testing.T) {
	before, since := identity.Date{Year: 2025, Month: 6, Day: 30}, identity.Date{Year: 2025, Month: 7, Day: 1}
	tests := []struct {
		code        int
		before, now string
	}{
		{1, "Hà Nội", "Hà Nội"},
		{15, "Yên Bái", "Lào Cai"},
		{24, "Bắc Giang", "Bắc Ninh"},
		{44, "Quảng Bình", "Quảng Trị"},
		{52, "Bình Định", "Gia Lai"},
		{80, "Long An", "Tây Ninh"},
		{82, "Tiền Giang", "Đồng Tháp"},
		{91, "Kiên Giang", "An Giang"},
		{27, "Bắc Ninh", ""},
		{46, "Thừa Thiên Huế", "Huế"},
		{3, "", ""},
		{97, "", ""},
		{-1, "", ""},
		{100, "", ""},
	}
	for _, tt := range tests {
		if got := identity.ProvinceName(tt.code, before); got != tt.before {
			t.Errorf("%d before the merger: %q, want %q", tt.code, got, tt.before)
		}
		if got := identity.ProvinceName(tt.code, since); got != tt.now {
			t.Errorf("%d since the merger: %q, want %q", tt.code, got, tt.now)
		}
	}
	old, now, known := 0, 0, 0
	for code := range 100 {
		if identity.ProvinceName(code, before) != "" {
			old++
		}
		if identity.ProvinceName(code, since) != "" {
			now++
		}
		if identity.KnownProvince(code) {
			known++
		}
	}
	if old != 63 || now != 34 || known != 66 {
		t.Errorf("%d provinces before, %d since, %d known; want 63, 34, 66", old, now, known)
	}
}
