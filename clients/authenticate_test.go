package clients_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

// Every bad credential has its constant code, and what is no key of ours looks the same whatever is wrong with it.
func TestAuthenticate(t *testing.T) {
	keys := map[string]string{}
	d := open(t, func(f *clients.File, _ *clients.Secrets) {
		for _, id := range []string{"active", "suspended", "revoked", "expired", "withdrawn"} {
			e, key := add(t, f, id, "clinic")
			keys[id] = key
			switch id {
			case "suspended", "revoked":
				e.Status = id
			case "expired":
				keys[id] = e.AddKey(noon.Time().Add(-48*time.Hour), 24*time.Hour).Key
			case "withdrawn":
				if err := e.RevokeKey(noon.Time(), e.Keys[0].ID); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
	stranger, _, _ := clients.NewAPIKey()
	cases := []struct {
		name, bearer string
		want         verify.Refusal
		caller       string
	}{
		{"good", keys["active"], verify.RefusalNone, "active"},
		{"none", "", verify.RefusalKeyMissing, ""},
		{"never issued", stranger, verify.RefusalKeyUnknown, ""},
		{"one character off", flip(keys["active"], 30), verify.RefusalKeyMalformed, ""},
		{"wrong check", flip(keys["active"], clients.APIKeyLen-1), verify.RefusalKeyMalformed, ""},
		{"cut off", keys["active"][:40], verify.RefusalKeyMalformed, ""},
		{"too long", keys["active"] + "0", verify.RefusalKeyMalformed, ""},
		{"very long", strings.Repeat("A", 1<<20), verify.RefusalKeyUnknown, ""},
		{"another scheme", "eyJhbGciOiJFZERTQSJ9.e30.AAAA", verify.RefusalKeyUnknown, ""},
		{"suspended", keys["suspended"], verify.RefusalSuspended, "suspended"},
		{"caller revoked", keys["revoked"], verify.RefusalKeyRevoked, "revoked"},
		{"key revoked", keys["withdrawn"], verify.RefusalKeyRevoked, "withdrawn"},
		{"key expired", keys["expired"], verify.RefusalKeyExpired, "expired"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			caller, refusal := d.Authenticate(noon, []byte(c.bearer))
			id := ""
			if caller != nil {
				id = caller.ID
			}
			if refusal != c.want || id != c.caller {
				t.Errorf("refusal %q of caller %q, want %q of %q", refusal.Code(), id, c.want.Code(), c.caller)
			}
		})
	}
}

func flip(s string, i int) string {
	c := byte('a')
	if s[i] == c {
		c = 'b'
	}
	return s[:i] + string(c) + s[i+1:]
}

// What the directory says of a caller is what requests see.
func TestSnapshot(t *testing.T) {
	var key, keyID string
	d := open(t, func(f *clients.File, _ *clients.Secrets) {
		e, k := add(t, f, "agency-1", "agency")
		key, keyID = k, e.Keys[0].ID
		e.Facility, e.Contact = "01C54", "0000 000 000"
		e.Scopes, e.Purposes = []string{"verify"}, []string{"statistics", "test"}
		e.Policy.Accept = []string{"match", "not_given"}
		for name, on := range map[string]bool{"mismatch_details": false, "show_deceased": true, "loose_iy": true} {
			if err := e.Policy.Set(name, on); err != nil {
				t.Fatal(err)
			}
		}
	})
	c, refusal := d.Authenticate(noon, []byte(key))
	if refusal != verify.RefusalNone {
		t.Fatal(refusal.Code())
	}
	want := verify.Caller{
		ID: "agency-1", KeyID: keyID, Kind: verify.CallerAgency, Facility: identity.Facility{'0', '1', 'C', '5', '4'},
		Scopes: verify.ScopeVerify, Purposes: 1<<verify.PurposeStatistics | 1<<verify.PurposeTest, Purpose: verify.PurposeStatistics,
		Policy: verify.Policy{Accept: 1<<verify.FieldMatch | 1<<verify.FieldNotGiven, ShowDeceased: true, LooseIY: true,
			Set: verify.SwitchMismatchDetails | verify.SwitchShowDeceased},
		Slot: c.Slot, Contact: "0000 000 000",
	}
	if !reflect.DeepEqual(*c, want) {
		t.Errorf("got  %+v\nwant %+v", *c, want)
	}
}

// Rotation gives a new key at once and lets the old ones run out.
func TestRotate(t *testing.T) {
	var before, after string
	d := open(t, func(f *clients.File, _ *clients.Secrets) {
		var e *clients.Entry
		e, before = add(t, f, "clinic-1", "clinic")
		after = e.Rotate(noon.Time(), 24*time.Hour, 0).Key
	})
	for _, c := range []struct {
		name string
		key  string
		at   verify.Instant
		want verify.Refusal
	}{
		{"the new key at once", after, noon, verify.RefusalNone},
		{"the old key during the overlap", before, at(23 * time.Hour), verify.RefusalNone},
		{"the old key after it", before, at(24 * time.Hour), verify.RefusalKeyExpired},
		{"the new key after it", after, at(24 * time.Hour), verify.RefusalNone},
	} {
		if _, got := d.Authenticate(c.at, []byte(c.key)); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got.Code(), c.want.Code())
		}
	}
}

func FuzzParseAPIKey(f *testing.F) {
	good, _, _ := clients.NewAPIKey()
	f.Add([]byte(good))
	f.Add([]byte(good[:clients.APIKeyLen-1]))
	f.Add([]byte("vg_00000000_" + strings.Repeat("0", 43) + "_000000"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, text []byte) {
		digest, ok := clients.ParseAPIKey(text)
		if ok != (digest != clients.KeyDigest{}) {
			t.Error("a digest of a malformed key, or none of a good one")
		}
		if ok && len(text) != clients.APIKeyLen {
			t.Errorf("%d bytes taken for a key", len(text))
		}
	})
}

// thousands fills a directory of the country's size.
func thousands(t testing.TB, n int) (*fixture, [][]byte) {
	t.Helper()
	var keys [][]byte
	d := open(t, func(f *clients.File, s *clients.Secrets) {
		for i := range n {
			e, err := clients.NewEntry(fmt.Sprintf("clinic-%05d", i), "clinic")
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, []byte(e.AddKey(noon.Time(), 0).Key))
			account(t, e, s, fmt.Sprintf("%05d_BV", i), "secret")
			f.Entries = append(f.Entries, e)
		}
	})
	return d, keys
}

func BenchmarkAuthenticate(b *testing.B) {
	d, keys := thousands(b, 13_000)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, refusal := d.Authenticate(noon, keys[i%len(keys)]); refusal != verify.RefusalNone {
			b.Fatal(refusal.Code())
		}
		i += 7919
	}
}
