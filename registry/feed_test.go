package registry_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/verigate/verigate/registry"
)

// feedLine is a change or a heartbeat.
type feedLine struct {
	Token     string     `json:"token"`
	Version   uint64     `json:"version"`
	Op        string     `json:"op"`
	Keys      []keyed    `json:"keys"`
	At        time.Time  `json:"at"`
	Watermark *watermark `json:"watermark"`

	arrived time.Time
}

// lines reads a feed that ends by itself.
func (x *running) lines(path string) []feedLine {
	x.t.Helper()
	return parseLines(x.t, x.must(200, "GET", path, ""))
}

func parseLines(t testing.TB, text []byte) (lines []feedLine) {
	t.Helper()
	for line := range bytes.Lines(text) {
		var l feedLine
		decode(t, line, &l)
		if l.Token == "" || (l.Op == "") == (l.Watermark == nil) {
			t.Fatalf("neither a change nor a heartbeat: %s", line)
		}
		lines = append(lines, l)
	}
	return lines
}

// tail is a feed being read as it comes.
type tail struct {
	t     testing.TB
	lines chan feedLine
}

// follow opens a feed and reads it until the test ends.
func (x *running) follow(path string) *tail {
	x.t.Helper()
	ctx, cancel := context.WithCancel(x.t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, x.url+path, nil)
	if err != nil {
		x.t.Fatal(err)
	}
	res, err := x.client.Do(req)
	if err != nil {
		x.t.Fatal(err)
	}
	f := &tail{t: x.t, lines: make(chan feedLine, 1<<16)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(f.lines)
		for in := bufio.NewScanner(res.Body); in.Scan(); {
			var l feedLine
			if json.Unmarshal(in.Bytes(), &l) == nil {
				l.arrived = time.Now()
				f.lines <- l
			}
		}
	}()
	x.t.Cleanup(func() { cancel(); res.Body.Close(); <-done })
	return f
}

// next returns the next line that is wanted.
func (f *tail) next(want func(*feedLine) bool) feedLine {
	f.t.Helper()
	giveUp := time.After(20 * time.Second)
	for {
		select {
		case l, open := <-f.lines:
			if !open {
				f.t.Fatal("the feed ended")
			}
			if want(&l) {
				return l
			}
		case <-giveUp:
			f.t.Fatal("the line never came")
		}
	}
}

func isChange(l *feedLine) bool    { return l.Op != "" }
func isHeartbeat(l *feedLine) bool { return l.Op == "" }

func TestFeedDeliversEveryChangeOnce(t *testing.T) {
	x := start(t, nil)
	f := x.follow("/changes?wait=30s")
	if l := f.next(func(*feedLine) bool { return true }); !isHeartbeat(&l) || l.Watermark.Version != 1 {
		t.Fatalf("the feed of an untouched nation begins with %+v", l)
	}
	born := x.births(2, "001")
	p := withEnd(t, 0)
	after := x.do(map[string]any{"op": "issue", "id": p.ID})
	for i, who := range born {
		l := f.next(isChange)
		if l.Version != uint64(2+i) || l.Op != "upsert" || l.At.IsZero() {
			t.Errorf("change %+v", l)
		}
		mustHave(t, l, keyed{"id", who.ID}, keyed{"code", who.Code}, keyed{"card", who.Card}, keyed{"card", who.Card[:5] + who.ID})
	}
	old, fresh := p.Cards[len(p.Cards)-1].Number, last(&after.Record).Number
	mustHave(t, f.next(isChange), keyed{"id", p.ID}, keyed{"code", p.Code}, keyed{"card", old}, keyed{"card", fresh},
		keyed{"card", old[:5] + p.ID}, keyed{"card", fresh[:5] + p.ID})
	if l := f.next(isHeartbeat); l.Watermark.Version != 4 {
		t.Errorf("the heartbeat after three changes: %+v", l.Watermark)
	}
}

func mustHave(t *testing.T, l feedLine, keys ...keyed) {
	t.Helper()
	for _, want := range keys {
		found := false
		for _, k := range l.Keys {
			found = found || k == want
		}
		if !found {
			t.Errorf("change %d does not name the person's %s of %d characters", l.Version, want.Kind, len(want.Value))
		}
	}
}

func TestFeedResumesBehindEveryToken(t *testing.T) {
	x := start(t, nil)
	x.births(700, "001") // more than one batch
	all := slices.DeleteFunc(x.lines("/changes?wait=0s"), func(l feedLine) bool { return isHeartbeat(&l) })
	if len(all) != 700 || all[0].Version != 2 {
		t.Fatalf("%d changes, the oldest kept is %d", len(all), all[0].Version)
	}
	for _, i := range []int{0, 1, 511, 512, 699} {
		rest := x.lines("/changes?wait=0s&after=" + all[i].Token)
		want := uint64(i + 3)
		for _, l := range rest {
			if l.Op == "" {
				continue
			}
			if l.Version != want {
				t.Fatalf("after version %d came %d, want %d", i+2, l.Version, want)
			}
			want++
		}
		if want != 702 {
			t.Errorf("after version %d the feed ended before %d", i+2, want)
		}
	}
}

