package identity_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/verigate/verigate/identity"
)

// awkward is input that broke somebody's parser once, or looks as if it could.
var awkward = []string{"", " ", "\x00", "\xff", "\xed\xa0\x80", "đ", "Đ", "-", "$", "|", "$|$", "||||||||||||||||||||||||", "0", "000000000000",
	"001080000000", "00108000000đ", "0000000001", "GD4010000000001", "GĐ4010000000001", "GD401001080000000", "GD4000000000001",
	"GD9010000000001", "GD4010000000001;GD4010000000002", "1980", "1980-02", "1980-02-31", "31/02/1980", "1/2/1980", "01021980",
	"2/1980", "01000", "01c54", "male", "Nữ", "9999-99-99", "0000-00-00", "\u200b\ufeff\u00a0", "٠١٢", "{\"id\":\"", "\\", "\ufffd"}

func addAwkward(f *testing.F) {
	f.Helper()
	for _, s := range awkward {
		f.Add([]byte(s))
	}
}

// fuzzNumber holds a reader of numbers to its own output: what it accepts it gives back normalised, and reads again.
func fuzzNumber(f *testing.F, kind identity.Kind, parse func([]byte) (identity.Key, identity.Fault)) {
	f.Helper()
	addAwkward(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		was := bytes.Clone(b)
		k, fault := parse(b)
		if !bytes.Equal(b, was) {
			t.Fatal("the input was changed")
		}
		if (fault == identity.FaultNone) == k.IsZero() {
			t.Fatalf("key %v with fault %v", k, fault)
		}
		if k.IsZero() {
			return
		}
		if kind != identity.KindNone && k.Kind() != kind {
			t.Fatalf("kind %v", k.Kind())
		}
		for _, c := range k.Value() {
			if (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
				t.Fatalf("not normalised: %q", k.Value())
			}
		}
		again, fault := parse([]byte(k.Value()))
		if again != k || fault != identity.FaultNone {
			t.Fatalf("%q read again: %q, %v", k.Value(), again.Value(), fault)
		}
		whichever, fault := identity.ParseAny(b)
		if whichever != k || fault != identity.FaultNone {
			t.Fatalf("by shape: %q, %v", whichever.Value(), fault)
		}
	})
}

func FuzzParseID(f *testing.F) {
	fuzzNumber(f, identity.KindID, identity.ParseID)
}

func FuzzParseCode(f *testing.F) { fuzzNumber(f, identity.KindCode, identity.ParseCode) }

func FuzzParseCard(f *testing.F) { fuzzNumber(f, identity.KindCard, identity.ParseCard) }

func FuzzParseAny(f *testing.F) {
	fuzzNumber(f, identity.KindNone, identity.ParseAny)
}

// fuzzDate holds a reader of dates to real dates within its bounds, written back as they were read.
func fuzzDate(f *testing.F, parse func([]byte) (identity.Date, identity.Fault), write func(identity.Date) []byte, last identity.Date) {
	f.Helper()
	addAwkward(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		d, fault := parse(b)
		if (fault == identity.FaultNone) == d.IsZero() {
			t.Fatalf("date %v with fault %v", d, fault)
		}
		if d.IsZero() {
			return
		}
		if !d.Valid() || d.Year < identity.FirstYear || d.After(last) {
			t.Fatalf("%v", d)
		}
		if again, fault := parse(write(d)); again != d || fault != identity.FaultNone {
			t.Fatalf("%v read again: %v, %v", d, again, fault)
		}
	})
}

func FuzzParseDOB(f *testing.F) {
	fuzzDate(f, func(b []byte) (identity.Date, identity.Fault) { return identity.ParseDOB(b, today) },
		func(d identity.Date) []byte { return d.AppendISO(nil) }, today)
}

func FuzzParsePortalDOB(f *testing.F) {
	fuzzDate(f, func(b []byte) (identity.Date, identity.Fault) { return identity.ParsePortalDOB(b, today) },
		func(d identity.Date) []byte { return d.AppendPortal(nil) }, today)
}

