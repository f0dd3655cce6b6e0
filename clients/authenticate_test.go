package clients_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/verify"
)

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Every bad credential has its constant code, and what is no key of ours looks the same whatever is wrong with it.
func TestAuthenticate(t *testing.T) {
	keys := map[string]string{}
	d := open(t, func(f *clients.File, _ *clients.Secrets) error {
		for _, id := range []string{"active", "suspended", "revoked", "expired", "withdrawn"} {
			e, key := clinic(t, f, id)
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
		return nil
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
		{"one character off", flip(keys["active"], 30), verify.RefusalKeyUnknown, ""},
		{"wrong check", flip(keys["active"], clients.APIKeyLen-1), verify.RefusalKeyUnknown, ""},
		{"cut off", keys["active"][:40], verify.RefusalKeyUnknown, ""},
		{"too long", keys["active"] + "0", verify.RefusalKeyUnknown, ""},
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

func BenchmarkAuthenticate(b *testing.B) {
	var keys [][]byte
	d := open(b, func(f *clients.File, _ *clients.Secrets) error {
		for i := range 13_000 {
			_, key := clinic(b, f, "clinic-"+string(rune('a'+i%26))+"-"+itoa(i))
			keys = append(keys, []byte(key))
		}
		return nil
	})
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, refusal := d.Authenticate(noon, keys[i%len(keys)]); refusal != verify.RefusalNone {
			b.Fatal(refusal.Code())
		}
		i += 7919
	}
}