func TestFeedWithoutWaitingBringsEverythingThereIs(t *testing.T) {
	x := start(t, nil)
	if err := x.reg.Births(2000); err != nil {
		t.Fatal(err)
	}
	lines := x.lines("/changes?wait=0s")
	if len(lines) < 2001 {
		t.Fatalf("%d lines, want 2000 changes and a heartbeat", len(lines))
	}
	for i, l := range lines[:2000] {
		if !isChange(&l) || l.Version != uint64(i+2) {
			t.Fatalf("line %d is %+v: a heartbeat in a backlog, or a change out of turn", i, l)
		}
	}
	for _, end := range lines[2000:] { // a slow machine's reply may last into the next heartbeat
		if !isHeartbeat(&end) || end.Watermark.Version != 2001 {
			t.Errorf("after the changes came %+v", end)
		}
	}
}

func TestFeedRefusals(t *testing.T) {
	x := start(t, nil)
	other := start(t, func(c *registry.Config) { c.Seed = 2 })
	strange := other.lines("/changes?wait=0s")[0].Token
	for _, token := range []string{"x", "AAAA", strange, strings.Repeat("A", 32)} {
		x.refused(410, "token_expired", "GET", "/changes?wait=0s&after="+token, "")
	}
	for _, wait := range []string{"", "30", "-1s", "61s", "soon"} {
		x.refused(400, "wait_invalid", "GET", "/changes?wait="+wait, "")
	}
}

func TestPausedFeedStandsStillEverywhere(t *testing.T) {
	x := start(t, nil)
	x.births(1, "001")
	f := x.follow("/changes?wait=30s")
	f.next(isChange)
	x.must(200, "POST", "/lab/faults", `{"feed":"pause"}`)
	frozen := x.ask(keyed{"id", "001080999999"}).Watermark
	born := x.births(2, "001")[1]
	seen := f.next(func(l *feedLine) bool { return isHeartbeat(l) && l.Watermark.At.Equal(frozen.At) })
	for range 5 {
		l := f.next(func(*feedLine) bool { return true })
		if isChange(&l) || *l.Watermark != *seen.Watermark || l.Watermark.Version != 2 {
			t.Fatalf("the paused feed brings %+v", l)
		}
	}
	reply := x.ask(keyed{"id", born.ID})
	if reply.Answers[0].Status != "record" || reply.Answers[0].Version != 4 {
		t.Errorf("who is born during the pause is %+v", reply.Answers[0])
	}
	if reply.Watermark != frozen {
		t.Errorf("the reply's watermark moved to %+v, frozen at %+v", reply.Watermark, frozen)
	}
	if head := x.exportHead("id"); head.Watermark != frozen {
		t.Errorf("the export's watermark is %+v, frozen at %+v", head.Watermark, frozen)
	}
	x.must(200, "POST", "/lab/faults", `{"feed":"run"}`)
	for _, want := range []uint64{3, 4} {
		if l := f.next(isChange); l.Version != want {
			t.Errorf("after the pause comes %d, want %d", l.Version, want)
		}
	}
	if l := f.next(isHeartbeat); l.Watermark.Version != 4 || !l.Watermark.At.After(frozen.At) {
		t.Errorf("after the pause the watermark is %+v", l.Watermark)
	}
}

func TestReorderedFeedLosesNothingOnResume(t *testing.T) {
	x := start(t, nil)
	x.must(200, "POST", "/lab/faults", `{"feed":"reorder"}`)
	x.births(5, "001")
	lines := x.lines("/changes?wait=1s")
	var order []uint64
	for i, l := range lines {
		if !isChange(&l) {
			continue
		}
		order = append(order, l.Version)
		got := map[uint64]bool{}
		for _, before := range lines[:i+1] {
			got[before.Version] = true
		}
		for _, after := range x.lines("/changes?wait=300ms&after=" + l.Token) {
			got[after.Version] = true
		}
		for v := uint64(2); v <= 6; v++ {
			if !got[v] {
				t.Errorf("resumed after line %d, version %d never came", i, v)
			}
		}
	}
	if want := []uint64{6, 5, 4, 3, 2}; !equal(order, want) {
		t.Errorf("order %v, want %v", order, want)
	}
}

func TestDuplicatedFeedBringsEverythingTwice(t *testing.T) {
	x := start(t, nil)
	x.must(200, "POST", "/lab/faults", `{"feed":"duplicate"}`)
	x.births(2, "001")
	var order []uint64
	for _, l := range x.lines("/changes?wait=100ms") {
		if isChange(&l) {
			order = append(order, l.Version)
		}
	}
	if want := []uint64{2, 3, 2, 3}; !equal(order, want) {
		t.Errorf("order %v, want %v", order, want)
	}
}

// stamped keeps what is written and when.
type stamped struct{ lines []feedLine }

