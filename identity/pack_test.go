package identity_test

import (
	"testing"

	"github.com/verigate/verigate/identity"
)

func TestPackedKeysComeBack(t *testing.T) {
	tests := []struct {
		kind   identity.Kind
		value  string
		packed uint64
	}{
		{identity.KindID, "001080000000", 1_080_000_000},
		{identity.KindID, "999999999999", 999_999_999_999},
		{identity.KindCode, "0000000001", 1},
		{identity.KindCode, "9999999999", 9_999_999_999},
		{identity.KindCard, "AA0000000000000", 0},
		{identity.KindCard, "GD4010000000001", (6*26+3)*10_000_000_000_000 + 4_010_000_000_001},
		{identity.KindCard, "ZZ9999999999999", 675*10_000_000_000_000 + 9_999_999_999_999},
	}
	for _, tt := range tests {
		k, _ := identity.NewKey(tt.kind, tt.value)
		packed, ok := identity.PackKey(k)
		if !ok || packed != tt.packed {
			t.Errorf("PackKey(%s) = %d, %v, want %d", tt.value, packed, ok, tt.packed)
		}
		if back, ok := identity.UnpackKey(tt.kind, packed); !ok || back != k {
			t.Errorf("UnpackKey(%s, %d) = %q, %v", tt.kind, packed, back.Value(), ok)
		}
	}
}

func TestPackRefusesWhatItCannotTellApart(t *testing.T) {
	tests := []struct {
		kind  identity.Kind
		value string
	}{
		{identity.KindID, "00108000000"},
		{identity.KindID, "00108000000A"},
		{identity.KindCode, "000000000/"},
		{identity.KindCode, "001080000000"},
		{identity.KindCard, "GD401000000000X"},
		{identity.KindCard, "gd4010000000001"},
		{identity.KindCard, "GD401001080000000"}, // the 17-character form
	}
	for _, tt := range tests {
		k, ok := identity.NewKey(tt.kind, tt.value)
		if !ok {
			t.Fatalf("%q is no key", tt.value)
		}
		if packed, ok := identity.PackKey(k); ok {
			t.Errorf("PackKey(%s) = %d", tt.value, packed)
		}
	}
	if _, ok := identity.PackKey(identity.Key{}); ok {
		t.Error("the zero Key is packed")
	}
	for kind, first := range map[identity.Kind]uint64{identity.KindNone: 0, identity.KindID: 1e12, identity.KindCode: 1e10, identity.KindCard: 676e13} {
		if k, ok := identity.UnpackKey(kind, first); ok {
			t.Errorf("UnpackKey(%s, %d) = %q", kind, first, k.Value())
		}
	}
}

func FuzzPack(f *testing.F) {
	f.Add(uint8(identity.KindID), uint64(1_080_000_000))
	f.Add(uint8(identity.KindCode), uint64(1))
	f.Add(uint8(identity.KindCard), uint64(676e13-1))
	f.Fuzz(func(t *testing.T, kind uint8, packed uint64) {
		k, ok := identity.UnpackKey(identity.Kind(kind), packed)
		if !ok {
			return
		}
		if back, ok := identity.PackKey(k); !ok || back != packed {
			t.Errorf("PackKey(UnpackKey(%d)) = %d, %v", packed, back, ok)
		}
	})
}
