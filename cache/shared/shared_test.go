package shared_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/verigate/verigate/cache/cachetest"
	"github.com/verigate/verigate/cache/shared"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/internal/clock"
	"github.com/verigate/verigate/internal/redisconn"
	"github.com/verigate/verigate/verify"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const keep = int64(4 * time.Hour)

// store is a shared cache under the contract. Settle waits until as many fills and changes are through as were handed
// over.
type store struct {
	*shared.Cache
	t       testing.TB
	clock   verify.Clock
	handed  atomic.Int64
	changed atomic.Int64
}

func (s *store) Recall(l *verify.Lookup) { s.Cache.Recall(context.Background(), l) }

func (s *store) Remember(l *verify.Lookup) {
	for _, h := range l.Held {
		if h.State != verify.StateUnknown && h.Source == verify.SourceRegistry && !l.Batch {
			s.handed.Add(1)
		}
	}
	s.Cache.Remember(l)
}

func (s *store) Invalidate(subjects []verify.Subject, version uint64) {
	s.changed.Add(int64(len(subjects)))
	s.Cache.Invalidate(subjects, version)
}

func (s *store) Now() verify.Instant { return s.clock() }

func (s *store) Settle() {
	cachetest.Eventually(s.t, "the background", func() bool {
		st := s.Status()
		return sum(st.Fills) == s.handed.Load() && sum(st.Invalidations) == s.changed.Load()
	})
}

func sum(m map[string]int64) (n int64) {
	for _, v := range m {
		n += v
	}
	return n
}

// open makes a cache on the server; edit may change its configuration.
func open(t testing.TB, addr string, edit func(*shared.Config)) *store {
	t.Helper()
	cfg := shared.Config{Endpoint: redisconn.Endpoint{URL: "redis://" + addr}}
	config.Defaults(&cfg)
	cfg.Timeout, cfg.WriteTimeout = config.Duration(2*time.Second), config.Duration(2*time.Second) // a busy machine is no failure
	if edit != nil {
		edit(&cfg)
	}
	return openConfig(t, cfg, clock.System)
}

func openConfig(t testing.TB, cfg shared.Config, now verify.Clock) *store {
	t.Helper()
	c, err := shared.New(cfg, shared.Deps{Secret: []byte("0123456789abcdef"), Clock: now, Log: slog.New(slog.DiscardHandler), Keep: func(verify.State) int64 { return keep }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return &store{Cache: c, t: t, clock: now}
}

func client(t testing.TB, addr string) *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: addr})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestContract(t *testing.T) {
	r := cachetest.Redis(t)
	cachetest.Contract(t, func(t *testing.T) cachetest.Store {
		return open(t, r.Addr, func(c *shared.Config) { c.Prefix = t.Name() + ":" })
	})
}

func TestContractOnACluster(t *testing.T) {
	addrs := cachetest.Cluster(t)
	cachetest.Contract(t, func(t *testing.T) cachetest.Store {
		return open(t, "", func(c *shared.Config) { c.URL, c.Addresses, c.Prefix = "", addrs, t.Name()+":" })
	})
}

func TestContractBehindSentinel(t *testing.T) {
	addr := cachetest.Sentinel(t, cachetest.Redis(t))
	cachetest.Contract(t, func(t *testing.T) cachetest.Store {
		return open(t, "", func(c *shared.Config) {
			c.URL, c.Addresses, c.SentinelMaster, c.Prefix = "", []string{addr}, "verigate", t.Name()+":"
		})
	})
}

// twins are two nodes on one Redis: the first one writes, both read.
type twins struct{ a, b *store }

func (w twins) Recall(l *verify.Lookup) {
	if l.Now.Mono%2 == 0 {
		w.a.Recall(l)
	} else {
		w.b.Recall(l)
	}
}

func (w twins) Remember(l *verify.Lookup) {
	if l.Now.Mono%3 == 0 {
		w.a.Remember(l)
	} else {
		w.b.Remember(l)
	}
}

