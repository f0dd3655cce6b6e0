package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/verigate/verigate/bench/keep"
	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/internal/proc"
)

// today is the nation's date.
const today = "2026-06-15"

// tooLate ends a wait: the promise is a second.
const tooLate = 30 * time.Second

// town is the processes and what the feed has said so far.
type town struct {
	*proc.Fleet
	key  string
	http *http.Client

	mu   sync.Mutex
	told map[string]chan time.Time // by ID number: when the feed said that something had changed
}

// claims are a person's own, and the outcome they must get.
type claims struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	DOB     string `json:"dob"`
	Outcome string `json:"outcome,omitempty"`
}

func run(o *options) error {
	dir, err := os.MkdirTemp("", "verigate-freshness-")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	defer os.RemoveAll(dir)
	seeded, err := clients.Seed(dir)
	if err != nil {
		return err
	}
	f, err := proc.StartFleet(proc.FleetConfig{Program: o.verigate, Dir: dir, Nodes: 3, People: o.people, Today: today,
		Clients: string(seeded.File), ClientsKey: string(seeded.Key), Cache: "  filter: {path: \"FILTER\"}\n"})
	if err != nil {
		return err
	}
	defer f.Kill()
	t := &town{Fleet: f, key: seeded.ClinicKey, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}, told: make(map[string]chan time.Time)}
	go t.listen()
	for _, n := range f.Nodes {
		if err := t.awaitFilter(n); err != nil {
			return err
		}
	}
	r := newResult(o)
	for _, step := range []func(*options, *result) error{t.births, t.ends} {
		if err := step(o, r); err != nil {
			return err
		}
	}
	fmt.Print(r.table())
	if err := keep.Figures(o.results, "freshness", o.commit, r); err != nil || o.page == "" {
		return err
	}
	return keep.Table(o.page, "freshness", r.table())
}

// listen follows the registry's feed, as a gateway does, and notes when each change arrives.
func (t *town) listen() {
	for after := ""; ; {
		resp, err := t.http.Get(t.Registry.URL + "/changes?wait=30s&after=" + after)
		if err != nil {
			return
		}
		lines := bufio.NewScanner(resp.Body)
		for lines.Scan() {
			now := time.Now()
			var l struct {
				Token string
				Keys  []struct{ Kind, Value string }
			}
			if json.Unmarshal(lines.Bytes(), &l) != nil {
				break
			}
			after = l.Token
			for _, k := range l.Keys {
				if k.Kind == "id" {
					t.hear(k.Value, now)
				}
			}
		}
		_ = resp.Body.Close()
	}
}

func (t *town) hear(id string, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c := t.told[id]; c != nil {
		delete(t.told, id)
		c <- at
	}
}

// expect returns where the arrival of the next change to a person will be told.
func (t *town) expect(id string) <-chan time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := make(chan time.Time, 1)
	t.told[id] = c
	return c
}

func (t *town) post(url string, body, into any) (int, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(text))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+t.key)
	resp, err := t.http.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	reply, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, json.Unmarshal(reply, into)
}

// lab lets something happen at the registry.
func (t *town) lab(body map[string]any, into any) error {
	status, err := t.post(t.Registry.URL+"/lab/people", body, into)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("the lab answered status %d to %v", status, body["op"])
	}
	return err
}

func (t *town) ask(n *proc.Service, c claims) (string, error) {
	var a struct{ Outcome, Code string }
	c.Outcome = ""
	_, err := t.post(n.URL+"/v1/lookup", c, &a)
	return a.Outcome + a.Code, err
}

// awaitFilter waits until a node's filter may say no.
func (t *town) awaitFilter(n *proc.Service) error {
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		resp, err := t.http.Get(n.Admin + "/status")
		if err != nil {
			return err
		}
		text, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err == nil && strings.Contains(strings.ReplaceAll(string(text), " ", ""), `"answering":true`) {
			return nil
		}
	}
	return fmt.Errorf("the filter of %s does not answer", n.Admin)
}

// until asks every gateway until it says what is true, and returns when each first did. wrong counts the answers before
// that.
func (t *town) until(c claims) (when []time.Time, wrong int, err error) {
	var all sync.WaitGroup
	var mu sync.Mutex
	for _, n := range t.Nodes {
		all.Go(func() {
			for began := time.Now(); ; time.Sleep(2 * time.Millisecond) {
				outcome, failed := t.ask(n, c)
				mu.Lock()
				switch {
				case failed != nil:
					err = failed
				case outcome == c.Outcome:
					when = append(when, time.Now())
				case time.Since(began) > tooLate:
					err = fmt.Errorf("a gateway still says %s instead of %s after %s", outcome, c.Outcome, tooLate)
				default:
					wrong++
					mu.Unlock()
					continue
				}
				mu.Unlock()
				return
			}
		})
	}
	all.Wait()
	return when, wrong, err
}

// births lets people be born one by one, and asks about each at once.
func (t *town) births(o *options, r *result) error {
	for range o.rounds {
		var born struct{ People []claims }
		if err := t.lab(map[string]any{"op": "birth", "count": 1}, &born); err != nil {
			return err
		}
		visible := time.Now()
		when, wrong, err := t.until(born.People[0])
		if err != nil {
			return err
		}
		r.Births.add(visible, when, wrong)
		r.people = append(r.people, born.People[0])
	}
	return nil
}

// ends recalls the cards of half of those born, and lets the others die, each after every gateway was asked about them.
func (t *town) ends(_ *options, r *result) error {
	for i, c := range r.people {
		op, into := "recall", &r.Recalls
		if i%2 == 1 {
			op, into = "death", &r.Deaths
		}
		if _, _, err := t.until(c); err != nil { // it is in every memory now
			return err
		}
		delivered := t.expect(c.ID)
		var after claims
		if err := t.lab(map[string]any{"op": op, "id": c.ID}, &after); err != nil {
			return err
		}
		when, wrong, err := t.until(after)
		if err != nil {
			return err
		}
		into.add(<-delivered, when, wrong)
	}
	return nil
}
