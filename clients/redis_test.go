package clients_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/verigate/verigate/cache/cachetest"
	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/internal/metric"
	"github.com/verigate/verigate/internal/proc"
	"github.com/verigate/verigate/internal/redisconn"
	"github.com/verigate/verigate/verify"
)

const directoryField = "verigate:clients:directory"

// seenWithin is the bound that is promised for a change to be in force on every node.
const seenWithin = 5 * time.Second

func redisSettings(addr string) clients.RedisConfig {
	return clients.RedisConfig{
		Endpoint: redisconn.Endpoint{URL: "redis://" + addr}, Prefix: "verigate:clients:",
		Timeout: config.Duration(2 * time.Second), Alone: config.Duration(time.Hour),
	}
}

func redisStore(t testing.TB, cfg clients.RedisConfig) *clients.RedisStore {
	t.Helper()
	s, err := clients.OpenRedis(cfg, newSecrets(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// member is one node of several that share a directory.
type member struct {
	*clients.Directory
	cfg     clients.Config
	changes chan clients.Change
	metrics *metric.Set
}

// join opens a node with a data folder of its own.
func join(t testing.TB, cfg clients.RedisConfig) *member {
	t.Helper()
	dir := t.TempDir()
	key := filepath.Join(dir, "clients.key")
	if err := os.WriteFile(key, []byte(directoryKey), 0o600); err != nil {
		t.Fatal(err)
	}
	m := &member{cfg: clients.Config{Redis: cfg, Data: dir, Key: config.SecretFile(key), Poll: config.Duration(poll)}}
	m.start(t)
	t.Cleanup(func() {
		if m.Directory != nil {
			m.Close()
		}
	})
	return m
}

func (m *member) start(t testing.TB) {
	t.Helper()
	if err := m.open(); err != nil {
		t.Fatal(err)
	}
}

func (m *member) open() (err error) {
	m.changes, m.metrics = make(chan clients.Change, 64), new(metric.Set)
	m.Directory, err = clients.Open(m.cfg, clients.Deps{Metrics: m.metrics, Changed: func(c clients.Change) { m.changes <- c }})
	return err
}

// await returns the first change that is as wanted.
func (m *member) await(t testing.TB, what string, wanted func(clients.Change) bool) clients.Change {
	t.Helper()
	late := time.After(seenWithin)
	for {
		select {
		case c := <-m.changes:
			if wanted(c) {
				return c
			}
		case <-late:
			t.Fatalf("waited %s in vain for %s; the status is %+v", seenWithin, what, m.Status())
		}
	}
}

func (m *member) count(name string) (n int64) {
	for _, i := range m.metrics.Instruments() {
		if i.Name == name && i.Counter != nil {
			n += i.Counter.Value()
		}
	}
	return n
}

func loaded(c clients.Change) bool { return c.Err == nil }

// addCaller puts a caller into the store and returns its key.
func addCaller(t testing.TB, s clients.Store, id string) (key string) {
	t.Helper()
	if err := s.Update(t.Context(), func(f *clients.File) error { _, key = add(t, f, id, "clinic"); return nil }); err != nil {
		t.Fatal(err)
	}
	return key
}

func revoke(t testing.TB, s clients.Store, id string) {
	t.Helper()
	err := s.Update(t.Context(), func(f *clients.File) error { f.Find(id).Status = clients.StatusRevoked; return nil })
	if err != nil {
		t.Fatal(err)
	}
}

func wantRefusal(t testing.TB, d *clients.Directory, key string, want verify.Refusal) {
	t.Helper()
	if _, got := d.Authenticate(noon, []byte(key)); got != want {
		t.Errorf("the key is answered %q, want %q", got.Code(), want.Code())
	}
}

// Every kind of Redis: what is added is found on three nodes, what is revoked is refused on three nodes, in time.
func TestThreeNodesSeeARevocation(t *testing.T) {
	single := cachetest.Redis(t)
	for name, cfg := range map[string]func() clients.RedisConfig{
		"standalone": func() clients.RedisConfig { return redisSettings(single.Addr) },
		"sentinel": func() clients.RedisConfig {
			c := redisSettings("")
			c.Endpoint = redisconn.Endpoint{Addresses: []string{cachetest.Sentinel(t, single)}, SentinelMaster: "verigate"}
			c.Prefix = "behind-sentinel:"
			return c
		},
		"cluster": func() clients.RedisConfig {
			c := redisSettings("")
			c.Endpoint = redisconn.Endpoint{Addresses: cachetest.Cluster(t)}
			return c
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := cfg()
			store := redisStore(t, cfg)
			key := addCaller(t, store, "caller-1")
			nodes := []*member{join(t, cfg), join(t, cfg), join(t, cfg)}
			for _, n := range nodes {
				wantRefusal(t, n.Directory, key, verify.RefusalNone)
			}
			revoke(t, store, "caller-1")
			for _, n := range nodes {
				n.await(t, "the revocation", loaded)
				wantRefusal(t, n.Directory, key, verify.RefusalKeyRevoked)
				if s := n.Status(); s.Version != nodes[0].Status().Version || s.Source != "redis" || s.Error != "" || s.Away != "" {
					t.Errorf("status %+v", s)
				}
			}
		})
	}
}

// Twenty writers at once: every change is made, none twice.
func TestConcurrentWriters(t *testing.T) {
	cfg := redisSettings(cachetest.Redis(t).Addr)
	const writers, changes = 5, 4
	var wg sync.WaitGroup
	for w := range writers {
		store := redisStore(t, cfg)
		wg.Go(func() {
			for i := range changes {
				if err := store.Update(t.Context(), func(f *clients.File) error { add(t, f, fmt.Sprintf("caller-%d-%d", w, i), "clinic"); return nil }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	f, err := redisStore(t, cfg).Read(t.Context())
	if err != nil || len(f.Entries) != writers*changes {
		t.Errorf("%d callers (%v), want %d", len(f.Entries), err, writers*changes)
	}
}

// A change that is refused leaves the directory in Redis as it was.
func TestRefusedUpdateLeavesRedis(t *testing.T) {
	r := cachetest.Redis(t)
	store := redisStore(t, redisSettings(r.Addr))
	addCaller(t, store, "caller-1")
	before := rawDirectory(t, r)
	for name, change := range map[string]func(*clients.File) error{
		"it fails":          func(*clients.File) error { return errors.New("no") },
		"the result is bad": func(f *clients.File) error { f.Entries[0].Status = "?"; return nil },
		"an id twice":       func(f *clients.File) error { f.Entries = append(f.Entries, f.Entries[0]); return nil },
	} {
		if err := store.Update(t.Context(), change); err == nil {
			t.Errorf("%s: no error", name)
		}
		if after := rawDirectory(t, r); after["directory"] != before["directory"] || after["version"] != before["version"] {
			t.Errorf("%s: the directory changed", name)
		}
	}
}

func TestPush(t *testing.T) {
	store := redisStore(t, redisSettings(cachetest.Redis(t).Addr))
	if _, err := store.Read(t.Context()); !errors.Is(err, clients.ErrNoDirectory) {
		t.Errorf("an empty Redis: %v", err)
	}
	f := new(clients.File)
	add(t, f, "caller-1", "clinic")
	if err := store.Push(t.Context(), f, false); err != nil {
		t.Fatal(err)
	}
	if err := store.Push(t.Context(), f, false); err == nil {
		t.Error("a second push went over the first without being told to")
	}
	add(t, f, "caller-2", "clinic")
	if err := store.Push(t.Context(), f, true); err != nil {
		t.Error(err)
	}
	if got, err := store.Read(t.Context()); err != nil || len(got.Entries) != 2 {
		t.Errorf("%v, %v", got, err)
	}
}

// While Redis is away everything goes on, a change fails with a reason, a node can start from its copy if that is young
// enough; when Redis is back, empty, the nodes give it back what it had.
func TestRedisAway(t *testing.T) {
	r := cachetest.Redis(t)
	cfg := redisSettings(r.Addr)
	store := redisStore(t, cfg)
	key := addCaller(t, store, "caller-1")
	node, other := join(t, cfg), join(t, cfg)
	version := node.Status().Version
	r.Kill()

	err := store.Update(t.Context(), func(f *clients.File) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "asking Redis") {
		t.Errorf("a change while Redis is away: %v", err)
	}
	cachetest.Eventually(t, "the outage to be shown", func() bool { return node.Status().Away != "" })
	wantRefusal(t, node.Directory, key, verify.RefusalNone)

	node.Close()
	node.start(t)
	wantRefusal(t, node.Directory, key, verify.RefusalNone)
	if s := node.Status(); s.Away == "" || s.Version != version || s.AgeS <= 0 {
		t.Errorf("started from the copy: %+v", s)
	}
	node.Close()
	old := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(filepath.Join(node.cfg.Data, "directory"), old, old); err != nil {
		t.Fatal(err)
	}
	if err := node.open(); err == nil || !strings.Contains(err.Error(), "redis.alone") {
		t.Errorf("started from a copy that is too old: %v", err)
	}
	back, err := proc.StartRedis(r.Addr, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(back.Kill)
	cachetest.Eventually(t, "the directory to be put back", func() bool {
		f, err := store.Read(context.Background())
		return err == nil && f.Find("caller-1") != nil && other.Status().Error == "" && other.Status().Away == ""
	})
	if other.count("verigate_clients_directory_restored_total") != 1 || other.Status().Version != version {
		t.Errorf("restored %d times, version %s, want %s", other.count("verigate_clients_directory_restored_total"), other.Status().Version, version)
	}
}

func rawDirectory(t testing.TB, r *proc.Redis) map[string]string {
	t.Helper()
	m, err := client(t, r).HGetAll(t.Context(), directoryField).Result()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func client(t testing.TB, r *proc.Redis) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: r.Addr})
	t.Cleanup(func() { c.Close() })
	return c
}

// Somebody who can write to Redis, but has no key file, can neither add a caller nor undo a revocation; the nodes say so
// and go on with what they have.
func TestHostileRedis(t *testing.T) {
	r := cachetest.Redis(t)
	cfg := redisSettings(r.Addr)
	store := redisStore(t, cfg)
	key := addCaller(t, store, "caller-1")
	before := rawDirectory(t, r)
	revoke(t, store, "caller-1")
	sound := rawDirectory(t, r)
	stranger, err := clients.NewSecrets([]byte(strings.Repeat("another key file", 2)))
	if err != nil {
		t.Fatal(err)
	}
	forged, err := clients.OpenRedis(clients.RedisConfig{Endpoint: cfg.Endpoint, Prefix: "forged:", Timeout: cfg.Timeout}, stranger)
	if err != nil {
		t.Fatal(err)
	}
	defer forged.Close()
	addCaller(t, forged, "intruder")
	foreign, err := client(t, r).HGet(t.Context(), "forged:directory", "directory").Result()
	if err != nil {
		t.Fatal(err)
	}
	text := sound["directory"]
	for _, c := range []struct {
		name, directory, want string
		mended                bool // by the node itself
	}{
		{"garbage", "\x00\xff no directory", "no header line", false},
		{"empty", "", "no header line", false},
		{"a header of another kind", "{}\n" + text, "format is 0", false},
		{"truncated", text[:len(text)-2], "seal does not fit", false},
		{"one letter changed", strings.Replace(text, "revoked", "actived", 1), "seal does not fit", false},
		{"another number", strings.Replace(text, `"version":`, `"version":9`, 1), "seal does not fit", false},
		{"sealed by somebody else", foreign, "seal does not fit", false},
		{"not sealed", text[strings.IndexByte(text, '\n')+1:], "format is 0", false},
		{"an older one replayed", before["directory"], "is older than", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			put(t, r, sound)
			node := join(t, cfg)
			put(t, r, map[string]string{"version": "99999999999999999999", "directory": c.directory})
			change := node.await(t, "the refusal", func(c clients.Change) bool { return c.Err != nil })
			if !strings.Contains(change.Err.Error(), c.want) {
				t.Errorf("refused with %q, want %q", change.Err, c.want)
			}
			wantRefusal(t, node.Directory, key, verify.RefusalKeyRevoked)
			if c.mended {
				cachetest.Eventually(t, "the newer directory to be put back", func() bool { return node.Status().Error == "" })
				if got := rawDirectory(t, r); got["directory"] != sound["directory"] {
					t.Error("Redis still has the older one")
				}
				return
			}
			if err := store.Update(t.Context(), func(*clients.File) error { return nil }); err == nil {
				t.Error("a change was built on it")
			}
			node.Close()
			node.start(t) // from the copy
			wantRefusal(t, node.Directory, key, verify.RefusalKeyRevoked)
			if node.Status().Error == "" {
				t.Error("the status of a node that started from its copy says nothing")
			}
			f := new(clients.File)
			_, added := add(t, f, "caller-2", "clinic")
			if err := store.Push(t.Context(), f, true); err != nil {
				t.Fatal(err)
			}
			node.await(t, "the directory that was pushed over it", loaded)
			wantRefusal(t, node.Directory, added, verify.RefusalNone)
		})
	}
}

func put(t testing.TB, r *proc.Redis, fields map[string]string) {
	t.Helper()
	if err := client(t, r).HSet(t.Context(), directoryField, fields).Err(); err != nil {
		t.Fatal(err)
	}
}

// A key of another type, as somebody who mistook the prefix leaves, is an outage and no panic.
func TestWrongTypeInRedis(t *testing.T) {
	r := cachetest.Redis(t)
	cfg := redisSettings(r.Addr)
	store := redisStore(t, cfg)
	key := addCaller(t, store, "caller-1")
	node := join(t, cfg)
	if err := client(t, r).Set(t.Context(), directoryField, "x", 0).Err(); err != nil {
		t.Fatal(err)
	}
	cachetest.Eventually(t, "the fault to be shown", func() bool { return strings.Contains(node.Status().Away, "WRONGTYPE") })
	wantRefusal(t, node.Directory, key, verify.RefusalNone)
}
