package budget_test

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/verigate/verigate/cache/cachetest"
	"github.com/verigate/verigate/clients/budget"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/internal/redisconn"
	"github.com/verigate/verigate/verify"
)

// connect makes a client as the gateway does.
func connect(t *testing.T, addr string) redis.UniversalClient {
	t.Helper()
	e := redisconn.Endpoint{URL: "redis://" + addr}
	client, err := e.Client(redisconn.Limits{Timeout: time.Second, DialTimeout: time.Second, Connections: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// startNodes makes the budgets of several nodes that share a Redis and a clock.
func startNodes(t *testing.T, c *clock, addr string, n int, change func(*budget.Config, *budget.Deps)) []*budget.Budget {
	t.Helper()
	nodes := make([]*budget.Budget, n)
	for i := range nodes {
		client := connect(t, addr)
		nodes[i] = start(t, c, func(cfg *budget.Config, d *budget.Deps) {
			d.Redis, d.Prefix, cfg.Sync = client, "test:", config.Duration(50*time.Millisecond)
			if change != nil {
				change(cfg, d)
			}
		})
	}
	return nodes
}

func level(b *budget.Budget, name string) string {
	r, _ := b.Report(name)
	return r.Level
}

// strange asks about n people nobody there knows.
func strange(b *budget.Budget, c *clock, caller *verify.Caller, n int, seed uint64) (answered int) {
	r := rand.New(rand.NewPCG(seed, seed))
	for range n {
		if ok, _ := put(b, c.add(time.Second), caller, verify.Subject{}, register{1}.answer(&question{q: guess(r, randomID(r))})); ok {
			answered++
		}
	}
	return answered
}

func TestNodesCountTogether(t *testing.T) {
	c := newClock()
	nodes := startNodes(t, c, cachetest.Redis(t).Addr, 3, nil)
	caller := clinicAt(7)
	for i, b := range nodes {
		strange(b, c, caller, 1, uint64(i+1)) // three in all: slow
	}
	strange(nodes[0], c, caller, 1, 9) // the fourth
	cachetest.Eventually(t, "the node with most questions to know of all four", func() bool { return level(nodes[0], caller.ID) == "refused" })
	// The others learn of it with the next person they are asked about.
	for i, b := range nodes[1:] {
		strange(b, c, caller, 1, uint64(20+i))
		cachetest.Eventually(t, "another node to refuse", func() bool { return level(b, caller.ID) == "refused" })
	}
}

func TestPeopleSeenOnTwoNodesCountOnce(t *testing.T) {
	c := newClock()
	nodes := startNodes(t, c, cachetest.Redis(t).Addr, 2, nil)
	caller := clinicAt(7)
	for _, b := range nodes {
		r := rand.New(rand.NewPCG(1, 1)) // the same patients
		for range 1000 {
			put(b, c.add(time.Second), caller, verify.Subject{}, known(r))
		}
	}
	for _, b := range nodes {
		cachetest.Eventually(t, "the node to count about a thousand people", func() bool {
			r, _ := b.Report(caller.ID)
			return b.Status().SyncedS >= 0 && r.Counts["people"] > 800 && r.Counts["people"] < 1200
		})
	}
}

// known is a question by somebody who has the patient before them.
func known(r *rand.Rand) *question {
	return &question{q: guess(r, randomID(r)), a: verify.Answer{Outcome: verify.OutcomeMatch, Fields: verify.Fields{Name: verify.FieldMatch, DOB: verify.FieldMatch}}}
}

func TestSuspensionsAndLiftsReachEveryNode(t *testing.T) {
	c := newClock()
	redis := cachetest.Redis(t)
	nodes := startNodes(t, c, redis.Addr, 2, func(cfg *budget.Config, _ *budget.Deps) { cfg.SuspendAfter = 5 })
	caller := clinicAt(7)
	strange(nodes[0], c, caller, 20, 1)
	if got := level(nodes[0], caller.ID); got != "suspended" {
		t.Fatalf("after going on for twenty questions: %s", got)
	}
	cachetest.Eventually(t, "the other node to suspend", func() bool { return level(nodes[1], caller.ID) == "suspended" })
	if n := strange(nodes[1], c, caller, 5, 2); n != 0 {
		t.Errorf("the other node answered %d questions", n)
	}
	if err := nodes[1].Lift(caller.ID, "operator"); err != nil {
		t.Fatal(err)
	}
	cachetest.Eventually(t, "the first node to lift", func() bool { return level(nodes[0], caller.ID) == "open" })
	if n := strange(nodes[0], c, caller, 2, 3); n != 2 {
		t.Errorf("%d of two questions answered after the lift", n)
	}
}

// TestARedisThatLostEverythingIsToldAgain: counts and suspensions are absolute, so nothing needs to be repaired.
func TestARedisThatLostEverythingIsToldAgain(t *testing.T) {
	c := newClock()
	server := cachetest.Redis(t)
	nodes := startNodes(t, c, server.Addr, 1, func(cfg *budget.Config, _ *budget.Deps) { cfg.SuspendAfter = 5 })
	caller := clinicAt(7)
	strange(nodes[0], c, caller, 20, 1)
	client := connect(t, server.Addr)
	held := func() bool {
		text, err := client.HGet(t.Context(), "test:budget:holds", "caller:"+caller.ID).Result()
		var h struct{ Suspended bool }
		return err == nil && json.Unmarshal([]byte(text), &h) == nil && h.Suspended
	}
	cachetest.Eventually(t, "the suspension to be in Redis", held)
	if err := client.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	cachetest.Eventually(t, "the suspension to be in Redis again", held)
}

// TestGarbageInRedisIsNotBelieved: another node's fields that cannot be read are removed, and count for nothing.
func TestGarbageInRedisIsNotBelieved(t *testing.T) {
	c := newClock()
	server := cachetest.Redis(t)
	client := connect(t, server.Addr)
	caller := clinicAt(7)
	for field, value := range map[string]string{"short": "x", "long": string(make([]byte, 400)), "of another form": "\x02" + string(make([]byte, 344))} {
		if err := client.HSet(t.Context(), "test:budget:{caller:"+caller.ID+"}", field, value).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for _, h := range []string{"{", `{"account":"caller:x","version":0,"suspended":true}`, `{"account":"caller:other","version":9,"suspended":true}`} {
		if err := client.HSet(t.Context(), "test:budget:holds", "caller:"+caller.ID, h).Err(); err != nil {
			t.Fatal(err)
		}
	}
	b := startNodes(t, c, server.Addr, 1, nil)[0]
	strange(b, c, caller, 1, 1)
	cachetest.Eventually(t, "the garbage to be gone", func() bool {
		n, err := client.HLen(t.Context(), "test:budget:{caller:"+caller.ID+"}").Result()
		return err == nil && n == 1
	})
	if got := level(b, caller.ID); got != "open" {
		t.Errorf("garbage made the account %s", got)
	}
}

// TestARestartedNodeFindsItsCounts: a run that ended is another node to the next.
func TestARestartedNodeFindsItsCounts(t *testing.T) {
	c := newClock()
	server := cachetest.Redis(t)
	caller := clinicAt(7)
	first := startNodes(t, c, server.Addr, 1, nil)[0]
	strange(first, c, caller, 3, 1)
	client := connect(t, server.Addr)
	cachetest.Eventually(t, "the counts to be in Redis", func() bool {
		n, err := client.HLen(t.Context(), "test:budget:{caller:"+caller.ID+"}").Result()
		return err == nil && n == 1
	})
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := startNodes(t, c, server.Addr, 1, nil)[0]
	strange(second, c, caller, 1, 2)
	cachetest.Eventually(t, "the run before to count", func() bool { return level(second, caller.ID) == "refused" })
}

func TestRedisIsKilled(t *testing.T) {
	t.Run("harvesters", func(t *testing.T) {
		for _, h := range harvesters {
			t.Run(h.name, func(t *testing.T) {
				c := newClock()
				server := cachetest.Redis(t)
				b := startNodes(t, c, server.Addr, 1, nil)[0]
				strange(b, c, clinicAt(1), 1, 1)
				server.Kill()
				people, _, stopped := h.harvest(t, c, b)
				if people > mostLearned || !stopped {
					t.Errorf("learned of %d people, at most %d wanted; stopped: %v", people, mostLearned, stopped)
				}
			})
		}
	})
	// Without Redis two nodes count apart: the bound is stated to double, not to vanish.
	t.Run("harvester on two nodes", func(t *testing.T) {
		c := newClock()
		server := cachetest.Redis(t)
		nodes := startNodes(t, c, server.Addr, 2, nil)
		server.Kill()
		h := harvesters[1]
		people, _, stopped := h.harvest(t, c, nodes...)
		if !stopped || people > 2*5 {
			t.Errorf("learned of %d people on two nodes that do not know of each other; stopped: %v", people, stopped)
		}
	})
	t.Run("morning", func(t *testing.T) {
		c := newClock()
		server := cachetest.Redis(t)
		nodes := startNodes(t, c, server.Addr, 2, nil)
		m := newMorning(*morningShare/4, 3)
		m.replay(c, func(minute int) {
			if minute == 90 {
				server.Kill()
			}
		}, nodes...)
		m.hold(t)
	})
}
