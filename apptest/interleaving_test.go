package apptest_test

import (
	"encoding/json"
	"flag"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/verigate/verigate/cache"
	"github.com/verigate/verigate/internal/proc"
)

var fleetSteps = flag.Int64("fleet.steps", 2500, "steps of the test with three gateways, all faults at least once")

// TestThreeGateways lets births, changes and questions to three gateways happen at once, while nodes, Redis, registry
// and feed break in every way, and holds every answer to the bound printed on it: nobody whom the registry had made
// visible is denied, nothing is older than it says, and in the end nobody is left with the past.
func TestThreeGateways(t *testing.T) {
	f := startFleet(t, shortBounds)
	f.births(200)
	var asking, rest sync.WaitGroup
	over := make(chan struct{})
	for range 4 {
		asking.Go(func() { f.untilOver(over, f.question) })
	}
	rest.Go(func() { f.untilOver(over, f.event) })
	f.misfortunes()
	close(over)
	asking.Wait()
	rest.Wait()
	f.converge()
	f.check()
	t.Logf("%d steps: %v", f.steps.Load(), f.counts)
	if n := f.failed.Load(); n > 0 {
		t.Errorf("%d faults", n)
	}
	for _, what := range []string{"filter", "local", "shared", "registry", "unavailable", "changed: recall", "changed: death", "changed: correct"} {
		if f.counts[what] == 0 {
			t.Errorf("it never came to %q", what)
		}
	}
}

func (f *fleet) untilOver(over <-chan struct{}, step func()) {
	for {
		select {
		case <-over:
			return
		default:
			step()
			f.steps.Add(1)
		}
	}
}

// event is a change in somebody's life.
func (f *fleet) event() {
	time.Sleep(time.Duration(rand.IntN(40)) * time.Millisecond)
	ops := []string{"birth", "recall", "recall", "renew", "issue", "issue", "correct", "correct", "correct", "death"}
	if op := ops[rand.IntN(len(ops))]; op == "birth" {
		f.births(1 + rand.IntN(3))
	} else {
		f.changed(f.anybody(), op)
	}
}

// question asks one of the nodes about somebody, or about a number nobody has.
func (f *fleet) question() {
	node := f.Nodes[rand.IntN(len(f.Nodes))]
	p := f.anybody()
	claim, born, visible, change := p.now()
	if rand.IntN(8) == 0 {
		f.nobody(node, claim)
		return
	}
	if rand.IntN(3) == 0 {
		claim.ID = "" // by the code
	}
	sent := time.Now()
	a, err := f.ask(node, claim)
	if err != nil {
		f.count("down")
		time.Sleep(5 * time.Millisecond)
		return
	}
	if a.status == http.StatusServiceUnavailable {
		f.count("unavailable")
		return
	}
	if a.status != http.StatusOK || a.MaxAge == nil {
		f.fail("status %d %s", a.status, a.Code)
		return
	}
	f.count(a.Source)
	oldest := sent.Add(-time.Duration(*a.MaxAge) * time.Second) // what is answered was true at some time since
	if a.Outcome == "not_found" {
		asOf, err := time.Parse(time.RFC3339, a.AsOf) // whole seconds, cut off
		if err != nil || asOf.Add(f.ahead).After(born) || born.Before(oldest) || a.Source == "registry" {
			f.fail("somebody born %s before is denied from %s as of %s, bound %d s", sent.Sub(born), a.Source, a.AsOf, *a.MaxAge)
		}
		return
	}
	if _, _, _, then := p.now(); then != change {
		f.count("changed meanwhile")
		return
	}
	if a.Outcome != claim.Outcome {
		f.count("older")
		if visible.Before(oldest) {
			f.fail("%s instead of %s from %s, %s after the change, bound %d s", a.Outcome, claim.Outcome, a.Source, sent.Sub(visible), *a.MaxAge)
		}
	}
}

// nobody asks about a number that nobody has: six zeros at the end are never given out.
func (f *fleet) nobody(node *proc.Service, claim sample) {
	claim = sample{ID: claim.ID[:6] + "000000", Name: claim.Name, DOB: claim.DOB}
	a, err := f.ask(node, claim)
	if err != nil {
		f.count("down")
		return
	}
	if a.status == http.StatusServiceUnavailable {
		f.count("unavailable")
		return
	}
	f.count(a.Source)
	if a.Outcome != "not_found" {
		f.fail("a number that nobody has is %q, status %d %s", a.Outcome, a.status, a.Code)
	}
}

// misfortunes goes through everything that may break, in random order, again and again until there were enough steps.
func (f *fleet) misfortunes() {
	list := []struct {
		name string
		do   func()
	}{
		{"feed paused", func() { f.during(f.fault("feed", "pause", "run"), 6) }}, // longer than anybody may trust it
		{"feed reordered", func() { f.during(f.fault("feed", "reorder", "run"), 1) }},
		{"feed repeated", func() { f.during(f.fault("feed", "duplicate", "run"), 1) }},
		{"registry fails", func() { f.during(f.fault("error_rate", 0.5, 0), 1) }},
		{"registry resets", func() { f.during(f.fault("reset_rate", 0.5, 0), 1) }},
		{"registry cut off", f.stopRegistry},
		{"registry killed", f.killRegistry},
		{"Redis stands still", func() { f.during(f.signals(f.Redis.Process), 2) }},
		{"Redis killed", f.killRedis},
		{"node stands still", func() { f.during(f.signals(f.someNode().Process), 3) }},
		{"node killed", f.killNode},
		{"absence", f.absence},
	}
	for first := true; (first || f.steps.Load() < *fleetSteps) && f.failed.Load() == 0; first = false {
		rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		for _, m := range list {
			m.do()
			f.count(m.name)
			time.Sleep(time.Duration(rand.IntN(600)) * time.Millisecond)
		}
	}
}

