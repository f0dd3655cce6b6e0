package shared

import (
	"bytes"
	"encoding/hex"
	"testing"
	"time"

	"github.com/verigate/verigate/verify"
)

// The vectors of the C2SP specification of XAES-256-GCM, with fixed nonces.
func TestSealerVectors(t *testing.T) {
	for _, c := range []struct {
		key                      byte
		nonce, plain, additional string
		sealed                   string
	}{
		{1, "ABCDEFGHIJKLMNOPQRSTUVWX", "XAES-256-GCM", "", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"},
		{3, "ABCDEFGHIJKLMNOPQRSTUVWX", "XAES-256-GCM", "c2sp.org/XAES-256-GCM", "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"},
	} {
		s, err := sealerFor(bytes.Repeat([]byte{c.key}, 32))
		if err != nil {
			t.Fatal(err)
		}
		nonce := []byte(c.nonce)
		sealed := s.derive(nonce).Seal(nil, nonce[12:], []byte(c.plain), []byte(c.additional))
		if got := hex.EncodeToString(sealed); got != c.sealed {
			t.Errorf("sealed %s, want %s", got, c.sealed)
		}
		plain, err := s.open(append(nonce, sealed...), []byte(c.additional))
		if err != nil || string(plain) != c.plain {
			t.Errorf("opened %q, %v", plain, err)
		}
	}
}

func TestSealerNeverRepeatsItself(t *testing.T) {
	s, err := newSealer([]byte("0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for range 1000 {
		seen[string(s.seal(nil, []byte("x"), nil))] = true
	}
	if len(seen) != 1000 {
		t.Errorf("1000 seals gave %d values", len(seen))
	}
}

func FuzzDecode(f *testing.F) {
	seal, err := newSealer([]byte("0123456789abcdef"))
	if err != nil {
		f.Fatal(err)
	}
	c := &Cache{seal: seal}
	subject := verify.Subject{1}
	ready := func(h verify.Held) []byte {
		v := c.encode(&subject, &h, time.Second, time.Hour)
		v[markAt] = markReady
		return v
	}
	f.Add(ready(verify.Held{State: verify.StatePresent, Version: 5, Record: []byte("record")}), int64(time.Hour))
	f.Add(ready(verify.Held{State: verify.StateElsewhere, Holder: verify.HolderOther, Version: 1 << 63}), int64(time.Minute))
	f.Add(append(appendVersion(nil, 7), markTombstone), int64(1))
	f.Add([]byte("00000000000000000005p"), int64(-1))
	f.Fuzz(func(t *testing.T, value []byte, left int64) {
		h, age, err := c.decode(&subject, string(value), time.Duration(left))
		if err == nil && (!sound(&h) || age < 0 || h.Source != verify.SourceShared) {
			t.Fatalf("got %+v at age %s", h, age)
		}
		if err != nil && h.State != verify.StateUnknown {
			t.Fatalf("an error, and yet %+v", h)
		}
	})
}
