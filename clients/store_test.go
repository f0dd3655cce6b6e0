package clients_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/verify"
)

func settings(file, key string) clients.Config {
	return clients.Config{File: file, Key: config.SecretFile(key), Poll: config.Duration(poll)}
}

// Changes from several sides at once are all kept.
func TestUpdatesAreNotLost(t *testing.T) {
	store := newStore(t)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			err := store.Update(t.Context(), func(f *clients.File) error {
				add(t, f, fmt.Sprint("caller-", i), "clinic")
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	f, err := store.Read(t.Context())
	if err != nil || len(f.Entries) != 20 {
		t.Errorf("%d callers, want 20 (%v)", len(f.Entries), err)
	}
}

func TestRefusedUpdateLeavesTheFile(t *testing.T) {
	store := newStore(t)
	first := func(f *clients.File) error { add(t, f, "caller-1", "clinic"); return nil }
	if err := store.Update(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	before := read(t, store.Path)
	for name, change := range map[string]func(*clients.File) error{
		"it fails":          func(*clients.File) error { return errors.New("no") },
		"the result is bad": func(f *clients.File) error { f.Entries[0].Status = "?"; return nil },
		"an id twice":       func(f *clients.File) error { f.Entries = append(f.Entries, f.Entries[0]); return nil },
		"a line that nobody would read again": func(f *clients.File) error {
			for i := range 20_000 {
				f.Entries[0].Officers = append(f.Entries[0].Officers, clients.Officer{ID: fmt.Sprintf("%032x", i), Name: "AAAA"})
			}
			return nil
		},
		"add refuses the id": func(f *clients.File) error { return f.Add(&clients.Entry{ID: "caller-1"}) },
	} {
		if err := store.Update(t.Context(), change); err == nil {
			t.Errorf("%s: no error", name)
		}
		if read(t, store.Path) != before {
			t.Errorf("%s: the file changed", name)
		}
	}
	entries, err := os.ReadDir(filepath.Dir(store.Path))
	if err != nil || len(entries) != 2 {
		t.Errorf("%v (%v): want the file and its lock, no leftovers", entries, err)
	}
}

// A mode that lets the gateway's group read the file survives a change.
func TestUpdateKeepsTheMode(t *testing.T) {
	store := newStore(t)
	for i, want := range []os.FileMode{0o600, 0o640} {
		if err := store.Update(t.Context(), func(f *clients.File) error { add(t, f, fmt.Sprint("caller-", i), "clinic"); return nil }); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(store.Path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("mode %v (%v), want %v", info.Mode(), err, want)
		}
		if err := os.Chmod(store.Path, 0o640); err != nil {
			t.Fatal(err)
		}
	}
}

// The file alone tells no secret: neither keys, nor passwords, nor who the staff are.
func TestNoSecretInTheFile(t *testing.T) {
	store := newStore(t)
	var key string
	err := store.Update(t.Context(), func(f *clients.File) error {
		var e *clients.Entry
		e, key = add(t, f, "caller-1", "clinic")
		account(t, e, store.Secrets, "01000_BV", "a password")
		return e.AddOfficer(store.Secrets, "001180000000", "Trần Thị Cán Bộ")
	})
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ToLower(read(t, store.Path))
	for _, secret := range []string{key, key[12:55], "a password", string(md5Of("a password")), "001180000000", "Trần", "Cán"} {
		if strings.Contains(text, strings.ToLower(secret)) {
			t.Errorf("the file contains %q", secret)
		}
	}
}

// Equal passwords and equal officers look different in the file; another key gives other hashes.
func TestHashesDoNotLinkCallers(t *testing.T) {
	s := newSecrets(t)
	other, err := clients.NewSecrets([]byte(strings.Repeat("x", 32)))
	if err != nil {
		t.Fatal(err)
	}
	if s.Password([]byte("A"), md5Of("p")) == s.Password([]byte("B"), md5Of("p")) {
		t.Error("two accounts with one password look alike")
	}
	if s.Officer("a", []byte("1")) == s.Officer("b", []byte("1")) {
		t.Error("an officer of two callers looks alike")
	}
	if s.Password([]byte("A"), md5Of("p")) == other.Password([]byte("A"), md5Of("p")) || s.Officer("a", []byte("1")) == other.Officer("a", []byte("1")) {
		t.Error("the key makes no difference")
	}
	id := s.Officer("a", []byte("1"))
	sealed := s.SealName("a", id, "Trần")
	if name, err := s.OpenName("a", id, sealed); err != nil || string(name) != "Trần" {
		t.Errorf("%q, %v", name, err)
	}
	if _, err := s.OpenName("b", s.Officer("b", []byte("1")), sealed); err == nil {
		t.Error("a sealed name can be moved to another caller")
	}
	if _, err := other.OpenName("a", id, sealed); err == nil {
		t.Error("a sealed name opens under another key")
	}
}

// A demonstration's folder gives the same secrets at every start, and they work.
func TestSeed(t *testing.T) {
	dir := t.TempDir()
	first, err := clients.Seed(dir)
	if err != nil {
		t.Fatal(err)
	}
	second, err := clients.Seed(dir)
	if err != nil || *first != *second {
		t.Errorf("the second start: %+v, %v\nthe first %+v", second, err, first)
	}
	elsewhere, err := clients.Seed(t.TempDir())
	if err != nil || elsewhere.ClinicKey == first.ClinicKey || elsewhere.PortalPassword == first.PortalPassword {
		t.Errorf("another folder has the same secrets (%v)", err)
	}
	d, err := clients.Open(settings(string(first.File), string(first.Key)), clients.Deps{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for key, want := range map[string]verify.CallerKind{
		first.ClinicKey: verify.CallerClinic, first.AgencyKey: verify.CallerAgency,
		first.LaboratoryKey: verify.CallerLaboratory, first.OperatorKey: verify.CallerOperator,
	} {
		if c, refusal := d.Authenticate(noon, []byte(key)); refusal != verify.RefusalNone || c.Kind != want {
			t.Errorf("%s: %q", want, refusal.Code())
		}
	}
	c, refusal := d.Login(noon, []byte(first.PortalUsername), md5Of(first.PortalPassword), here)
	if refusal != verify.RefusalNone || c.Facility.String() != "01000" || !c.Scopes.Has(verify.ScopeLookup|verify.ScopeVerify) {
		t.Errorf("%+v, %q", c, refusal.Code())
	}
	if got := d.Officer(c, []byte(first.OfficerID), []byte(first.OfficerName)); got != verify.Status000 {
		t.Errorf("the officer: %s", got.Code())
	}
	for _, f := range []string{string(first.File), string(first.Key), filepath.Join(dir, "keys", "demo-secrets.json")} {
		if info, err := os.Stat(f); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v; want 0600", f, info.Mode(), err)
		}
	}
}