func (s *stamped) Write(p []byte) (int, error) {
	for line := range bytes.Lines(p) {
		l := feedLine{arrived: time.Now()}
		if err := json.Unmarshal(line, &l); err != nil {
			return 0, err
		}
		s.lines = append(s.lines, l)
	}
	return len(p), nil
}

// bubble makes a registry inside a synctest bubble, where time is the test's own.
func bubble(t *testing.T, edit func(*registry.Config)) *registry.Registry {
	t.Helper()
	c := registry.Config{People: 1000, Seed: 1, Lab: true}
	if edit != nil {
		edit(&c)
	}
	r, err := registry.New(c, registry.Deps{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return r
}

func TestHeartbeatsComeAtOnceAndThenEverySecondAtLeast(t *testing.T) {
	for _, every := range []time.Duration{0, time.Second} {
		t.Run(fmt.Sprint(every), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := bubble(t, func(c *registry.Config) { c.Today, c.Heartbeat = today, every })
				var out stamped
				began := time.Now()
				if err := r.Feed(t.Context(), "", 30*time.Second, &out); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(began); took != 30*time.Second {
					t.Errorf("the feed ended after %s", took)
				}
				if len(out.lines) < 30 || !out.lines[0].arrived.Equal(began) {
					t.Fatalf("%d heartbeats, the first at %s", len(out.lines), out.lines[0].arrived.Sub(began))
				}
				for i, l := range out.lines[1:] {
					if gap := l.arrived.Sub(out.lines[i].arrived); gap > time.Second {
						t.Errorf("heartbeat %d came after %s", i+1, gap)
					}
					if !l.Watermark.At.After(out.lines[i].Watermark.At) {
						t.Errorf("heartbeat %d is not later than the one before", i+1)
					}
				}
			})
		})
	}
}

func TestAChangeIsDeliveredAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := bubble(t, func(c *registry.Config) { c.Today = today })
		var out stamped
		done := make(chan error, 1)
		go func() { done <- r.Feed(t.Context(), "", 10*time.Second, &out) }()
		<-time.After(3210 * time.Millisecond)
		born := time.Now()
		if err := r.Births(1); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		for _, l := range out.lines {
			if isChange(&l) {
				if !l.arrived.Equal(born) {
					t.Errorf("the change came after %s", l.arrived.Sub(born))
				}
				return
			}
		}
		t.Error("the change never came")
	})
}

func TestTokensAreGoodForSevenDays(t *testing.T) {
	const day = 24 * time.Hour
	synctest.Test(t, func(t *testing.T) {
		r := bubble(t, func(c *registry.Config) { c.Today = today })
		tokenNow := func() string {
			var out stamped
			if err := r.Feed(t.Context(), "", 0, &out); err != nil {
				t.Fatal(err)
			}
			return out.lines[len(out.lines)-1].Token
		}
		resume := func(token string) (changes int, err error) {
			var out stamped
			err = r.Feed(t.Context(), token, 0, &out)
			for _, l := range out.lines {
				if isChange(&l) {
					changes++
				}
			}
			return changes, err
		}
		token := tokenNow()
		if err := r.Births(3); err != nil {
			t.Fatal(err)
		}
		<-time.After(7*day - time.Minute)
		if n, err := resume(token); n != 3 || err != nil {
			t.Errorf("a token of nearly seven days brings %d changes, %v", n, err)
		}
		later := tokenNow()
		<-time.After(2 * time.Minute)
		if _, err := resume(token); err == nil || !strings.Contains(err.Error(), "token_expired") {
			t.Errorf("a token of more than seven days: %v", err)
		}
		if n, err := resume(""); n != 0 || err != nil {
			t.Errorf("from the oldest kept come %d changes that are not kept any more, %v", n, err)
		}
		if n, err := resume(later); n != 0 || err != nil {
			t.Errorf("a token behind the expired changes brings %d changes, %v", n, err)
		}
	})
}

// TestNobodyIsSeenBeforeTheFeedHasThem looks people up as fast as it can while they are born: whoever is found must
// already be covered by the watermark, and whoever is missed must be younger than the answer says.
func TestNobodyIsSeenBeforeTheFeedHasThem(t *testing.T) {
	x := start(t, nil)
	// The born of a copy of the nation are those of this one.
	copied := start(t, nil)
	expected := copied.births(200, "001")
	var next atomic.Int64
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range expected {
			next.Store(int64(i))
			x.births(1, "001")
		}
	}()
	checked := 0
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		i := int(next.Load())
		reply := x.ask(keyed{"id", expected[i].ID})
		a := reply.Answers[0]
		born := uint64(i + 2)
		switch {
		case a.Status == "record" && a.Version != born:
			t.Fatalf("born at version %d, found at %d", born, a.Version)
		case a.Status == "absent" && a.Version >= born:
			t.Fatalf("absent at version %d, born at %d", a.Version, born)
		case a.Status == "absent" && reply.Watermark.Version >= born:
			t.Fatalf("absent although the watermark %d vouches for version %d", reply.Watermark.Version, born)
		}
		checked++
	}
	if checked < 50 {
		t.Errorf("only %d look-ups in between", checked)
	}
}
