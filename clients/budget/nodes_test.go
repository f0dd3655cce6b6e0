package budget_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/verigate/verigate/cache/cachetest"
	"github.com/verigate/verigate/clients/budget"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

// spread are harvesters with twenty stolen credentials behind a balancer that takes three nodes in turn.
var spread = []struct {
	harvester
	round           time.Duration // between two exchanges; nodes hurry when somebody meets strangers
	together, apart int           // people learned of at most, with Redis and without
}{
	{harvester{name: "in order", density: 0.08, callers: 20, every: 60 * time.Millisecond, ask: inOrder}, time.Second, mostLearned, 3 * mostLearned},
	{harvester{name: "one bucket", density: 0.08, callers: 20, every: time.Second, ask: inBucket}, time.Second, mostLearned, 3 * mostLearned},
	{harvester{name: "all the country", density: 0.08, callers: 20, every: time.Second, ask: anywhere}, time.Second, mostLearned, 3 * mostLearned},
	{harvester{name: "all the country, dense, a question a second", density: 1, callers: 20, every: time.Second, ask: anywhere}, time.Second, mostLearned, 3 * mostLearned},
	{harvester{name: "all the country, dense, twenty a second", density: 1, callers: 20, every: 50 * time.Millisecond, ask: anywhere}, time.Second, mostLearned, 3 * mostLearned},
	{harvester{name: "all the country, dense, four hundred a second", density: 1, callers: 20, every: 2500 * time.Microsecond, ask: anywhere}, 50 * time.Millisecond, mostLearned, 3 * mostLearned},
}

func inOrder(r *rand.Rand, i int) verify.Query {
	return guess(r, key(identity.KindID, "079080%06d", i))
}

func inBucket(r *rand.Rand, _ int) verify.Query {
	return fromNumber(r, key(identity.KindID, "079190%06d", r.IntN(1_000_000)), 1990)
}

func anywhere(r *rand.Rand, _ int) verify.Query { return guess(r, randomID(r)) }

// TestTwentyCredentialsOverThreeNodes holds the figures of the page on harvesting: rounds with Redis are simulated too.
func TestTwentyCredentialsOverThreeNodes(t *testing.T) {
	for _, h := range spread {
		for _, with := range []bool{true, false} {
			name, most := h.name+", without Redis", h.apart
			if with {
				name, most = h.name+", with Redis", h.together
			}
			t.Run(name, func(t *testing.T) {
				c := newClock()
				var nodes []*budget.Budget
				hour := func(cfg *budget.Config, _ *budget.Deps) { cfg.Sync = config.Duration(time.Hour) }
				if with {
					nodes = startNodes(t, c, cachetest.Redis(t).Addr, 3, hour)
				} else {
					nodes = []*budget.Budget{start(t, c, hour), start(t, c, hour), start(t, c, hour)}
				}
				people, stopped := h.roundRobin(t, c, h.round, with, nodes)
				t.Logf("%d people learned of", people)
				if people > most || stopped == 0 {
					t.Errorf("learned of %d people, at most %d wanted; stopped: %d", people, most, stopped)
				}
			})
		}
	}
}

// roundRobin lets a harvester work for up to a day through nodes in turn, until each credential was refused twenty times.
func (h *harvester) roundRobin(t *testing.T, c *clock, every time.Duration, with bool, nodes []*budget.Budget) (people, refused int) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	met := map[identity.Key]bool{}
	round := c.read().Mono
	for i := 0; time.Duration(i)*h.every < 24*time.Hour && refused < 20*h.callers; i++ {
		now := c.add(h.every)
		if with && now.Mono-round >= int64(every) {
			round = now.Mono
			for _, b := range nodes {
				if err := b.Exchange(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		x := register{h.density}.answer(&question{q: h.ask(r, i)})
		ok, v := put(nodes[i%len(nodes)], now, clinicAt(100+i%h.callers), verify.Subject{}, x)
		switch {
		case ok && learned(x.a.Outcome):
			met[x.q.Key] = true
		case v.Refusal == verify.RefusalHarvest:
			refused++
		}
	}
	return len(met), refused
}

// TestStrangersAreToldAtOnce: nobody waits for the next round, which is an hour away here.
func TestStrangersAreToldAtOnce(t *testing.T) {
	c := newClock()
	nodes := startNodes(t, c, cachetest.Redis(t).Addr, 2, func(cfg *budget.Config, _ *budget.Deps) { cfg.Sync = config.Duration(time.Hour) })
	caller := clinicAt(7)
	strange(nodes[0], c, caller, 2, 1)
	strange(nodes[1], c, caller, 2, 2)
	cachetest.Eventually(t, "a node to know of all four", func() bool {
		return level(nodes[0], caller.ID) == "refused" || level(nodes[1], caller.ID) == "refused"
	})
}
