package clients_test

import (
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/verify"
)

// A change is in force within the polling interval, on the same counters.
func TestChangeIsSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, c := limited(t, clients.Limits{Rate: 1, Burst: 10})
		for range 4 {
			d.Admit(noon, c, 1)
		}
		var key string
		d.update(t, func(f *clients.File) {
			f.Find("caller-1").Limits = clients.Limits{Rate: 1, Burst: 20, Concurrency: 50}
			_, key = add(t, f, "caller-2", "clinic")
		})
		time.Sleep(poll)
		synctest.Wait()
		if change := <-d.changes; change.Err != nil || change.Callers != 2 || change.Version != d.Status().Version {
			t.Errorf("%+v, status %+v", change, d.Status())
		}
		if _, refusal := d.Authenticate(noon, []byte(key)); refusal != verify.RefusalNone {
			t.Errorf("the new caller: %q", refusal.Code())
		}
		if u := d.Usage(noon, c); u.Burst != 20 || u.Remaining != 16 || u.InFlight != 4 {
			t.Errorf("%+v: want the new limits and the old counters", u)
		}
	})
}

// A caller that is suspended, revoked or removed is refused at its next request, also one identified before.
func TestRevocationIsSeen(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*clients.File)
		want   verify.Refusal // of the key
		admit  verify.Refusal // of a request already identified
	}{
		"suspended": {func(f *clients.File) { f.Find("caller-1").Status = clients.StatusSuspended }, verify.RefusalSuspended, verify.RefusalSuspended},
		"revoked":   {func(f *clients.File) { f.Find("caller-1").Status = clients.StatusRevoked }, verify.RefusalKeyRevoked, verify.RefusalKeyRevoked},
		"removed":   {func(f *clients.File) { f.Entries = f.Entries[1:] }, verify.RefusalKeyUnknown, verify.RefusalKeyRevoked},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var key string
				d := open(t, func(f *clients.File, _ *clients.Secrets) {
					_, key = add(t, f, "caller-1", "clinic")
					add(t, f, "caller-2", "clinic")
				})
				caller, _ := d.Authenticate(noon, []byte(key))
				d.Admit(noon, caller, 1)
				d.update(t, c.change)
				<-d.changes
				if _, refusal := d.Authenticate(noon, []byte(key)); refusal != c.want {
					t.Errorf("its key: %q, want %q", refusal.Code(), c.want.Code())
				}
				if v := d.Admit(noon, caller, 1); v.Refusal != c.admit {
					t.Errorf("a request identified before: %q, want %q", v.Refusal.Code(), c.admit.Code())
				}
				if v := d.Spend(noon, caller, 1); v.Refusal != c.admit {
					t.Errorf("a stream under way: %q, want %q", v.Refusal.Code(), c.admit.Code())
				}
				d.Release(caller)
				if n := d.Usage(noon, caller).InFlight; n != 0 {
					t.Errorf("%d under way", n)
				}
			})
		})
	}
}

// A file that is broken in any way changes nothing, is told once, and is mended by the next good one.
func TestBrokenFileIsRefusedWhole(t *testing.T) {
	breaks := map[string]func(string) string{
		"cut off":      func(s string) string { return s[:len(s)-40] },
		"not JSON":     func(s string) string { return strings.Replace(s, `"kind"`, `kind`, 1) },
		"unknown key":  func(s string) string { return strings.Replace(s, `"kind"`, `"kinds":1,"kind"`, 1) },
		"wrong header": func(s string) string { return strings.Replace(s, `:1}`, `:9}`, 1) },
		"empty":        func(string) string { return "" },
	}
	for name, damage := range breaks {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var key string
				d := open(t, func(f *clients.File, _ *clients.Secrets) { _, key = add(t, f, "caller-1", "clinic") })
				good := read(t, d.store.Path)
				before := d.Status()

				write(t, d.store.Path, damage(good))
				change := <-d.changes
				if change.Err == nil || !strings.Contains(change.Err.Error(), "line ") || !strings.Contains(change.Err.Error(), d.store.Path) {
					t.Errorf("told %v, want the file, the line and the reason", change.Err)
				}
				if s := d.Status(); s.Version != before.Version || s.Error == "" {
					t.Errorf("status %+v", s)
				}
				if _, refusal := d.Authenticate(noon, []byte(key)); refusal != verify.RefusalNone {
					t.Errorf("the caller known before: %q", refusal.Code())
				}
				time.Sleep(10 * poll)
				if n := len(d.changes); n != 0 {
					t.Errorf("told %d times more", n)
				}
				write(t, d.store.Path, good)
				if change := <-d.changes; change.Err != nil || d.Status().Error != "" {
					t.Errorf("mended: %v, status %+v", change.Err, d.Status())
				}
			})
		})
	}
}

func TestMissingFileChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var key string
		d := open(t, func(f *clients.File, _ *clients.Secrets) { _, key = add(t, f, "caller-1", "clinic") })
		if err := os.Remove(d.store.Path); err != nil {
			t.Fatal(err)
		}
		if change := <-d.changes; change.Err == nil {
			t.Error("a missing file was taken for a directory")
		}
		if _, refusal := d.Authenticate(noon, []byte(key)); refusal != verify.RefusalNone {
			t.Errorf("%q", refusal.Code())
		}
	})
}

// What cannot be opened says why, and names the file.
func TestOpenRefuses(t *testing.T) {
	store := newStore(t)
	key := store.Path + ".key"
	for name, c := range map[string]struct{ file, key, want string }{
		"no key file":    {"", "", "secret file"},
		"a short key":    {"", "short", "at least 32"},
		"no file":        {"", directoryKey, "no such file"},
		"a foreign file": {"hello\n", directoryKey, "line 1"},
	} {
		t.Run(name, func(t *testing.T) {
			os.Remove(key)
			os.Remove(store.Path)
			if c.key != "" {
				write(t, key, c.key)
			}
			if c.file != "" {
				write(t, store.Path, c.file)
			}
			_, err := clients.Open(settings(store.Path, key), clients.Deps{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want it to say %q", err, c.want)
			}
		})
	}
}