func FuzzParseDay(f *testing.F) {
	fuzzDate(f, identity.ParseDay, func(d identity.Date) []byte { return d.AppendISO(nil) }, day(2199, 12, 31))
}

func FuzzParseSex(f *testing.F) {
	addAwkward(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, fault := identity.ParseSex(b); (fault == identity.FaultNone) != (s.String() == string(b) && len(b) > 0) {
			t.Fatalf("%v, %v", s, fault)
		}
		if s, fault := identity.ParsePortalSex(b); fault != identity.FaultNone && s != identity.SexUnknown {
			t.Fatalf("%v with fault %v", s, fault)
		}
	})
}

func FuzzParseFacility(f *testing.F) {
	addAwkward(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		got, fault := identity.ParseFacility(b)
		if (fault == identity.FaultNone) == got.IsZero() {
			t.Fatalf("%v with fault %v", got, fault)
		}
		if got.IsZero() {
			return
		}
		if again, fault := identity.ParseFacility([]byte(got.String())); again != got || fault != identity.FaultNone {
			t.Fatalf("%v read again: %v, %v", got, again, fault)
		}
	})
}

func FuzzCheckName(f *testing.F) {
	addAwkward(f)
	f.Add([]byte(sampleName))
	f.Add(bytes.Repeat([]byte{' '}, identity.MaxNameLen+1))
	f.Fuzz(func(t *testing.T, b []byte) {
		fault := identity.CheckName(b)
		if fault == identity.FaultNone && (!utf8.Valid(b) || len(b) > identity.MaxNameLen || len(bytes.TrimSpace(b)) == 0) {
			t.Fatalf("%q passes", b)
		}
		if fault != identity.FaultNone && fault != identity.FaultName && fault != identity.FaultNameMissing {
			t.Fatal(fault)
		}
	})
}

func FuzzParseQR(f *testing.F) {
	addAwkward(f)
	for _, s := range []string{chipSeven, chipEleven, paperLong, paperShort} {
		f.Add([]byte(s))
		for _, bar := range []string{`\`, "/", "¦"} {
			f.Add([]byte(strings.ReplaceAll(s, "|", bar)))
		}
		f.Add([]byte("$" + s + "$\r\n"))
		f.Add([]byte(strings.ReplaceAll(s, "0", "đ")))
		f.Add([]byte(s[:len(s)/2]))
	}
	f.Add([]byte(strings.Replace(paperLong, hexName, utf16Hex(sampleName, 0, 1), 1)))
	f.Add([]byte(strings.Replace(paperLong, hexName, utf16Hex(sampleName, 1, 0), 1)))
	f.Add([]byte(strings.Replace(paperLong, hexName, "004ed83d0067", 1)))
	var p identity.Payload
	f.Fuzz(func(t *testing.T, raw []byte) {
		was := bytes.Clone(raw)
		fault := identity.ParseQR(raw, today, &p)
		if !bytes.Equal(raw, was) {
			t.Fatal("the input was changed")
		}
		if (fault == identity.FaultNone) == p.Key.IsZero() || (p.Form == identity.QRNone) != p.Key.IsZero() {
			t.Fatalf("form %d, key %v, fault %v", p.Form, p.Key, fault)
		}
		if fault != identity.FaultNone {
			return
		}
		if len(p.Name) > 0 && identity.CheckName(p.Name) != identity.FaultNone {
			t.Fatalf("name %q", p.Name)
		}
		if !p.DOB.Valid() || p.DOB.After(today) {
			t.Fatalf("born %v", p.DOB)
		}
		if !p.Facility.IsZero() {
			if _, f := identity.ParseFacility(p.Facility[:]); f != identity.FaultNone {
				t.Fatalf("facility %q", p.Facility)
			}
		}
		if again, f := identity.ParseAny([]byte(p.Key.Value())); again != p.Key || f != identity.FaultNone {
			t.Fatalf("key %q", p.Key.Value())
		}
	})
}
