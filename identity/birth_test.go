package identity_test

import (
	"testing"

	"github.com/verigate/verigate/identity"
)

func day(y, m, d int) identity.Date {
	return identity.Date{Year: uint16(y), Month: uint8(m), Day: uint8(d)}
}

func TestParseDOB(t *testing.T) {
	tests := []struct {
		in    string
		want  identity.Date
		fault identity.Fault
	}{
		{"1980-02-01", day(1980, 2, 1), identity.FaultNone},
		{" 1980-02-01\n", day(1980, 2, 1), identity.FaultNone},
		{"1980-02", day(1980, 2, 0), identity.FaultNone},
		{"1980", day(1980, 0, 0), identity.FaultNone},
		{"1900", day(1900, 0, 0), identity.FaultNone},
		{"2000-02-29", day(2000, 2, 29), identity.FaultNone},
		{"2024-02-29", day(2024, 2, 29), identity.FaultNone},
		{"2026-11-21", today, identity.FaultNone},
		{"2026-11", day(2026, 11, 0), identity.FaultNone},
		{"2026", day(2026, 0, 0), identity.FaultNone},
		{"", identity.Date{}, identity.FaultDOBMissing},
		{"  ", identity.Date{}, identity.FaultDOBMissing},
		{"2026-11-22", identity.Date{}, identity.FaultDOB},
		{"2026-12", identity.Date{}, identity.FaultDOB},
		{"2027", identity.Date{}, identity.FaultDOB},
		{"1899", identity.Date{}, identity.FaultDOB},
		{"1899-12-31", identity.Date{}, identity.FaultDOB},
		{"1900-02-29", identity.Date{}, identity.FaultDOB},
		{"2023-02-29", identity.Date{}, identity.FaultDOB},
		{"1980-02-31", identity.Date{}, identity.FaultDOB},
		{"1980-04-31", identity.Date{}, identity.FaultDOB},
		{"1980-13-01", identity.Date{}, identity.FaultDOB},
		{"1980-13", identity.Date{}, identity.FaultDOB},
		{"1980-00-01", identity.Date{}, identity.FaultDOB},
		{"1980-01-00", identity.Date{}, identity.FaultDOB},
		{"1980-1-1", identity.Date{}, identity.FaultDOB},
		{"01/02/1980", identity.Date{}, identity.FaultDOB},
		{"19800201", identity.Date{}, identity.FaultDOB},
		{"1980/02/01", identity.Date{}, identity.FaultDOB},
		{"1980-02-01T00:00:00Z", identity.Date{}, identity.FaultDOB},
		{"-980", identity.Date{}, identity.FaultDOB},
		{"+980", identity.Date{}, identity.FaultDOB},
		{"đ980", identity.Date{}, identity.FaultDOB},
		{"0000", identity.Date{}, identity.FaultDOB},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			checkDate(t, tt.want, tt.fault)(identity.ParseDOB([]byte(tt.in), today))
		})
	}
}

func TestParsePortalDOB(t *testing.T) {
	tests := []struct {
		in    string
		want  identity.Date
		fault identity.Fault
	}{
		{"01/02/1980", day(1980, 2, 1), identity.FaultNone},
		{"1/2/1980", day(1980, 2, 1), identity.FaultNone},
		{"01/2/1980", day(1980, 2, 1), identity.FaultNone},
		{"02/1980", day(1980, 2, 0), identity.FaultNone},
		{"2/1980", day(1980, 2, 0), identity.FaultNone},
		{"1980", day(1980, 0, 0), identity.FaultNone},
		{"01021980", day(1980, 2, 1), identity.FaultNone},
		{" 01/02/1980\r\n", day(1980, 2, 1), identity.FaultNone},
		{"21/11/2026", today, identity.FaultNone},
		{"29/02/2024", day(2024, 2, 29), identity.FaultNone},
		{"", identity.Date{}, identity.FaultDOBMissing},
		{"31/02/1980", identity.Date{}, identity.FaultDOB},
		{"31022024", identity.Date{}, identity.FaultDOB},
		{"29/02/2023", identity.Date{}, identity.FaultDOB},
		{"22/11/2026", identity.Date{}, identity.FaultDOB},
		{"00/00/1980", identity.Date{}, identity.FaultDOB},
		{"00/1980", identity.Date{}, identity.FaultDOB},
		{"/1980", identity.Date{}, identity.FaultDOB},
		{"//1980", identity.Date{}, identity.FaultDOB},
		{"01//1980", identity.Date{}, identity.FaultDOB},
		{"01/02/80", identity.Date{}, identity.FaultDOB},
		{"001/02/1980", identity.Date{}, identity.FaultDOB},
		{"01/02/1980/", identity.Date{}, identity.FaultDOB},
		{"01/02/19800", identity.Date{}, identity.FaultDOB},
		{"1980-02-01", identity.Date{}, identity.FaultDOB},
		{"19800201", identity.Date{}, identity.FaultDOB},
		{"021980", identity.Date{}, identity.FaultDOB},
		{"01/13/1980", identity.Date{}, identity.FaultDOB},
		{"1752", identity.Date{}, identity.FaultDOB},
		{"null", identity.Date{}, identity.FaultDOB},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			checkDate(t, tt.want, tt.fault)(identity.ParsePortalDOB([]byte(tt.in), today))
		})
	}
}

func TestParseDay(t *testing.T) {
	tests := []struct {
		in    string
		want  identity.Date
		fault identity.Fault
	}{
		{"2026-11-21", today, identity.FaultNone},
		{"2030-01-01", day(2030, 1, 1), identity.FaultNone},
		{"1999-12-31", day(1999, 12, 31), identity.FaultNone},
		{"", identity.Date{}, identity.FaultOn},
		{"2026-11", identity.Date{}, identity.FaultOn},
		{"2026-02-30", identity.Date{}, identity.FaultOn},
		{"1899-01-01", identity.Date{}, identity.FaultOn},
		{"9999-01-01", identity.Date{}, identity.FaultOn},
		{"21/11/2026", identity.Date{}, identity.FaultOn},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) { checkDate(t, tt.want, tt.fault)(identity.ParseDay([]byte(tt.in))) })
	}
}

func checkDate(t *testing.T, want identity.Date, wantFault identity.Fault) func(identity.Date, identity.Fault) {
	t.Helper()
	return func(got identity.Date, fault identity.Fault) {
		t.Helper()
		if got != want || fault != wantFault {
			t.Errorf("got %v %v, want %v %v", got, fault, want, wantFault)
		}
	}
}

// A whole leap and a whole common year, and every date a reader accepts written back in both forms.
func TestEveryCalendarDay(t *testing.T) {
	for _, year := range []struct{ year, days int }{{1900, 365}, {2000, 366}, {2023, 365}, {2024, 366}} {
		days := 0
		for m := range 15 {
			for d := range 40 {
				want := day(year.year, m, d)
				if m == 0 || d == 0 || !want.Valid() {
					continue
				}
				days++
				iso, fault := identity.ParseDOB(want.AppendISO(nil), today)
				portal, fault2 := identity.ParsePortalDOB(want.AppendPortal(nil), today)
				if iso != want || portal != want || fault != identity.FaultNone || fault2 != identity.FaultNone {
					t.Fatalf("%v read back as %v (%v) and %v (%v)", want, iso, fault, portal, fault2)
				}
			}
		}
		if days != year.days {
			t.Errorf("%d has %d days, want %d", year.year, days, year.days)
		}
	}
}
