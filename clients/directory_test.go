package clients_test

import (
	"crypto/md5"
	"encoding/hex"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/verify"
)

const (
	directoryKey = "0123456789abcdef0123456789abcdef"
	poll         = 100 * time.Millisecond
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

// fixture is an open directory with the store that changes its file.
type fixture struct {
	*clients.Directory
	store   *clients.FileStore
	changes chan clients.Change
	coming  func(slot int) // set before the first request
}

func newSecrets(t testing.TB) *clients.Secrets {
	t.Helper()
	s, err := clients.NewSecrets([]byte(directoryKey))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newStore(t testing.TB) *clients.FileStore {
	t.Helper()
	return &clients.FileStore{Path: filepath.Join(t.TempDir(), "clients.ndjson"), Secrets: newSecrets(t)}
}

// open makes a directory file of what fill puts in and opens it; change may alter the settings.
func open(t testing.TB, fill func(*clients.File, *clients.Secrets), change ...func(*clients.Config)) *fixture {
	t.Helper()
	store := newStore(t)
	f := &fixture{store: store, changes: make(chan clients.Change, 8), coming: func(int) {}}
	f.update(t, func(file *clients.File) { fill(file, store.Secrets) })
	key := filepath.Join(filepath.Dir(store.Path), "clients.key")
	write(t, key, directoryKey)
	cfg := clients.Config{File: store.Path, Key: config.SecretFile(key), Poll: config.Duration(poll)}
	for _, c := range change {
		c(&cfg)
	}
	var err error
	deps := clients.Deps{Changed: func(c clients.Change) { f.changes <- c }, Coming: func(slot int) { f.coming(slot) }}
	if f.Directory, err = clients.Open(cfg, deps); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

// update changes the directory file as the command line does.
func (f *fixture) update(t testing.TB, change func(*clients.File)) {
	t.Helper()
	if err := f.store.Update(t.Context(), func(file *clients.File) error { change(file); return nil }); err != nil {
		t.Fatal(err)
	}
}

// add puts a caller into the file and returns it with an API key.
func add(t testing.TB, f *clients.File, id, kind string) (*clients.Entry, string) {
	t.Helper()
	e, err := clients.NewEntry(id, kind)
	if err != nil {
		t.Fatal(err)
	}
	key := e.AddKey(noon.Time(), 0).Key
	if err := f.Add(e); err != nil {
		t.Fatal(err)
	}
	return e, key
}

// account gives a caller a portal account.
func account(t testing.TB, e *clients.Entry, s *clients.Secrets, username, password string) {
	t.Helper()
	if _, err := e.SetPassword(s, username, password); err != nil {
		t.Fatal(err)
	}
}

func md5Of(password string) []byte {
	sum := md5.Sum([]byte(password))
	return []byte(hex.EncodeToString(sum[:]))
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