func (w twins) Invalidate(subjects []verify.Subject, version uint64) {
	w.a.Invalidate(subjects, version)
	w.b.Invalidate(subjects, version)
}
func (w twins) Settle()             { w.a.Settle(); w.b.Settle() }
func (w twins) Now() verify.Instant { return w.a.Now() }

func TestContractBetweenTwoNodes(t *testing.T) {
	r := cachetest.Redis(t)
	cachetest.Contract(t, func(t *testing.T) cachetest.Store {
		prefix := func(c *shared.Config) { c.Prefix = t.Name() + ":" }
		return twins{open(t, r.Addr, prefix), open(t, r.Addr, prefix)}
	})
}

func lookup(now verify.Instant, n uint64) *verify.Lookup {
	return &verify.Lookup{Now: now, Keys: make([]identity.Key, 1), Subjects: []verify.Subject{cachetest.Subject(n)}, Held: make([]verify.Held, 1)}
}

func (s *store) fill(n, version uint64, record []byte) {
	l := lookup(s.Now(), n)
	l.Held[0] = verify.Held{State: verify.StatePresent, Source: verify.SourceRegistry, Version: version, Learned: s.Now().Mono, Record: record}
	s.Remember(l)
	s.Settle()
}

func (s *store) get(n uint64) verify.Held {
	l := lookup(s.Now(), n)
	s.Recall(l)
	return l.Held[0]
}

func TestNothingReadableIsInRedis(t *testing.T) {
	r := cachetest.Redis(t)
	s := open(t, r.Addr, nil)
	mark := []byte("Nguyễn Văn Mẫu 001080000000")
	s.fill(1, 5, mark)
	s.Invalidate([]verify.Subject{cachetest.Subject(2)}, 6)
	s.Settle()
	if got := s.get(1); !bytes.Equal(got.Record, mark) {
		t.Fatalf("got %q back", got.Record)
	}
	c := client(t, r.Addr)
	keys, err := c.Keys(t.Context(), "*").Result()
	if err != nil || len(keys) != 2 {
		t.Fatalf("keys are %q, %v", keys, err)
	}
	subject := cachetest.Subject(1)
	for _, k := range keys {
		v, err := c.Get(t.Context(), k).Result()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(k, "verigate:r1:") || len(k) != len("verigate:r1:")+32 {
			t.Errorf("key %q is not a prefix and a keyed hash", k)
		}
		for n := 4; n <= len(mark); n++ {
			if strings.Contains(v, string(mark[:n])) || strings.Contains(v, string(subject[:n%16+1])) && n%16 > 3 {
				t.Errorf("a value holds plain data")
			}
		}
		if ttl, err := c.PTTL(t.Context(), k).Result(); err != nil || ttl <= 0 || int64(ttl) > keep {
			t.Errorf("a value lives for %s, %v", ttl, err)
		}
	}
}

