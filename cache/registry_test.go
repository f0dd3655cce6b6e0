package cache_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/verigate/verigate/cache/cachetest"
	"github.com/verigate/verigate/cache/feed"
	"github.com/verigate/verigate/cache/prefilter"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/internal/clock"
	"github.com/verigate/verigate/registry"
	"github.com/verigate/verigate/registry/nation"
	"github.com/verigate/verigate/registry/sample"
	"github.com/verigate/verigate/verify"
)

// lab is the reference registry with its lab, over loopback HTTP.
type lab struct {
	t      *testing.T
	url    string
	client *http.Client
}

const labPeople = 20_000

func startLab(t *testing.T) *lab {
	t.Helper()
	r, err := registry.New(registry.Config{People: labPeople, Seed: 1, Lab: true, Heartbeat: 100 * time.Millisecond}, registry.Deps{})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- r.Serve(ln) }()
	x := &lab{t: t, url: "http://" + ln.Addr().String(), client: &http.Client{Transport: &http.Transport{}}}
	t.Cleanup(func() {
		x.client.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := errors.Join(r.Shutdown(ctx), <-served); err != nil {
			t.Error(err)
		}
	})
	return x
}

func (x *lab) post(path string, body any) []byte {
	x.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		x.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(x.t.Context(), http.MethodPost, x.url+path, bytes.NewReader(b))
	if err != nil {
		x.t.Fatal(err)
	}
	resp, err := x.client.Do(req)
	if err != nil {
		x.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		x.t.Fatalf("%s answered %s: %s", path, resp.Status, text)
	}
	return text
}

// births lets people be born and returns every identifier they have.
func (x *lab) births(n int) (keys []identity.Key) {
	x.t.Helper()
	var born struct{ People []sample.Claim }
	if err := json.Unmarshal(x.post("/lab/people", map[string]any{"op": "birth", "count": n, "province": "001"}), &born); err != nil {
		x.t.Fatal(err)
	}
	for _, p := range born.People {
		keys = append(keys, keysOf(&p)...)
	}
	if len(keys) < n {
		x.t.Fatalf("%d people were born with %d identifiers", n, len(keys))
	}
	return keys
}

func keysOf(c *sample.Claim) (keys []identity.Key) {
	for kind, value := range map[identity.Kind]string{identity.KindID: c.ID, identity.KindCode: c.Code, identity.KindCard: c.Card} {
		if k, ok := identity.NewKey(kind, value); ok {
			keys = append(keys, k)
		}
	}
	return keys
}

// follow gives a filter a generation and the feed of the lab.
func (x *lab) follow(bound time.Duration) *prefilter.Filter {
	x.t.Helper()
	var cfg prefilter.Config
	config.Defaults(&cfg)
	cfg.CheckEvery, cfg.MaxWatermarkAge = 0, config.Duration(bound)
	f := prefilter.New(cfg, prefilter.Deps{})
	g, err := prefilter.Build(x.t.Context(), &prefilter.HTTPSource{URL: x.url, Client: x.client}, prefilter.BuildConfig{}, nil)
	if err != nil {
		x.t.Fatal(err)
	}
	f.Swap(g)
	var fc feed.Config
	config.Defaults(&fc)
	tail := feed.New(fc, feed.Deps{Source: &feed.HTTPSource{URL: x.url, Client: x.client}, Filter: f, Hasher: verify.NewSubjectHasher(nil),
		Clock: clock.System, Log: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(x.t.Context())
	done := make(chan struct{})
	go func() { tail.Run(ctx); close(done) }()
	x.t.Cleanup(func() { cancel(); <-done })
	cachetest.Eventually(x.t, "the filter to say no", func() bool { return f.Status(clock.System()).Answering })
	return f
}

// denied counts the keys that the filter says were never issued.
func denied(f *prefilter.Filter, keys []identity.Key) (n int) {
	l := &verify.Lookup{Now: clock.System(), Keys: keys, Held: make([]verify.Held, len(keys))}
	f.Screen(l)
	for _, h := range l.Held {
		if h.State == verify.StateAbsent {
			n++
		}
	}
	return n
}

func TestBirthsWhileTheFeedRuns(t *testing.T) {
	x := startLab(t)
	f := x.follow(5 * time.Second)
	for range 20 {
		born := x.births(50)
		started := time.Now()
		cachetest.Eventually(t, "the births to arrive", func() bool { return denied(f, born) == 0 })
		if d := time.Since(started); d > 5*time.Second {
			t.Errorf("births were denied for %s, longer than the bound", d)
		}
	}
}

func TestBirthsWhileTheFeedIsPaused(t *testing.T) {
	const bound = time.Second
	x := startLab(t)
	f := x.follow(bound)
	x.post("/lab/faults", map[string]any{"feed": "pause"})
	early := x.births(1000)
	started := time.Now()
	cachetest.Eventually(t, "the filter to fall silent", func() bool { return !f.Status(clock.System()).Answering })
	if d := time.Since(started); d > bound+500*time.Millisecond {
		t.Errorf("it took %s, the bound is %s", d, bound)
	}
	for range 10 {
		born := append(x.births(100), early...)
		if n := denied(f, born); n != 0 {
			t.Fatalf("%d of %d identifiers are denied while the feed is paused", n, len(born))
		}
		early = born
	}
	x.post("/lab/faults", map[string]any{"feed": "run"})
	cachetest.Eventually(t, "the filter to say no again", func() bool { return f.Status(clock.System()).Answering })
	if n := denied(f, early); n != 0 {
		t.Errorf("%d of %d identifiers are denied after the feed has caught up", n, len(early))
	}
}

func TestReorderedAndRepeatedFeed(t *testing.T) {
	x := startLab(t)
	f := x.follow(5 * time.Second)
	for _, mode := range []string{"reorder", "duplicate"} {
		x.post("/lab/faults", map[string]any{"feed": mode})
		var born []identity.Key
		for range 10 {
			born = append(born, x.births(20)...)
		}
		cachetest.Eventually(t, "the births to arrive by a feed in mode "+mode, func() bool { return denied(f, born) == 0 })
		cachetest.Eventually(t, "the filter to say no", func() bool { return f.Status(clock.System()).Answering })
	}
}

// Nobody whose claim must be found, kept elsewhere or superseded is denied, and nearly everybody who must not is.
func TestSamplesOfTheNation(t *testing.T) {
	x := startLab(t)
	f := x.follow(time.Minute)
	n, err := nation.New(nation.Config{People: labPeople, Seed: 1, Today: nation.DateOf(time.Now())})
	if err != nil {
		t.Fatal(err)
	}
	g := sample.New(n, 3)
	said := make(map[string]int)
	for range 20_000 {
		c, err := g.Next("national")
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range keysOf(&c) {
			no := denied(f, []identity.Key{k}) == 1
			if known := slices.Contains([]string{"match", "mismatch", "superseded", "inactive", "out_of_register"}, c.Outcome); no && known {
				t.Fatalf("a sample of kind %s that must be %s is denied", c.Kind, c.Outcome)
			}
			said[fmt.Sprintf("%v %v", c.Outcome == "not_found", no)]++
		}
	}
	if found, missed := said["true true"], said["true false"]; found < 20*missed || found == 0 {
		t.Errorf("of the never issued %d were denied and %d left to the registry", found, missed)
	}
}