func (f *fleet) someNode() *proc.Service { return f.Nodes[rand.IntN(len(f.Nodes))] }

// during lets something be broken for up to so many seconds.
func (f *fleet) during(broken func(on bool), seconds int) {
	broken(true)
	time.Sleep(time.Second/2 + time.Duration(rand.IntN(seconds*1000))*time.Millisecond)
	broken(false)
}

func (f *fleet) fault(name string, bad, good any) func(bool) {
	return func(on bool) {
		f.registry.RLock()
		defer f.registry.RUnlock()
		if on {
			f.faults(map[string]any{name: bad})
		} else {
			f.faults(map[string]any{name: good})
		}
	}
}

// signals freezes a process and lets it go on.
func (f *fleet) signals(p *proc.Process) func(bool) {
	return func(on bool) {
		sig := thaw
		if on {
			sig = freeze
		}
		if err := p.Signal(sig); err != nil {
			f.fail("sending %s: %v", sig, err)
		}
	}
}

func (f *fleet) stopRegistry() {
	f.registry.Lock() // nobody's life changes without an answer
	defer f.registry.Unlock()
	f.during(f.signals(f.Registry.Process), 3)
}

func (f *fleet) killRegistry() {
	f.registry.Lock()
	defer f.registry.Unlock()
	f.Registry.Kill()
	time.Sleep(time.Duration(rand.IntN(1500)) * time.Millisecond)
	if err := f.Registry.Start(time.Minute); err != nil {
		f.fail("starting the registry again: %v", err)
	}
}

func (f *fleet) killRedis() {
	f.Redis.Kill()
	time.Sleep(time.Duration(rand.IntN(1500)) * time.Millisecond)
	if err := f.RestartRedis(f.dir); err != nil {
		f.fail("starting Redis again: %v", err)
	}
}

func (f *fleet) killNode() {
	n := f.someNode()
	n.Kill()
	time.Sleep(time.Duration(rand.IntN(1000)) * time.Millisecond)
	if err := n.Start(time.Minute); err != nil {
		f.fail("starting a node again: %v", err)
	}
}

// absence is the worst time to come back: a node stands still, the feed is paused, people are born, and the node finds
// a watermark that it has not seen yet and that has stood still since.
func (f *fleet) absence() {
	n := f.someNode()
	pause, freeze := f.fault("feed", "pause", "run"), f.signals(n.Process)
	freeze(true)
	time.Sleep(300 * time.Millisecond)
	pause(true)
	born := f.births(5)
	time.Sleep(3 * time.Second)
	freeze(false)
	for _, p := range append(born, born...) {
		claim, _, _, _ := p.now()
		if a, err := f.ask(n, claim); err == nil && a.Outcome == "not_found" {
			f.fail("a node that was away denies somebody born meanwhile, from %s as of %s", a.Source, a.AsOf)
		}
	}
	pause(false)
}

// converge waits until every node says of everybody what is true.
func (f *fleet) converge() {
	f.registry.RLock()
	f.faults(map[string]any{"feed": "run", "error_rate": 0, "reset_rate": 0})
	f.registry.RUnlock()
	end := time.Now().Add(90 * time.Second)
	for _, n := range f.Nodes {
		for _, p := range f.people {
			claim, _, _, _ := p.now()
			for {
				a, err := f.ask(n, claim)
				if err == nil && a.Outcome == claim.Outcome {
					break
				}
				if time.Now().After(end) {
					f.fail("after everything was healed a node says %s %s from %s, not %s; %v", a.Outcome, a.Code, a.Source, claim.Outcome, err)
					break
				}
				time.Sleep(100 * time.Millisecond)
			}
		}
	}
}

// check has every node compare its memory with the registry: nothing may be there that must not be.
func (f *fleet) check() {
	file := filepath.Join(f.dir, "everybody.ndjson")
	var lines []byte
	for _, p := range f.people {
		line, _ := json.Marshal(map[string]string{"id": p.claim.ID, "code": p.claim.Code, "card": p.claim.Card})
		lines = append(append(lines, line...), '\n')
	}
	key := filepath.Join(f.dir, "operator.key")
	if err := os.WriteFile(file, lines, 0o600); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(key, []byte(f.seeded.OperatorKey), 0o600); err != nil {
		f.t.Fatal(err)
	}
	for _, n := range f.Nodes {
		code, out := runToEnd(f.t, "cache", "check", "--admin", n.Admin, "--key-file", key, "--sample", "0", "--file", file, "--format", "json")
		var found cache.Findings
		if err := json.Unmarshal([]byte(out), &found); code != 0 || err != nil || found.Local.Held == 0 {
			f.fail("checking a node's memory: exit code %d, %v:\n%s", code, err, out)
		}
	}
}