func TestDamagedAndForeignValuesAreMisses(t *testing.T) {
	r := cachetest.Redis(t)
	c := client(t, r.Addr)
	ctx := t.Context()
	key := func(n uint64) string {
		s := cachetest.Subject(n)
		return "verigate:r1:" + hex.EncodeToString(s[:])
	}
	for name, harm := range map[string]func(value string){
		"of another subject": func(v string) { c.Set(ctx, key(1), c.Get(ctx, key(2)).Val(), time.Hour) },
		"of another version": func(v string) { c.SetRange(ctx, key(1), 19, "9") },
		"bit flipped":        func(v string) { c.SetRange(ctx, key(1), int64(len(v)-1), string(v[len(v)-1]^1)) },
		"cut short":          func(v string) { c.Set(ctx, key(1), v[:len(v)-1], time.Hour) },
		"head only":          func(v string) { c.Set(ctx, key(1), v[:21], time.Hour) },
		"a few bytes":        func(v string) { c.Set(ctx, key(1), v[:3], time.Hour) },
		"no version":         func(v string) { c.SetRange(ctx, key(1), 0, "x") },
		"unknown mark":       func(v string) { c.SetRange(ctx, key(1), 20, "?") },
		"lives for ever":     func(v string) { c.Persist(ctx, key(1)) },
		"lives too long":     func(v string) { c.Expire(ctx, key(1), 1000*time.Hour) },
		"somebody's text":    func(v string) { c.Set(ctx, key(1), "hello, this is not yours at all", time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			c.FlushAll(ctx)
			s := open(t, r.Addr, nil)
			s.fill(1, 5, []byte("record"))
			s.fill(2, 5, []byte("record"))
			harm(c.Get(ctx, key(1)).Val())
			if h := s.get(1); h.State != verify.StateUnknown {
				t.Errorf("got %+v", h)
			}
			if st := s.Status(); st.Recalled["garbled"] != 1 {
				t.Errorf("recalled is %v", st.Recalled)
			}
		})
	}
	t.Run("of another type", func(t *testing.T) {
		c.FlushAll(ctx)
		c.LPush(ctx, key(1), "a list")
		s := open(t, r.Addr, nil)
		if h := s.get(1); h.State != verify.StateUnknown || s.Status().Recalled["error"] != 1 {
			t.Errorf("got %+v, recalled is %v", h, s.Status().Recalled)
		}
	})
	t.Run("sealed with another key", func(t *testing.T) {
		c.FlushAll(ctx)
		open(t, r.Addr, nil).fill(1, 5, []byte("record"))
		cfg := shared.Config{Endpoint: redisconn.Endpoint{URL: "redis://" + r.Addr}}
		config.Defaults(&cfg)
		cfg.Timeout = config.Duration(2 * time.Second) // a busy machine is no failure
		other, err := shared.New(cfg, shared.Deps{Secret: []byte("fedcba9876543210"), Clock: clock.System, Keep: func(verify.State) int64 { return keep }})
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		l := lookup(clock.System(), 1)
		other.Recall(ctx, l)
		if l.Held[0].State != verify.StateUnknown || other.Status().Recalled["garbled"] != 1 {
			t.Errorf("got %+v, recalled is %v", l.Held[0], other.Status().Recalled)
		}
	})
}

// Two nodes whose clocks have nothing in common agree on how old a value is.
func TestAgeCrossesMachines(t *testing.T) {
	r := cachetest.Redis(t)
	var ahead atomic.Int64
	skewed := func() verify.Instant {
		now := clock.System()
		now.Mono += ahead.Load()
		now.Wall -= int64(1000 * time.Hour)
		return now
	}
	ahead.Store(int64(500 * time.Hour))
	cfg := shared.Config{Endpoint: redisconn.Endpoint{URL: "redis://" + r.Addr}}
	config.Defaults(&cfg)
	cfg.Timeout, cfg.WriteTimeout = config.Duration(2*time.Second), config.Duration(2*time.Second)
	a, b := openConfig(t, cfg, clock.System), openConfig(t, cfg, skewed)
	l := lookup(a.Now(), 1)
	learned := a.Now().Mono - int64(10*time.Minute)
	l.Held[0] = verify.Held{State: verify.StatePresent, Source: verify.SourceRegistry, Version: 5, Learned: learned, Record: []byte("record")}
	a.Remember(l)
	a.Settle()
	before := b.Now().Mono
	h := b.get(1)
	age := time.Duration(before - h.Learned)
	if least, most := 10*time.Minute, 10*time.Minute+30*time.Second; h.State != verify.StatePresent || age < least || age > most {
		t.Errorf("a record of 10 minutes ago is %s old elsewhere (%+v)", age, h)
	}
}

