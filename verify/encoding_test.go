package verify_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

func mustKey(t testing.TB, kind identity.Kind, value string) identity.Key {
	t.Helper()
	k, ok := identity.NewKey(kind, value)
	if !ok {
		t.Fatalf("bad test key of kind %v", kind)
	}
	return k
}

func day(s string) (d identity.Date) {
	if s == "" {
		return d
	}
	num := func(s string) (n int) {
		for _, c := range s {
			n = n*10 + int(c-'0')
		}
		return n
	}
	parts := strings.Split(s, "-")
	d.Year = uint16(num(parts[0]))
	if len(parts) > 1 {
		d.Month = uint8(num(parts[1]))
	}
	if len(parts) > 2 {
		d.Day = uint8(num(parts[2]))
	}
	return d
}

func fullRecord(t testing.TB) verify.Record {
	t.Helper()
	return verify.Record{
		ID: mustKey(t, identity.KindID, "001080000000"), Code: mustKey(t, identity.KindCode, "0000000001"),
		Name: []byte("Nguyễn Văn Mẫu"), DOB: day("1980-02-01"), Sex: identity.Male, Address: []byte("Xã Mẫu, Tỉnh Mẫu"),
		Office: []byte("Bảo hiểm xã hội mẫu"), Died: day("2026-03-04"),
		Cards: []verify.Card{
			{Number: mustKey(t, identity.KindCard, "GD4010000000001"), From: day("2025-01-01"), To: day("2025-12-31"),
				Facility: identity.Facility{'0', '1', '0', '0', '0'}, FacilityName: []byte("Trạm y tế mẫu"), Benefit: 4, Area: 2, FiveYears: day("2020-01-01")},
			{Number: mustKey(t, identity.KindCard, "HT3010000000001"), From: day("2026-01-01"), Status: verify.StatusRecalled,
				StatusFrom: day("2026-02-01"), Benefit: 3, FacilityName: []byte{}},
		},
		Former: []verify.Former{{Key: mustKey(t, identity.KindID, "001080000001"), Until: day("2024-01-01")}},
	}
}

func TestRecordSurvivesEncoding(t *testing.T) {
	want := fullRecord(t)
	b, err := want.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	var got verify.Record
	for range 2 { // the second time into used memory
		if err := got.Decode(b); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	}
	for n := range len(b) {
		if err := got.Decode(b[:n]); !errors.Is(err, verify.ErrEncoding) {
			t.Fatalf("cut at %d of %d: %v", n, len(b), err)
		}
	}
	if err := got.Decode(append(b, 0)); !errors.Is(err, verify.ErrEncoding) {
		t.Errorf("a byte too many: %v", err)
	}
}

func TestRecordBounds(t *testing.T) {
	long := make([]byte, verify.MaxText+1)
	tests := []struct {
		name   string
		change func(*verify.Record)
	}{
		{"name", func(r *verify.Record) { r.Name = long }},
		{"address", func(r *verify.Record) { r.Address = long }},
		{"office", func(r *verify.Record) { r.Office = long }},
		{"facility name", func(r *verify.Record) { r.Cards[0].FacilityName = long }},
		{"cards", func(r *verify.Record) { r.Cards = make([]verify.Card, verify.MaxCards+1) }},
		{"former numbers", func(r *verify.Record) { r.Former = make([]verify.Former, verify.MaxFormer+1) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := fullRecord(t)
			tt.change(&r)
			if _, err := r.AppendBinary(nil); !errors.Is(err, verify.ErrBounds) {
				t.Errorf("err = %v", err)
			}
		})
	}
}

// FuzzDecode: any bytes either fail or decode to a record that encodes to the same bytes again.
func FuzzDecode(f *testing.F) {
	r := fullRecord(f)
	b, _ := r.AppendBinary(nil)
	f.Add(b)
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, b []byte) {
		var r verify.Record
		if r.Decode(b) != nil {
			return
		}
		again, err := r.AppendBinary(nil)
		if err != nil {
			return // a hostile form may hold more text than we would write
		}
		if string(again) != string(b) {
			t.Fatalf("decoded and encoded again:\n%x\n%x", b, again)
		}
	})
}

func TestSubjectsKeepNameSpacesApart(t *testing.T) {
	h := verify.NewSubjectHasher([]byte("0123456789abcdef0123456789abcdef"))
	other := verify.NewSubjectHasher([]byte("another key"))
	long := verify.NewSubjectHasher(make([]byte, 100))
	id, code := mustKey(t, identity.KindID, "001080000000"), mustKey(t, identity.KindCode, "0010800000")
	seen := map[verify.Subject]string{}
	for name, s := range map[string]verify.Subject{
		"id": h.Subject(id), "code": h.Subject(code), "other key": other.Subject(id), "long key": long.Subject(id),
		"staff": h.Bytes('s', []byte("001080000000")),
	} {
		if twin, ok := seen[s]; ok {
			t.Errorf("%s and %s are the same subject", name, twin)
		}
		seen[s] = name
	}
	if h.Subject(id) != h.Subject(mustKey(t, identity.KindID, "001080000000")) {
		t.Error("equal identifiers, different subjects")
	}
	if h.Subject(id) != h.Bytes(byte(identity.KindID), []byte("001080000000")) {
		t.Error("Subject is not Bytes under the kind as label")
	}
}
