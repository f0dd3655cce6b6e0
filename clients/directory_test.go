package clients_test

import (
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/verify"
)

var (
	here = netip.MustParseAddr("192.0.2.10")
	noon = at(0)
)

// at is an instant d after the noon (Vietnamese time) that these tests live at.
func at(d time.Duration) verify.Instant {
	wall := time.Date(2026, 11, 21, 5, 0, 0, 0, time.UTC)
	return verify.Instant{Wall: wall.Add(d).UnixNano(), Mono: int64(time.Hour + d)}
}

// bench is a directory in a folder of its own, with the store that changes it.
type fixture struct {
	*clients.Directory
	store *clients.Store
}

func newSecrets(t testing.TB) *clients.Secrets {
	t.Helper()
	s, err := clients.NewSecrets([]byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func open(t testing.TB, fill func(*clients.File, *clients.Secrets) error) *fixture {
	t.Helper()
	dir := t.TempDir()
	key := filepath.Join(dir, "clients.key")
	write(t, key, "0123456789abcdef0123456789abcdef")
	store := &clients.Store{Path: filepath.Join(dir, "clients.ndjson"), Secrets: newSecrets(t)}
	if err := store.Update(func(f *clients.File) error { return fill(f, store.Secrets) }); err != nil {
		t.Fatal(err)
	}
	d, err := clients.Open(clients.Config{File: store.Path, Key: config.SecretFile(key), Poll: config.Duration(10 * time.Millisecond)}, clients.Deps{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return &fixture{d, store}
}

// clinic adds a clinic with one key and returns both.
func clinic(t testing.TB, f *clients.File, id string) (*clients.Entry, string) {
	t.Helper()
	e, err := clients.NewEntry(id, "clinic")
	if err != nil {
		t.Fatal(err)
	}
	key := e.AddKey(noon.Time(), 0).Key
	if err := f.Add(e); err != nil {
		t.Fatal(err)
	}
	return e, key
}
