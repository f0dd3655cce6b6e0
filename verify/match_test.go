package verify_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

func ymd(y, m, d int) identity.Date {
	return identity.Date{Year: uint16(y), Month: uint8(m), Day: uint8(d)}
}

func TestMatchDOB(t *testing.T) {
	tests := []struct {
		name          string
		record, claim identity.Date
		want          verify.FieldResult
	}{
		{"same day", ymd(1980, 2, 1), ymd(1980, 2, 1), verify.FieldMatch},
		{"same month, neither knows the day", ymd(1980, 2, 0), ymd(1980, 2, 0), verify.FieldMatch},
		{"same year, neither knows more", ymd(1980, 0, 0), ymd(1980, 0, 0), verify.FieldMatch},
		{"claim knows the year", ymd(1980, 2, 1), ymd(1980, 0, 0), verify.FieldMatchCoarse},
		{"claim knows the month", ymd(1980, 2, 1), ymd(1980, 2, 0), verify.FieldMatchCoarse},
		{"record knows the year", ymd(1980, 0, 0), ymd(1980, 2, 1), verify.FieldMatchCoarse},
		{"record knows the year, form filled in with 1 January", ymd(1980, 0, 0), ymd(1980, 1, 1), verify.FieldMatchCoarse},
		{"record knows the month", ymd(1980, 2, 0), ymd(1980, 2, 1), verify.FieldMatchCoarse},
		{"record knows the month, claim the year", ymd(1980, 2, 0), ymd(1980, 0, 0), verify.FieldMatchCoarse},
		{"another day", ymd(1980, 2, 1), ymd(1980, 2, 2), verify.FieldMismatch},
		{"day and month changed about", ymd(1980, 2, 1), ymd(1980, 1, 2), verify.FieldMismatch},
		{"another month", ymd(1980, 2, 0), ymd(1980, 3, 0), verify.FieldMismatch},
		{"another month, record knows no day", ymd(1980, 2, 0), ymd(1980, 1, 1), verify.FieldMismatch},
		{"another year", ymd(1980, 0, 0), ymd(1981, 0, 0), verify.FieldMismatch},
		{"another year, full claim", ymd(1980, 0, 0), ymd(1981, 1, 1), verify.FieldMismatch},
		{"not given", ymd(1980, 2, 1), identity.Date{}, verify.FieldNotGiven},
		{"not on record", identity.Date{}, ymd(1980, 2, 1), verify.FieldNotOnRecord},
		{"neither", identity.Date{}, identity.Date{}, verify.FieldNotGiven},
	}
	for _, tt := range tests {
		if got := verify.MatchDOB(tt.record, tt.claim); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestMatchDOBIsSymmetric(t *testing.T) {
	date := rapid.Custom(func(t *rapid.T) identity.Date {
		d := ymd(rapid.IntRange(1979, 1981).Draw(t, "year"), rapid.IntRange(0, 3).Draw(t, "month"), rapid.IntRange(0, 3).Draw(t, "day"))
		return d.Cut(d.Precision()) // a day without a month is no date
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := date.Draw(t, "a"), date.Draw(t, "b")
		there, back := verify.MatchDOB(a, b), verify.MatchDOB(b, a)
		if there != back {
			t.Fatalf("%v against %v: %v, the other way round %v", a, b, there, back)
		}
		if (there == verify.FieldMatch) != (a == b) {
			t.Fatalf("%v against %v: %v", a, b, there)
		}
	})
}

func TestMatch(t *testing.T) {
	p := verify.DefaultPolicy()
	rec := verify.Record{Name: []byte("Nguyễn Văn Mẫu"), DOB: ymd(1980, 2, 1), Sex: identity.Male}
	tests := []struct {
		name   string
		claims verify.Claims
		want   verify.Fields
	}{
		{"nothing given", verify.Claims{}, verify.Fields{}},
		{"all agrees", verify.Claims{Name: rec.Name, DOB: rec.DOB, Sex: identity.Male},
			verify.Fields{Name: verify.FieldMatch, DOB: verify.FieldMatch, Sex: verify.FieldMatch}},
		{"each otherwise", verify.Claims{Name: []byte("Nguyễn Văn Minh"), DOB: ymd(1981, 0, 0), Sex: identity.Female},
			verify.Fields{Name: verify.FieldMismatch, Initials: true, DOB: verify.FieldMismatch, Sex: verify.FieldMismatch}},
		{"the facility is the judge's", verify.Claims{Facility: identity.Facility([]byte("01000"))}, verify.Fields{}},
	}
	for _, tt := range tests {
		if got := verify.Match(&rec, &tt.claims, &p); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

func TestMatchSexAndFacility(t *testing.T) {
	sexes := []struct {
		record, claim identity.Sex
		want          verify.FieldResult
	}{
		{identity.Male, identity.Male, verify.FieldMatch},
		{identity.Male, identity.Female, verify.FieldMismatch},
		{identity.Male, identity.SexUnknown, verify.FieldNotGiven},
		{identity.SexUnknown, identity.Female, verify.FieldNotOnRecord},
	}
	for _, tt := range sexes {
		if got := verify.MatchSex(tt.record, tt.claim); got != tt.want {
			t.Errorf("%v against %v: %v, want %v", tt.record, tt.claim, got, tt.want)
		}
	}
	code := func(s string) (f identity.Facility) { copy(f[:], s); return f }
	facilities := []struct {
		card, claim string
		want        verify.FieldResult
	}{
		{"01001", "01001", verify.FieldMatch},
		{"01001", "01002", verify.FieldMismatch},
		{"24001", "27001", verify.FieldMismatch}, // the same place before and after July 2025, perhaps: codes are not translated
		{"01000", "01001", verify.FieldMismatch},
		{"01000", "01000", verify.FieldMatch},
		{"01001", "", verify.FieldNotGiven},
		{"", "01001", verify.FieldNotOnRecord},
	}
	for _, tt := range facilities {
		if got := verify.MatchFacility(code(tt.card), code(tt.claim)); got != tt.want {
			t.Errorf("%q against %q: %v, want %v", tt.card, tt.claim, got, tt.want)
		}
	}
}

// The two bounds are one: what the readers let through can be compared.
func TestNameBounds(t *testing.T) {
	if verify.MaxNameLen != identity.MaxNameLen {
		t.Errorf("%d and %d", verify.MaxNameLen, identity.MaxNameLen)
	}
}
