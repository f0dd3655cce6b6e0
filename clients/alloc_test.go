//go:build !race

package clients_test

import (
	"testing"

	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/verify"
)

// What every request passes through allocates nothing, whether it goes on or is refused.
func TestAllocations(t *testing.T) {
	var key string
	d := open(t, func(f *clients.File, s *clients.Secrets) {
		var e *clients.Entry
		e, key = add(t, f, "caller-1", "clinic")
		account(t, e, s, "01000_BV", "right")
	})
	c, _ := d.Authenticate(noon, []byte(key))
	good, bad := []byte(key), []byte(flip(key, 20))
	username, right, wrong := []byte("01000_bv"), md5Of("right"), md5Of("wrong")
	now := noon
	for name, f := range map[string]func(){
		"authenticate":          func() { d.Authenticate(noon, good) },
		"authenticate, refused": func() { d.Authenticate(noon, bad) },
		"account":               func() { d.Account(username) },
		"login":                 func() { d.Login(noon, username, right, here) },
		"login, refused":        func() { d.Login(noon, username, wrong, here) },
		"admit":                 func() { now = later(now, 1e9); d.Admit(now, c, 1); d.Release(c) },
		"admit, refused":        func() { d.Admit(noon, c, 1<<20) },
		"spend":                 func() { d.Spend(noon, c, 1) },
	} {
		if n := testing.AllocsPerRun(200, f); n != 0 {
			t.Errorf("%s: %v allocations, want 0", name, n)
		}
	}
	if v := d.Admit(later(now, 1e9), c, 1); v.Refusal != verify.RefusalNone {
		t.Errorf("%q", v.Refusal.Code())
	}
}
