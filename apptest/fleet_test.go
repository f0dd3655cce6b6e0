package apptest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/internal/proc"
)

// fleet is three gateways as processes of their own, with a Redis, in front of one registry, and everything that was
// ever true of the people whose lives the test leads.
type fleet struct {
	*proc.Fleet
	t      *testing.T
	dir    string
	seeded *clients.Seeded
	http   *http.Client
	ahead  time.Duration // how far our clock is ahead of the registry's, whose date is fixed

	registry sync.RWMutex // held by whoever changes people; whoever stops the registry holds it alone
	mu       sync.Mutex
	people   []*life
	counts   map[string]int
	steps    atomic.Int64
	failed   atomic.Int64
}

// life is one person: what is true of them, and since when everybody must know.
type life struct {
	mu      sync.Mutex
	claim   sample
	born    time.Time // when the registry had answered that they are there
	visible time.Time // the same of the newest change
	change  int       // goes up before a change is asked for and after it was done
}

// shortBounds make every bound of the freshness table short enough for a test to run into it.
const shortBounds = `
  rules:
    live: {present: 12s, absent: 4s, elsewhere: 12s}
    lagging: {present: 4s, absent: 2s, elsewhere: 4s}
    lost: {present: 2s, absent: 1s, elsewhere: 2s}
    stale: 20s
    check_every: 50
  feed: {lag_after: 2s, pause_after: 4s}
  filter: {path: "FILTER", max_watermark_age: 2s, check_every: 50, look: 1s}
`

func startFleet(t *testing.T, cache string) *fleet {
	t.Helper()
	f := &fleet{t: t, dir: t.TempDir(), counts: make(map[string]int),
		http: &http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 32}}}
	var err error
	if f.seeded, err = clients.Seed(f.dir); err != nil {
		t.Fatal(err)
	}
	f.Fleet, err = proc.StartFleet(proc.FleetConfig{Program: program, Dir: f.dir, Nodes: 3, People: 20_000, Today: today,
		Clients: string(f.seeded.File), ClientsKey: string(f.seeded.Key), Cache: cache})
	if err != nil {
		t.Fatal(err)
	}
	f.readClock()
	t.Cleanup(func() {
		f.http.CloseIdleConnections()
		if err := f.Stop(30 * time.Second); err != nil {
			t.Error(err)
		}
	})
	return f
}

// readClock learns from a heartbeat what time it is at the registry.
func (f *fleet) readClock() {
	f.t.Helper()
	var beat struct{ Watermark struct{ At time.Time } }
	if _, err := f.call(http.MethodGet, f.Registry.URL+"/changes?wait=0s", "", nil, &beat); err != nil || beat.Watermark.At.IsZero() {
		f.t.Fatalf("reading the registry's clock: %+v, %v", beat, err)
	}
	f.ahead = time.Since(beat.Watermark.At)
}

func (f *fleet) count(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.counts[what]++
}

// fail reports a fault; after the first few they are only counted.
func (f *fleet) fail(format string, args ...any) {
	if f.failed.Add(1) <= 10 {
		f.t.Errorf(format, args...)
	}
}

// call sends JSON and reads JSON.
func (f *fleet) call(method, url, key string, body, into any) (status int, err error) {
	var text []byte
	if body != nil {
		if text, err = json.Marshal(body); err != nil {
			return 0, err
		}
	}
	req, err := http.NewRequestWithContext(f.t.Context(), method, url, bytes.NewReader(text))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	resp, err := f.http.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	reply, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	if err != nil {
		return resp.StatusCode, err
	}
	if err := json.Unmarshal(reply, into); err != nil {
		return resp.StatusCode, fmt.Errorf("status %d, reading %q: %w", resp.StatusCode, reply, err)
	}
	return resp.StatusCode, nil
}

// faults switches the registry's faults.
func (f *fleet) faults(change map[string]any) {
	var now map[string]any
	if status, err := f.call(http.MethodPost, f.Registry.URL+"/lab/faults", "", change, &now); err != nil || status != http.StatusOK {
		f.fail("switching faults: status %d, %v", status, err)
	}
}

// births lets people be born.
func (f *fleet) births(n int) (born []*life) {
	f.registry.RLock()
	defer f.registry.RUnlock()
	var reply struct{ People []sample }
	status, err := f.call(http.MethodPost, f.Registry.URL+"/lab/people", "", map[string]any{"op": "birth", "count": n}, &reply)
	if err != nil || status != http.StatusOK || len(reply.People) != n {
		f.fail("%d births: status %d, %v, %d came", n, status, err, len(reply.People))
		return nil
	}
	now := time.Now()
	for _, s := range reply.People {
		born = append(born, &life{claim: s, born: now, visible: now})
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.people = append(f.people, born...)
	return born
}

// anybody draws a person: half of the time one of those who are asked about most, else one of the newest, or anybody.
func (f *fleet) anybody() *life {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := len(f.people)
	switch rand.IntN(4) {
	case 0, 1:
		return f.people[rand.IntN(min(20, n))]
	case 2:
		return f.people[n-1-rand.IntN(min(10, n))]
	}
	return f.people[rand.IntN(n)]
}

// changed lets something happen to a person, if it makes sense for them.
func (f *fleet) changed(p *life, op string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f.registry.RLock()
	defer f.registry.RUnlock()
	body := map[string]any{"op": op, "id": p.claim.ID}
	if op == "correct" {
		body["name"] = p.claim.Name + " A"
		if len(p.claim.Name) > 60 {
			body["name"] = "Nguyễn Văn Mẫu"
		}
	}
	p.change++
	var after sample
	status, err := f.call(http.MethodPost, f.Registry.URL+"/lab/people", "", body, &after)
	p.change++
	switch {
	case err != nil:
		f.fail("%s: %v", op, err)
	case status == http.StatusOK:
		p.claim, p.visible = after, time.Now()
		f.count("changed: " + op)
	case status != http.StatusConflict:
		f.fail("%s: status %d", op, status)
	}
}

// now is what is true of a person, and a number that changes when that does.
func (p *life) now() (claim sample, born, visible time.Time, change int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.claim, p.born, p.visible, p.change
}

var errDown = errors.New("the node does not answer")

// ask puts a person's own claims to a node.
func (f *fleet) ask(node *proc.Service, claim sample) (nativeAnswer, error) {
	var a nativeAnswer
	status, err := f.call(http.MethodPost, node.URL+"/v1/lookup", f.seeded.ClinicKey, json.RawMessage(claim.native()), &a)
	if err != nil {
		return a, errors.Join(errDown, err)
	}
	a.status = status
	return a, nil
}
