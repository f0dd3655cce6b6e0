package apptest_test

import (
	"flag"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/verigate/verigate/internal/proc"
)

var birthCount = flag.Int("births", 600, "people born while the feed is paused")

// TestBirthsAndEndsReachEveryGateway: with the feed running every gateway soon says what is true, long before any bound
// of its memory; and nobody who is born while the feed is paused for longer than the filter may be trusted is denied,
// neither then nor after the feed goes on. Catching up asks nothing of the registry but its changes.
func TestBirthsAndEndsReachEveryGateway(t *testing.T) {
	f := startFleet(t, "  filter: {path: \"FILTER\"}\n")
	f.awaitFilters(true)
	born := f.births(24)
	f.everywhere(born, "after birth")
	for i, p := range born {
		f.changed(p, []string{"recall", "death", "issue", "correct"}[i%4])
	}
	f.everywhere(born, "after the change")

	// Born while a node was down, after the generation it has stored: its feed brings them before its first "no".
	n := f.Nodes[0]
	n.Kill()
	born = append(born, f.births(100)...)
	if err := n.Start(time.Minute); err != nil {
		t.Fatal(err)
	}
	for answered := false; !answered; {
		answered = f.answering(n)
		f.nobodyIsDenied(born, "after a restart", n)
	}

	f.fault("feed", "pause", "run")(true)
	f.awaitFilters(false)
	born = f.births(*birthCount)
	f.nobodyIsDenied(born, "while the feed is paused")
	calls := f.upstreamCalls()
	f.fault("feed", "pause", "run")(false)
	f.awaitFilters(true)
	if n := f.upstreamCalls() - calls; n > 0 {
		t.Errorf("catching up made %v calls for records", n)
	}
	f.nobodyIsDenied(born, "after the feed went on")
	f.everywhere(born[:20], "after the feed went on")
}

// awaitFilters waits until every node's filter answers, or none does.
func (f *fleet) awaitFilters(answering bool) {
	f.t.Helper()
	end := time.Now().Add(60 * time.Second)
	for _, n := range f.Nodes {
		for f.answering(n) != answering {
			if time.Now().After(end) {
				f.t.Fatalf("a filter's answering is still %v", !answering)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
}

// answering tells whether a node's filter may say no.
func (f *fleet) answering(n *proc.Service) bool {
	var s struct{ Filter struct{ Answering bool } }
	status, err := f.call(http.MethodGet, n.Admin+"/status", "", nil, &s)
	return err == nil && status == http.StatusOK && s.Filter.Answering
}

// everywhere waits until every node says what is true.
func (f *fleet) everywhere(people []*life, when string) {
	f.t.Helper()
	end := time.Now().Add(30 * time.Second) // far below the shortest bound of a live feed's memory
	for _, n := range f.Nodes {
		for _, p := range people {
			claim, _, _, _ := p.now()
			for {
				a, err := f.ask(n, claim)
				if err == nil && a.Outcome == claim.Outcome {
					break
				}
				if time.Now().After(end) {
					f.t.Fatalf("%s a node says %s %s from %s, not %s; %v", when, a.Outcome, a.Code, a.Source, claim.Outcome, err)
				}
				time.Sleep(10 * time.Millisecond)
			}
		}
	}
}

// nobodyIsDenied asks about everybody, in turns at the given nodes, without any at all.
func (f *fleet) nobodyIsDenied(people []*life, when string, nodes ...*proc.Service) {
	f.t.Helper()
	if len(nodes) == 0 {
		nodes = f.Nodes
	}
	var asking sync.WaitGroup
	for worker := range askers {
		asking.Go(func() {
			for i := worker; i < len(people); i += askers {
				claim, _, _, _ := people[i].now()
				if a, err := f.ask(nodes[i%len(nodes)], claim); err != nil || a.Outcome == "not_found" {
					f.fail("%s somebody gets %s from %s as of %s, %v", when, a.Outcome, a.Source, a.AsOf, err)
				}
			}
		})
	}
	asking.Wait()
	if n := f.failed.Load(); n > 0 {
		f.t.Fatalf("%d of %d", n, len(people))
	}
}

// upstreamCalls is how often all nodes have asked the registry for records.
func (f *fleet) upstreamCalls() (calls float64) {
	for _, n := range f.Nodes {
		g := &gateway{Demo: &proc.Demo{}, http: f.http}
		g.Admin = n.Admin
		calls += g.scrape(f.t).sum("verigate_upstream_calls_total")
	}
	return calls
}
