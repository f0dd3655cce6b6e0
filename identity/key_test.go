package identity_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/verigate/verigate/identity"
)

func TestKeyIsAPlainValue(t *testing.T) {
	a, ok := identity.NewKey(identity.KindID, "001080000000")
	b, ok2 := identity.NewKeyBytes(identity.KindID, []byte("001080000000"))
	if !ok || !ok2 || a != b {
		t.Fatal("equal identifiers make different keys")
	}
	other, _ := identity.NewKey(identity.KindCode, "001080000000")
	seen := map[identity.Key]int{a: 1, other: 2}
	if seen[b] != 1 || len(seen) != 2 {
		t.Error("the kind is not part of the key")
	}
	if string(a.AppendTo([]byte("id:"))) != "id:001080000000" || a.Len() != 12 || a.IsZero() {
		t.Errorf("got %q, %d characters", a.AppendTo(nil), a.Len())
	}
	for _, bad := range []struct {
		kind  identity.Kind
		value string
	}{{identity.KindNone, "1"}, {identity.Kinds, "1"}, {identity.KindID, ""}, {identity.KindCard, strings.Repeat("1", identity.MaxKeyLen+1)}} {
		if k, ok := identity.NewKey(bad.kind, bad.value); ok || !k.IsZero() {
			t.Errorf("%v %q made a key", bad.kind, bad.value)
		}
	}
}

// A key printed by accident, in any way that programs print things, gives nothing away.
func TestKeyHidesItsValue(t *testing.T) {
	k, _ := identity.NewKey(identity.KindID, "001080000000")
	encoded, err := json.Marshal(struct{ Key identity.Key }{k})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{fmt.Sprint(k), fmt.Sprintf("%v %+v %#v %s %q", k, k, k, k, k), fmt.Sprintf("%v", &k), string(encoded)} {
		if strings.Contains(s, "1080") || strings.Contains(s, "0x30") {
			t.Errorf("%s", s)
		}
	}
}

func TestKindNames(t *testing.T) {
	for kind, name := range map[identity.Kind]string{identity.KindID: "id", identity.KindCode: "code", identity.KindCard: "card"} {
		if kind.String() != name || identity.KindOf(name) != kind {
			t.Errorf("%d is %q, %q is %d", kind, kind, name, identity.KindOf(name))
		}
	}
	if identity.KindOf("none") != identity.KindNone || identity.KindOf("passport") != identity.KindNone || identity.Kind(200).String() != "none" {
		t.Error("names that are none")
	}
}

// What the digits suggest is asked of any key, also one made by other code.
func TestStructureOfOddKeys(t *testing.T) {
	for _, kind := range []identity.Kind{identity.KindID, identity.KindCode, identity.KindCard} {
		for n := range identity.MaxKeyLen {
			k, ok := identity.NewKey(kind, strings.Repeat("x", n+1))
			if !ok {
				t.Fatal(n)
			}
			k.Born()
			k.Sex()
			k.Province()
			k.Benefit()
			if in := k.Inner(); in.Len() > 12 {
				t.Errorf("%v of %d characters has %d inside", kind, n+1, in.Len())
			}
		}
	}
}

func TestFaultCodes(t *testing.T) {
	seen := map[string]bool{}
	for f := identity.FaultMalformed; f <= identity.FaultOn; f++ {
		code := f.Error()
		if code == "" || seen[code] || strings.ToLower(code) != code || strings.Contains(code, " ") {
			t.Errorf("fault %d is called %q", f, code)
		}
		seen[code] = true
	}
	if identity.Fault(200).Error() != "identifier_malformed" {
		t.Error("an unknown fault has no code")
	}
}

func TestDates(t *testing.T) {
	tests := []struct {
		date        identity.Date
		iso, portal string
		precision   identity.Precision
	}{
		{day(1980, 2, 1), "1980-02-01", "01/02/1980", identity.PrecisionDay},
		{day(1980, 2, 0), "1980-02", "02/1980", identity.PrecisionMonth},
		{day(1980, 0, 0), "1980", "1980", identity.PrecisionYear},
		{identity.Date{}, "", "", identity.PrecisionNone},
	}
	for i, tt := range tests {
		if tt.date.String() != tt.iso || string(tt.date.AppendPortal(nil)) != tt.portal || tt.date.Precision() != tt.precision {
			t.Errorf("%v: %q, %v", tt.date, tt.date.AppendPortal(nil), tt.date.Precision())
		}
		for j, other := range tests { // they sort from the vaguest to the finest
			if got := tt.date.Compare(other.date); (got < 0) != (i > j) || (got > 0) != (i < j) ||
				tt.date.Before(other.date) != (got < 0) || tt.date.After(other.date) != (got > 0) {
				t.Errorf("%v against %v: %d", tt.date, other.date, got)
			}
			if j >= i && tt.date.Cut(other.precision) != other.date {
				t.Errorf("%v cut to %d: %v", tt.date, other.precision, tt.date.Cut(other.precision))
			}
		}
	}
	for _, d := range []identity.Date{day(1980, 0, 1), day(0, 1, 1), day(1980, 13, 0), day(1980, 13, 1), day(1980, 4, 31), day(1900, 2, 29)} {
		if d.Valid() {
			t.Errorf("%v passes for a date", d)
		}
	}
}
