package identity_test

import (
	"strings"
	"testing"

	"github.com/verigate/verigate/identity"
)

func TestParseSex(t *testing.T) {
	tests := []struct {
		in     string
		native identity.Sex
		portal identity.Sex
		faults [2]identity.Fault
	}{
		{"male", identity.Male, 0, [2]identity.Fault{identity.FaultNone, identity.FaultSex}},
		{"female", identity.Female, 0, [2]identity.Fault{identity.FaultNone, identity.FaultSex}},
		{"Male", 0, 0, [2]identity.Fault{identity.FaultSex, identity.FaultSex}},
		{"1", 0, identity.Male, [2]identity.Fault{identity.FaultSex, identity.FaultNone}},
		{"2", 0, identity.Female, [2]identity.Fault{identity.FaultSex, identity.FaultNone}},
		{" 2 ", 0, identity.Female, [2]identity.Fault{identity.FaultSex, identity.FaultNone}},
		{"3", 0, identity.SexUnknown, [2]identity.Fault{identity.FaultSex, identity.FaultNone}},
		{"", 0, identity.SexUnknown, [2]identity.Fault{identity.FaultSex, identity.FaultNone}},
		{"0", 0, 0, [2]identity.Fault{identity.FaultSex, identity.FaultSex}},
		{"Nam", 0, identity.Male, [2]identity.Fault{identity.FaultSex, identity.FaultNone}},
		{"NAM", 0, identity.Male, [2]identity.Fault{identity.FaultSex, identity.FaultNone}},
		{"Nữ", 0, identity.Female, [2]identity.Fault{identity.FaultSex, identity.FaultNone}},
		{"NỮ", 0, identity.Female, [2]identity.Fault{identity.FaultSex, identity.FaultNone}},
		{"Nu\u031b\u0303", 0, identity.Female, [2]identity.Fault{identity.FaultSex, identity.FaultNone}},
		{"Nu\u0303\u031b", 0, identity.Female, [2]identity.Fault{identity.FaultSex, identity.FaultNone}},
		{"Nư\u0303", 0, identity.Female, [2]identity.Fault{identity.FaultSex, identity.FaultNone}},
		{"NU", 0, identity.Female, [2]identity.Fault{identity.FaultSex, identity.FaultNone}},
		{"12", 0, 0, [2]identity.Fault{identity.FaultSex, identity.FaultSex}},
		{strings.Repeat("1", 1<<20), 0, 0, [2]identity.Fault{identity.FaultSex, identity.FaultSex}},
	}
	for _, tt := range tests {
		native, f := identity.ParseSex([]byte(tt.in))
		if native != tt.native || f != tt.faults[0] {
			t.Errorf("%.20q natively: %v %v, want %v %v", tt.in, native, f, tt.native, tt.faults[0])
		}
		portal, f := identity.ParsePortalSex([]byte(tt.in))
		if portal != tt.portal || f != tt.faults[1] {
			t.Errorf("%.20q by the portal: %v %v, want %v %v", tt.in, portal, f, tt.portal, tt.faults[1])
		}
	}
}

func TestParseFacility(t *testing.T) {
	tests := []struct {
		in, want string
		fault    identity.Fault
	}{
		{"01000", "01000", identity.FaultNone},
		{"79C54", "79C54", identity.FaultNone},
		{" 79c54\n", "79C54", identity.FaultNone},
		{"99ZZZ", "99ZZZ", identity.FaultNone},
		{"", "", identity.FaultFacility},
		{"0100", "", identity.FaultFacility},
		{"010000", "", identity.FaultFacility},
		{"C1000", "", identity.FaultFacility},
		{"0C000", "", identity.FaultFacility},
		{"01-00", "", identity.FaultFacility},
		{"01 00", "", identity.FaultFacility},
		{"01Đ00", "", identity.FaultFacility},
	}
	for _, tt := range tests {
		got, f := identity.ParseFacility([]byte(tt.in))
		if got.String() != tt.want || f != tt.fault {
			t.Errorf("%q: %v %v, want %q %v", tt.in, got, f, tt.want, tt.fault)
		}
	}
}

func TestCheckName(t *testing.T) {
	tests := []struct {
		name, in string
		want     identity.Fault
	}{
		{"a name", sampleName, identity.FaultNone},
		{"decomposed", "Nguye\u0302\u0303n", identity.FaultNone},
		{"tabs, line end, no-break and zero-width space", "\tNguyễn\u00a0Văn\u200bMẫu\r\n", identity.FaultNone},
		{"old font text", "D\u00ad¬ng ThÞ Ph\u00adîng", identity.FaultNone},
		{"another script", "阮文", identity.FaultNone},
		{"digits", "Nguyễn Văn 2", identity.FaultNone},
		{"as long as allowed", strings.Repeat("a", identity.MaxNameLen), identity.FaultNone},
		{"empty", "", identity.FaultNameMissing},
		{"blank", " \t\u00a0\u200b\ufeff", identity.FaultNameMissing},
		{"blank in other ways", "\u2000\u3000", identity.FaultNameMissing},
		{"too long", strings.Repeat("a", identity.MaxNameLen+1), identity.FaultName},
		{"a megabyte of blanks", strings.Repeat(" ", 1<<20), identity.FaultName},
		{"not UTF-8", "Nguy\xean", identity.FaultName},
		{"half a surrogate", "Nguy\xed\xa0\x80n", identity.FaultName},
		{"lost letters", "Nguy\ufffdn", identity.FaultName},
		{"NUL", "Nguyễn\x00", identity.FaultName},
		{"escape", "\x1b[31mNguyễn", identity.FaultName},
		{"DEL", "Nguyễn\x7f", identity.FaultName},
		{"C1 control", "Nguyễn\u0090", identity.FaultName},
	}
	for _, tt := range tests {
		if got := identity.CheckName([]byte(tt.in)); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
