package clients_test

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/verigate/verigate/cache/cachetest"
	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/internal/metric"
	"github.com/verigate/verigate/internal/proc"
	"github.com/verigate/verigate/verify"
)

// crew is three nodes that share limits, on one clock that the test moves; their rounds are done by hand.
type crew struct {
	t     testing.TB
	cfg   clients.RedisConfig
	now   atomic.Int64 // after noon
	nodes []*crewman
}

type crewman struct {
	*clients.Directory
	cfg     clients.Config
	metrics *metric.Set
	caller  *verify.Caller
}

const interval = time.Second

func (c *crew) clock() verify.Instant { return at(time.Duration(c.now.Load())) }

// assemble opens three nodes on a directory with one caller of the given limits.
func assemble(t testing.TB, addr string, l clients.Limits) *crew {
	t.Helper()
	c := &crew{t: t, cfg: redisSettings(addr)}
	c.cfg.Reconcile = config.Duration(interval)
	var key string
	err := redisStore(t, c.cfg).Update(t.Context(), func(f *clients.File) error {
		var e *clients.Entry
		e, key = add(t, f, "caller-1", "clinic")
		e.Limits = l
		account(t, e, newSecrets(t), "01000_BV", "right")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		dir := t.TempDir()
		keyFile := filepath.Join(dir, "clients.key")
		if err := os.WriteFile(keyFile, []byte(directoryKey), 0o600); err != nil {
			t.Fatal(err)
		}
		m := &crewman{cfg: clients.Config{Redis: c.cfg, Data: dir, Key: config.SecretFile(keyFile), Poll: config.Duration(time.Hour)}}
		c.nodes = append(c.nodes, m)
		c.start(m, key)
		t.Cleanup(func() { m.Close() })
	}
	return c
}

func (c *crew) start(m *crewman, key string) {
	c.t.Helper()
	m.metrics = new(metric.Set)
	var err error
	if m.Directory, err = clients.OpenByHand(m.cfg, clients.Deps{Clock: c.clock, Metrics: m.metrics}); err != nil {
		c.t.Fatal(err)
	}
	m.caller, _ = m.Authenticate(noon, []byte(key))
}

// round lets every node tell and hear, twice, so that all know what all know.
func (c *crew) round() {
	c.t.Helper()
	for range 2 {
		for _, n := range c.nodes {
			if err := n.Reconcile(c.t.Context()); err != nil {
				c.t.Fatal(err)
			}
		}
	}
}

func (c *crew) pass(d time.Duration) { c.now.Add(int64(d)) }

// ask has a node's caller ask up to n times and returns how often it was let through.
func (c *crew) ask(m *crewman, n int) (passed int) {
	for range n {
		v := m.Admit(c.clock(), m.caller, 1)
		if v.Refusal == verify.RefusalNone {
			m.Release(m.caller)
			passed++
		}
	}
	return passed
}

func (c *crew) used(m *crewman) int64 { return m.Usage(c.clock(), m.caller).Quotas[0].Used }

// Whatever node is asked, the day's quota is one; each node shows the same; a restart forgets nothing.
func TestOneQuotaForAllNodes(t *testing.T) {
	c := assemble(t, cachetest.Redis(t).Addr, clients.Limits{Rate: 1_000_000, Burst: 1_000_000, Daily: 300})
	for i, n := range c.nodes {
		if got := c.ask(n, 90); got != 90 {
			t.Fatalf("node %d let %d of 90 through", i, got)
		}
		c.round()
	}
	for i, n := range c.nodes {
		if u := c.used(n); u != 270 {
			t.Errorf("node %d shows %d used, want 270", i, u)
		}
		if s := n.Status().Share; s == nil || s.Nodes != 3 || s.Error != "" {
			t.Errorf("node %d: %+v", i, s)
		}
	}
	if got := c.ask(c.nodes[1], 100); got != 30 {
		t.Errorf("%d of the last 30 passed", got)
	}
	c.round()
	for i, n := range c.nodes {
		if v := n.Admit(c.clock(), n.caller, 1); v.Refusal != verify.RefusalQuota {
			t.Errorf("node %d: %q after the quota was used up", i, v.Refusal.Code())
		}
	}
	c.restart(1)
	c.restart(2)
	for i, n := range c.nodes {
		if u := c.used(n); u != 300 {
			t.Errorf("after restarts node %d shows %d used, want 300", i, u)
		}
	}
	c.pass(24 * time.Hour)
	c.round()
	for i, n := range c.nodes {
		if u := c.used(n); u != 0 {
			t.Errorf("the day after node %d shows %d used", i, u)
		}
	}
}

func (c *crew) restart(i int) {
	c.t.Helper()
	m := c.nodes[i]
	m.Close()
	d, err := clients.OpenByHand(m.cfg, clients.Deps{Clock: c.clock})
	if err != nil {
		c.t.Fatal(err)
	}
	m.Directory = d
}

// What the page promises: in any time T three nodes together let through at most rate·T + 3·burst + 2·2·rate·interval,
// and about the rate in the long run, not three times the rate.
func TestOneRateForAllNodes(t *testing.T) {
	const rate, burst, nodes = 50, 100, 3
	c := assemble(t, cachetest.Redis(t).Addr, clients.Limits{Rate: rate, Burst: burst, Concurrency: 1000, Daily: 1_000_000})
	total := 0
	const seconds, step = 40, 100 * time.Millisecond
	for tick := range int(seconds * time.Second / step) {
		for _, n := range c.nodes {
			total += c.ask(n, 50)
		}
		c.pass(step)
		if tick%int(interval/step) == 0 {
			for _, n := range c.nodes {
				if err := n.Reconcile(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	bound := rate*seconds + nodes*burst + 2*(nodes-1)*rate*int(interval/time.Second)
	if total > bound || total < rate*seconds/2 {
		t.Errorf("%d passed in %d s, want at most %d and no less than half the rate", total, seconds, bound)
	}
	t.Logf("%d passed in %d s; the bound is %d, three nodes apart would let %d through", total, seconds, bound, nodes*(rate*seconds+burst))
}

// While Redis is away every node goes on with what it last knew: together at most three times what was left. Nothing is
// refused that the caller may still have, and afterwards the sum is known again although Redis forgot everything.
func TestQuotaWhileRedisIsAway(t *testing.T) {
	r := cachetest.Redis(t)
	c := assemble(t, r.Addr, clients.Limits{Rate: 1_000_000, Burst: 1_000_000, Daily: 300})
	c.ask(c.nodes[0], 200)
	c.round()
	r.Kill()
	for i, n := range c.nodes {
		if err := n.Reconcile(t.Context()); err == nil {
			t.Errorf("node %d did not notice", i)
		}
		if got := c.ask(n, 500); got != 100 {
			t.Errorf("node %d let %d through while 100 were left", i, got)
		}
	}
	back, err := proc.StartRedis(r.Addr, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(back.Kill)
	for _, n := range c.nodes {
		cachetest.Eventually(t, "the connection", func() bool { return n.Reconcile(t.Context()) == nil })
	}
	c.round()
	for i, n := range c.nodes {
		if u := c.used(n); u != 500 {
			t.Errorf("node %d shows %d used, want 500", i, u)
		}
	}
}

// The rate that went over while nodes were cut off is not paid back by those who wait afterwards.
func TestOutageIsForgiven(t *testing.T) {
	r := cachetest.Redis(t)
	c := assemble(t, r.Addr, clients.Limits{Rate: 10, Burst: 10, Daily: 1_000_000})
	c.round()
	for range 600 { // ten minutes at half the rate, all on the first node, which nobody hears of
		c.ask(c.nodes[0], 5)
		c.pass(time.Second)
	}
	c.round()
	for i, n := range c.nodes {
		if got := c.ask(n, 10); i > 0 && got != 10 {
			t.Errorf("node %d lets %d of 10 through after the outage", i, got)
		}
	}
}

// Somebody who can write to Redis can neither make up counts nor take back any that nodes have heard.
func TestHostileCounts(t *testing.T) {
	r := cachetest.Redis(t)
	c := assemble(t, r.Addr, clients.Limits{Rate: 1_000_000, Burst: 1_000_000, Daily: 300})
	c.ask(c.nodes[0], 100)
	c.round()
	redis := client(t, r)
	keys, err := redis.Keys(t.Context(), "verigate:clients:run:*").Result()
	if err != nil || len(keys) != 3 {
		t.Fatalf("%v (%v), want a tally of each node", keys, err)
	}
	old := map[string]string{}
	for _, k := range keys {
		old[k] = redis.Get(t.Context(), k).Val()
	}
	c.ask(c.nodes[0], 50)
	c.round()
	for name, value := range map[string]func(string) string{
		"garbage":   func(string) string { return "\xff\x00 nothing" },
		"truncated": func(k string) string { return old[k][:len(old[k])-1] },
		"replayed":  func(k string) string { return old[k] },
		"enlarged":  func(k string) string { return old[k] + old[k] },
		"gone":      nil,
	} {
		for i, k := range keys {
			if value == nil {
				redis.Del(t.Context(), k)
			} else {
				redis.Set(t.Context(), k, value(k), 0)
			}
			redis.HSet(t.Context(), "verigate:clients:runs", k[len("verigate:clients:run:"):], 1000+i, "not a run", "x", "ff", "18446744073709551616")
		}
		c.round()
		for i, n := range c.nodes {
			if u := c.used(n); u != 150 {
				t.Errorf("%s: node %d shows %d used, want 150", name, i, u)
			}
		}
	}
}

// A network that an account logged in from at one node is known at all, whatever else is in its place in Redis.
func TestNodesShareNetworks(t *testing.T) {
	r := cachetest.Redis(t)
	c := assemble(t, r.Addr, clients.Limits{})
	if _, refusal := c.nodes[0].Login(noon, []byte("01000_BV"), md5Of("right"), here); refusal != verify.RefusalNone {
		t.Fatal(refusal.Code())
	}
	for _, there := range []string{"", "garbage", "vgn1 and more garbage that is long enough to hold a seal"} {
		if err := client(t, r).Set(t.Context(), "verigate:clients:networks", there, 0).Err(); err != nil {
			t.Fatal(err)
		}
		c.round()
	}
	for i, n := range c.nodes {
		if !familiarTo(n.Directory) {
			t.Errorf("node %d does not know the network", i)
		}
	}
	if got := client(t, r).Get(t.Context(), "verigate:clients:networks").Val(); strings.Contains(got, "192.0.2") || len(got) < 40 {
		t.Errorf("what is in Redis: %q", got)
	}
}

// A node alone keeps the day's counts and the networks of accounts in its folder.
func TestRestartRemembers(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(t *testing.T, dir string)
		used   int64
		known  bool
	}{
		{"sound", func(*testing.T, string) {}, 120, true},
		{"without files", func(t *testing.T, dir string) { os.RemoveAll(dir) }, 0, false},
		{"truncated", func(t *testing.T, dir string) { cutFiles(t, dir, func(b []byte) []byte { return b[:len(b)-3] }) }, 60, false}, // the first run in the file is whole
		{"garbage", func(t *testing.T, dir string) { cutFiles(t, dir, func([]byte) []byte { return []byte("garbage") }) }, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			var key string
			d := open(t, func(f *clients.File, s *clients.Secrets) {
				var e *clients.Entry
				e, key = add(t, f, "caller-1", "clinic")
				account(t, e, s, "01000_BV", "right")
			}, func(cfg *clients.Config) { cfg.Data = dir })
			cfg := clients.Config{File: d.store.Path, Data: dir, Key: config.SecretFile(filepath.Join(filepath.Dir(d.store.Path), "clients.key")), Poll: config.Duration(poll)}
			d.Close()
			clock := func() verify.Instant { return noon }
			first, err := clients.Open(cfg, clients.Deps{Clock: clock})
			if err != nil {
				t.Fatal(err)
			}
			caller, _ := first.Authenticate(noon, []byte(key))
			for range 2 { // restarts add up
				first.Admit(noon, caller, 60)
				if _, refusal := first.Login(noon, []byte("01000_BV"), md5Of("right"), here); refusal != verify.RefusalNone {
					t.Fatal(refusal.Code())
				}
				first.Close()
				if first, err = clients.Open(cfg, clients.Deps{Clock: clock}); err != nil {
					t.Fatal(err)
				}
				caller, _ = first.Authenticate(noon, []byte(key))
			}
			first.Close()
			c.damage(t, dir)
			last, err := clients.Open(cfg, clients.Deps{Clock: clock})
			if err != nil {
				t.Fatal(err)
			}
			defer last.Close()
			if got := last.Usage(noon, caller).Quotas[0].Used; got != c.used {
				t.Errorf("%d used, want %d", got, c.used)
			}
			if got := familiarTo(last); got != c.known {
				t.Errorf("the account's network is known: %v, want %v", got, c.known)
			}
		})
	}
}

// familiarTo tells whether the account's own network is still let in while others guess its password from everywhere.
func familiarTo(d *clients.Directory) bool {
	for i := range 100 {
		d.Login(noon, []byte("01000_BV"), md5Of(fmt.Sprint("wrong ", i)), elsewhere(i))
	}
	_, refusal := d.Login(noon, []byte("01000_BV"), md5Of("right"), here)
	return refusal == verify.RefusalNone
}

func cutFiles(t *testing.T, dir string, change func([]byte) []byte) {
	t.Helper()
	for _, name := range []string{"counts", "networks"} {
		path := filepath.Join(dir, name)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, change(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// FuzzShared: what nodes read from where others can write never panics, also when its seal is right.
func FuzzShared(f *testing.F) {
	s, err := clients.NewSecrets([]byte(directoryKey))
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("vgt1 too short"), false)
	f.Add([]byte("vgt1"+string(make([]byte, 36))), true)
	f.Add([]byte("vgn1"+"12345678\x0112345678"), true)
	f.Add([]byte("vgn1"+"12345678\x09"), true)
	f.Add([]byte(`{"verigate_directory":1,"version":1,"mac":""}`+"\n"), false)
	f.Fuzz(func(t *testing.T, raw []byte, sealed bool) {
		if sealed {
			raw = clients.Sign(s, raw)
		}
		tally := clients.DecodeTally(s, raw)
		known := clients.DecodeFamiliar(s, raw)
		if !sealed && (tally == nil || known == nil || clients.OpenEnvelope(s, raw) == nil) {
			t.Error("something without a seal was taken")
		}
		_ = clients.DecodeTallies(s, raw)
	})
}

func elsewhere(i int) netip.Addr { return netip.AddrFrom4([4]byte{198, 51, byte(i), 1}) }