func TestTooOldIsNotWritten(t *testing.T) {
	r := cachetest.Redis(t)
	s := open(t, r.Addr, nil)
	l := lookup(s.Now(), 1)
	l.Held[0] = verify.Held{State: verify.StatePresent, Source: verify.SourceRegistry, Version: 5, Learned: s.Now().Mono - keep, Record: []byte("record")}
	s.Remember(l)
	s.Settle()
	if st := s.Status(); st.Fills["too_old"] != 1 || s.get(1).State != verify.StateUnknown {
		t.Errorf("fills are %v", st.Fills)
	}
}

func TestBulkWorkIsNotWritten(t *testing.T) {
	s := open(t, cachetest.Redis(t).Addr, nil)
	l := lookup(s.Now(), 1)
	l.Batch = true
	l.Held[0] = verify.Held{State: verify.StatePresent, Source: verify.SourceRegistry, Version: 5, Learned: s.Now().Mono}
	s.Remember(l)
	if n := sum(s.Status().Fills); n != 0 || s.Status().FillQueue != 0 {
		t.Errorf("%d fills were made of bulk work", n)
	}
}

func TestRedisThatIsNotThere(t *testing.T) {
	r := cachetest.Redis(t)
	s := open(t, r.Addr, func(c *shared.Config) { c.BreakerFailures, c.BreakerPause = 3, config.Duration(50*time.Millisecond) })
	s.fill(1, 5, []byte("record"))
	r.Kill()
	for range 10 {
		if h := s.get(1); h.State != verify.StateUnknown {
			t.Fatalf("got %+v from a dead server", h)
		}
	}
	if st := s.Status(); st.Recalled["breaker_open"] == 0 || st.Recalled["error"] == 0 {
		t.Errorf("recalled is %v, want errors and then an open breaker", st.Recalled)
	}
	s.fill(2, 5, []byte("record"))
	if st := s.Status(); st.Fills["failed"] != 1 {
		t.Errorf("fills are %v", st.Fills)
	}
	restart(t, r.Addr)
	cachetest.Eventually(t, "the breaker to close", func() bool {
		s.fill(3, 5, []byte("record"))
		return s.get(3).State == verify.StatePresent
	})
}

func TestNewRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pem")
	if err := os.WriteFile(file, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		cfg    shared.Config
		secret string
		want   string
	}{
		"short secret":     {shared.Config{Endpoint: redisconn.Endpoint{URL: "redis://127.0.0.1:1"}}, "short", "at least 16"},
		"bad url":          {shared.Config{Endpoint: redisconn.Endpoint{URL: "http://user:hidden@127.0.0.1"}}, "0123456789abcdef", "url"},
		"missing password": {shared.Config{Endpoint: redisconn.Endpoint{Addresses: []string{"127.0.0.1:1"}, PasswordFile: "/no/such/file"}}, "0123456789abcdef", "password_file"},
		"bad authorities":  {shared.Config{Endpoint: redisconn.Endpoint{Addresses: []string{"127.0.0.1:1"}, CAFile: file}}, "0123456789abcdef", "ca_file"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := shared.New(c.cfg, shared.Deps{Secret: []byte(c.secret), Clock: clock.System})
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hidden") {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestConfigFaults(t *testing.T) {
	for _, c := range []struct {
		cfg  shared.Config
		want string
	}{
		{shared.Config{}, ""},
		{shared.Config{Endpoint: redisconn.Endpoint{URL: "redis://a"}, KeyFile: "k"}, ""},
		{shared.Config{Endpoint: redisconn.Endpoint{URL: "redis://a"}}, "key_file"},
		{shared.Config{Endpoint: redisconn.Endpoint{URL: "redis://a", Addresses: []string{"b"}}, KeyFile: "k"}, "addresses"},
		{shared.Config{Endpoint: redisconn.Endpoint{SentinelMaster: "m"}, KeyFile: "k"}, "sentinel_master"},
	} {
		err := c.cfg.Validate()
		if (err == nil) != (c.want == "") || err != nil && !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%+v: got %v, want %q", c.cfg, err, c.want)
		}
	}
}
