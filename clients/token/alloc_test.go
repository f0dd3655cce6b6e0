//go:build !race

package token_test

import (
	"bytes"
	"testing"

	"github.com/verigate/verigate/verify"
)

// A token that was checked before costs no allocation, whether it goes on or is refused.
func TestAllocations(t *testing.T) {
	f := newFixture(t)
	cert := &verify.Certificate{Key: verify.Digest{1}, Whole: verify.Digest{2}}
	plain, bound := f.take(t, verify.TokenRequest{}), f.take(t, verify.TokenRequest{Certificate: cert})
	long := bytes.Repeat([]byte("a"), 4096)
	for name, c := range map[string]struct {
		text  []byte
		shown *verify.Certificate
		want  verify.Refusal
	}{
		"plain":                     {plain, nil, verify.RefusalNone},
		"bound":                     {bound, cert, verify.RefusalNone},
		"bound, no certificate":     {bound, nil, verify.RefusalCertificate},
		"longer than any token is":  {long, nil, verify.RefusalKeyMalformed},
		"plain, with a certificate": {plain, cert, verify.RefusalNone},
	} {
		at := now()
		run := func() {
			if _, refusal := f.Check(at, c.text, c.shown); refusal != c.want {
				t.Fatalf("%s: %q", name, refusal.Code())
			}
		}
		run()
		if n := testing.AllocsPerRun(200, run); n != 0 {
			t.Errorf("%s: %v allocations, want 0", name, n)
		}
	}
}
