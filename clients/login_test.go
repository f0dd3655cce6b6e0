package clients_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/verify"
)

// portal opens a directory with four accounts whose password is "right".
func portal(t testing.TB) *fixture {
	t.Helper()
	return open(t, func(f *clients.File, s *clients.Secrets) {
		for _, id := range []string{"active", "suspended", "revoked", "closed"} {
			e, _ := add(t, f, id, "clinic")
			account(t, e, s, "01000_"+id, "right")
			switch id {
			case "suspended", "revoked":
				e.Status = id
			case "closed":
				if err := e.RevokeAccount("01000_CLOSED"); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

func TestLogin(t *testing.T) {
	d := portal(t)
	right, wrong := md5Of("right"), md5Of("wrong")
	cases := []struct {
		name, username string
		password       []byte
		want           verify.Refusal
		caller         string
	}{
		{"right", "01000_active", right, verify.RefusalNone, "active"},
		{"right, in other letter cases", "01000_ACTIVE", []byte(strings.ToUpper(string(right))), verify.RefusalNone, "active"},
		{"wrong password", "01000_active", wrong, verify.RefusalKeyUnknown, ""},
		{"no such account", "01000_nobody", right, verify.RefusalKeyUnknown, ""},
		{"not an MD5", "01000_active", []byte("right"), verify.RefusalKeyUnknown, ""},
		{"not hexadecimal", "01000_active", []byte(strings.Repeat("g", 32)), verify.RefusalKeyUnknown, ""},
		{"no name", "", right, verify.RefusalKeyUnknown, ""},
		{"a very long name", strings.Repeat("a", 1<<16), right, verify.RefusalKeyUnknown, ""},
		{"suspended", "01000_suspended", right, verify.RefusalSuspended, "suspended"},
		{"suspended, wrong password", "01000_suspended", wrong, verify.RefusalKeyUnknown, ""},
		{"caller revoked", "01000_revoked", right, verify.RefusalKeyRevoked, ""},
		{"caller revoked, wrong password", "01000_revoked", wrong, verify.RefusalKeyUnknown, ""},
		{"account revoked", "01000_closed", right, verify.RefusalKeyRevoked, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			caller, refusal := d.Login(noon, []byte(c.username), c.password, here)
			id := ""
			if caller != nil {
				id = caller.ID
			}
			if refusal != c.want || id != c.caller {
				t.Errorf("refusal %q of %q, want %q of %q", refusal.Code(), id, c.want.Code(), c.caller)
			}
		})
	}
}

// guess is a wrong password that was not tried before.
func guess(i int) []byte { return md5Of(fmt.Sprint("guess ", i)) }

func address(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
}

// Whoever guesses is slowed; to an account that exists and to one that does not the same thing happens at every step.
func TestGuessingIsSlowedAlike(t *testing.T) {
	d := portal(t)
	slowed := 0
	for i := range 2000 {
		now := at(time.Duration(i) * 100 * time.Millisecond)
		from := address(i % 7 * 1000)
		_, real := d.Login(now, []byte("01000_active"), guess(i), from)
		_, made := d.Login(now, []byte("01000_nobody"), guess(i), from)
		if real != made {
			t.Fatalf("guess %d: %q for an account, %q for an invented one", i, real.Code(), made.Code())
		}
		if real == verify.RefusalRate {
			slowed++
		}
	}
	// 60 at once, then one in two seconds, over 200 seconds.
	if let := 2000 - slowed; let < 150 || let > 165 {
		t.Errorf("%d of 2000 guesses were let through, want about 160", let)
	}
}

// The right password does not help while too many wrong ones were tried: otherwise slowing would slow nobody down.
func TestSlowedEvenWhenRight(t *testing.T) {
	d := portal(t)
	for i := range 20 {
		d.Login(noon, []byte("01000_active"), guess(i), here)
	}
	if _, refusal := d.Login(noon, []byte("01000_active"), md5Of("right"), here); refusal != verify.RefusalRate {
		t.Errorf("%q, want rate_limited", refusal.Code())
	}
	if _, refusal := d.Login(at(6*time.Second), []byte("01000_active"), md5Of("right"), here); refusal != verify.RefusalNone {
		t.Errorf("six seconds later: %q", refusal.Code())
	}
}

// An attack from all over the world on every account does not keep a clinic out that logged in before.
func TestNobodyIsLockedOut(t *testing.T) {
	d := portal(t)
	username, right := []byte("01000_active"), md5Of("right")
	if _, refusal := d.Login(noon, username, right, here); refusal != verify.RefusalNone {
		t.Fatal(refusal.Code())
	}
	neighbour := here.Next() // the provider gave it another address overnight
	for i := range 20_000 {
		now := at(time.Duration(i) * 10 * time.Millisecond)
		d.Login(now, username, guess(i), address(i))
		if i%100 != 0 {
			continue
		}
		for _, from := range []netip.Addr{here, neighbour} {
			if _, refusal := d.Login(now, username, right, from); refusal != verify.RefusalNone {
				t.Fatalf("after %d guesses from elsewhere, from %v: %q", i, from, refusal.Code())
			}
		}
	}
	if _, refusal := d.Login(at(200*time.Second-9*time.Millisecond), username, right, address(1<<23)); refusal != verify.RefusalRate {
		t.Errorf("from an unknown network during the attack: %q, want rate_limited", refusal.Code())
	}
}

// A machine with an old password in its settings repeats it for ever; its neighbour behind the same address still works.
func TestRepeatingOneWrongPasswordCountsOnce(t *testing.T) {
	d := portal(t)
	old := md5Of("last year's")
	for i := range 10_000 {
		now := at(time.Duration(i) * 10 * time.Millisecond)
		if _, refusal := d.Login(now, []byte("01000_active"), old, here); refusal != verify.RefusalKeyUnknown {
			t.Fatalf("repetition %d: %q", i, refusal.Code())
		}
	}
	if _, refusal := d.Login(at(100*time.Second), []byte("01000_active"), md5Of("right"), here); refusal != verify.RefusalNone {
		t.Errorf("the neighbour: %q", refusal.Code())
	}
}

// A network named in the entry is never slowed because of others, also before the first log-in.
func TestNamedNetwork(t *testing.T) {
	d := open(t, func(f *clients.File, s *clients.Secrets) {
		e, _ := add(t, f, "clinic-1", "clinic")
		account(t, e, s, "01000_BV", "right")
		e.Accounts[0].Networks = []string{"192.0.2.0/24"}
	})
	for i := range 1000 {
		d.Login(noon, []byte("01000_BV"), guess(i), address(i))
	}
	if _, refusal := d.Login(noon, []byte("01000_bv"), md5Of("right"), here); refusal != verify.RefusalNone {
		t.Errorf("%q", refusal.Code())
	}
}

// A wrong guess that equals one tried before is still wrong after the password was changed to it.
func TestNewPasswordThatWasGuessedBefore(t *testing.T) {
	d := portal(t)
	next := md5Of("next")
	d.Login(noon, []byte("01000_active"), next, here)
	d.update(t, func(f *clients.File) {
		e, err := f.Caller("active")
		if err != nil {
			t.Fatal(err)
		}
		account(t, e, d.store.Secrets, "01000_active", "next")
	})
	if c := <-d.changes; c.Err != nil {
		t.Fatal(c.Err)
	}
	if _, refusal := d.Login(noon, []byte("01000_active"), next, here); refusal != verify.RefusalNone {
		t.Errorf("the new password: %q", refusal.Code())
	}
}

func TestAccount(t *testing.T) {
	d := portal(t)
	for username, want := range map[string]string{
		"01000_active": "active", "01000_ACTIVE": "active", "01000_suspended": "suspended", "01000_revoked": "", "01000_closed": "",
		"01000_nobody": "", "": "", strings.Repeat("a", 1000): "",
	} {
		c, _, ok := d.Account([]byte(username))
		if ok != (want != "") || ok && c.ID != want {
			t.Errorf("%.20q: %v, want %q", username, ok, want)
		}
	}
	c, _, _ := d.Account([]byte("01000_suspended"))
	if v := d.Admit(noon, c, 1); v.Refusal != verify.RefusalSuspended {
		t.Errorf("a suspended account's lookup: %q", v.Refusal.Code())
	}
}

// Tokens issued before a new password, or before tokens were revoked, belong to another epoch.
func TestEpoch(t *testing.T) {
	d := portal(t)
	epoch := func() uint32 {
		_, epoch, _ := d.Account([]byte("01000_active"))
		return epoch
	}
	seen := map[uint32]string{epoch(): "at first"}
	for _, step := range []struct {
		name   string
		change func(*clients.Entry)
	}{
		{"new password", func(e *clients.Entry) { account(t, e, d.store.Secrets, "01000_active", "second") }},
		{"tokens revoked", func(e *clients.Entry) { e.Accounts[0].Epoch++ }},
		{"the first password again", func(e *clients.Entry) { account(t, e, d.store.Secrets, "01000_active", "right") }},
	} {
		d.update(t, func(f *clients.File) { step.change(f.Find("active")) })
		<-d.changes
		if before, known := seen[epoch()]; known {
			t.Errorf("%s: the epoch is that of %q", step.name, before)
		}
		seen[epoch()] = step.name
	}
}

func TestOfficer(t *testing.T) {
	var key string
	d := open(t, func(f *clients.File, s *clients.Secrets) {
		e, k := add(t, f, "clinic-1", "clinic")
		key = k
		if err := e.AddOfficer(s, "001180000000", "Trần  Thị Cán Bộ"); err != nil {
			t.Fatal(err)
		}
		other, _ := add(t, f, "clinic-2", "clinic")
		if err := other.AddOfficer(s, "001180000001", "Lê Văn Khác"); err != nil {
			t.Fatal(err)
		}
	})
	c, _ := d.Authenticate(noon, []byte(key))
	cases := []struct {
		name, number, officer string
		want                  verify.PortalStatus
	}{
		{"right", "001180000000", "Trần Thị Cán Bộ", verify.Status000},
		{"capitals", "001180000000", "TRẦN THỊ CÁN BỘ", verify.Status000},
		{"without marks", "001180000000", "Tran Thi Can Bo", verify.Status000},
		{"another name", "001180000000", "Trần Văn Cán Bộ", verify.Status055},
		{"no name", "001180000000", "", verify.Status055},
		{"another number", "001180000009", "Trần Thị Cán Bộ", verify.Status054},
		{"another caller's officer", "001180000001", "Lê Văn Khác", verify.Status054},
		{"no number", "", "Trần Thị Cán Bộ", verify.Status054},
		{"a very long number", strings.Repeat("0", 1000), "Trần Thị Cán Bộ", verify.Status054},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			if got := d.Officer(c, []byte(tc.number), []byte(tc.officer)); got != tc.want {
				t.Errorf("%s, want %s", got.Code(), tc.want.Code())
			}
		})
	}
}

func BenchmarkLogin(b *testing.B) {
	d, _ := thousands(b, 13_000)
	username, password := []byte("06500_BV"), md5Of("secret")
	b.ReportAllocs()
	for b.Loop() {
		if _, refusal := d.Login(noon, username, password, here); refusal != verify.RefusalNone {
			b.Fatal(refusal.Code())
		}
	}
}
