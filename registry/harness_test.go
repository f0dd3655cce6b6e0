package registry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/registry"
	"github.com/verigate/verigate/registry/nation"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// fasthttp keeps one goroutine for the Date header for as long as the process lives,
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
		// and one a server that notices only after ten seconds that the server has stopped.
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"))
}

// today is the date of every nation in these tests.
var today = identity.Date{Year: 2026, Month: 11, Day: 21}

// running is a registry that serves on a port of its own, and a client's view of it.
type running struct {
	t      testing.TB
	reg    *registry.Registry
	url    string
	token  string
	client *http.Client
	stop   func()
}

// start runs a registry with the lab on until the test ends; edit may change its configuration.
func start(t testing.TB, edit func(*registry.Config)) *running {
	t.Helper()
	return startWith(t, registry.Deps{}, edit)
}

// startWith is start with collaborators.
func startWith(t testing.TB, deps registry.Deps, edit func(*registry.Config)) *running {
	t.Helper()
	c := registry.Config{People: 20_000, Seed: 1, Today: today, Lab: true, Heartbeat: 20 * time.Millisecond}
	if edit != nil {
		edit(&c)
	}
	r, err := registry.New(c, deps)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- r.Serve(ln) }()
	x := &running{t: t, reg: r, url: "http://" + ln.Addr().String(), token: c.Token,
		client: &http.Client{Transport: &http.Transport{}}}
	stopped := false
	x.stop = func() {
		if stopped {
			return
		}
		stopped = true
		x.client.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := r.Shutdown(ctx); err != nil {
			t.Errorf("shutting down: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("serving: %v", err)
		}
	}
	t.Cleanup(x.stop)
	return x
}

// request sends a request and returns the whole reply.
func (x *running) request(method, path, body string) (status int, reply []byte, err error) {
	req, err := http.NewRequestWithContext(context.Background(), method, x.url+path, bytes.NewBufferString(body))
	if err != nil {
		return 0, nil, err
	}
	if x.token != "" {
		req.Header.Set("Authorization", "Bearer "+x.token)
	}
	res, err := x.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	reply, err = io.ReadAll(res.Body)
	return res.StatusCode, reply, err
}

// must sends a request that must be answered with the given status.
func (x *running) must(status int, method, path, body string) []byte {
	x.t.Helper()
	got, reply, err := x.request(method, path, body)
	if err != nil {
		x.t.Fatalf("%s %s: %v", method, path, err)
	}
	if got != status {
		x.t.Fatalf("%s %s: status %d, want %d: %s", method, path, got, status, reply)
	}
	return reply
}

// refused sends a request that must be refused with the given status and code.
func (x *running) refused(status int, code, method, path, body string) {
	x.t.Helper()
	reply := x.must(status, method, path, body)
	var p struct {
		Status int
		Code   string
		Detail string
	}
	decode(x.t, reply, &p)
	if p.Code != code || p.Status != status || p.Detail == "" {
		x.t.Errorf("%s %s %s: refused with %s, want code %s", method, path, body, reply, code)
	}
}

func decode(t testing.TB, text []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("decoding %s: %v", text, err)
	}
}

type watermark struct {
	Version uint64    `json:"version"`
	At      time.Time `json:"at"`
}

type keyed struct {
	Kind  string `json:"kind"`
	Value string `json:"value"`
}

type cardReply struct {
	Number       string `json:"number"`
	ValidFrom    string `json:"valid_from"`
	ValidTo      string `json:"valid_to"`
	Status       string `json:"status"`
	StatusFrom   string `json:"status_from"`
	Facility     string `json:"facility"`
	FacilityName string `json:"facility_name"`
	Benefit      int    `json:"benefit"`
	Area         string `json:"area"`
	FiveYears    string `json:"five_years_from"`
}

type recordReply struct {
	ID      string      `json:"id"`
	Code    string      `json:"code"`
	Name    string      `json:"name"`
	DOB     string      `json:"dob"`
	Sex     string      `json:"sex"`
	Address string      `json:"address"`
	Office  string      `json:"office"`
	Died    string      `json:"died"`
	Cards   []cardReply `json:"cards"`
	Former  []struct {
		Kind  string `json:"kind"`
		Value string `json:"value"`
		Until string `json:"until"`
	} `json:"former"`
}

type answerReply struct {
	Status  string       `json:"status"`
	Holder  string       `json:"holder"`
	Version uint64       `json:"version"`
	AsOf    time.Time    `json:"as_of"`
	Record  *recordReply `json:"record"`
}

type recordsReply struct {
	Watermark watermark     `json:"watermark"`
	Answers   []answerReply `json:"answers"`
}

func keysBody(keys ...keyed) string {
	text, _ := json.Marshal(map[string]any{"keys": keys})
	return string(text)
}

// ask looks keys up and expects an answer for each.
func (x *running) ask(keys ...keyed) recordsReply {
	x.t.Helper()
	var r recordsReply
	decode(x.t, x.must(200, "POST", "/records", keysBody(keys...)), &r)
	if len(r.Answers) != len(keys) {
		x.t.Fatalf("%d answers to %d keys", len(r.Answers), len(keys))
	}
	return r
}

// people walks a nation like the one that is served until pick has what it wants.
func people(t testing.TB, count int, pick func(*nation.Person) bool) {
	t.Helper()
	n, err := nation.New(nation.Config{People: count, Seed: 1, Today: today})
	if err != nil {
		t.Fatal(err)
	}
	var p nation.Person
	for i := range count {
		n.Person(i, &p)
		if pick(&p) {
			return
		}
	}
	t.Fatal("nobody in the nation is like that")
}

// somebody returns the first person of the served nation with the given life who has an ID number.
func somebody(t testing.TB, life nation.Life) (found nation.Person) {
	t.Helper()
	people(t, 20_000, func(p *nation.Person) bool {
		if p.Life != life || p.ID == "" {
			return false
		}
		found = *p
		return true
	})
	return found
}
