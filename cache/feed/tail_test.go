package feed_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/verigate/verigate/cache/feed"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/internal/clock"
	"github.com/verigate/verigate/verify"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// script is a registry's feed: each request takes the next answer; when there is none left, after stays open for wait and
// says nothing.
type script struct {
	mu      sync.Mutex
	answers []answer
	asked   []string // the tokens of the requests
}

type answer struct {
	body string
	err  error
	open bool               // the stream does not end by itself
	tick func(n int) string // what is added every second
}

func (s *script) add(a ...answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers = append(s.answers, a...)
}

func (s *script) Changes(ctx context.Context, after string, wait time.Duration) (io.ReadCloser, error) {
	s.mu.Lock()
	s.asked = append(s.asked, after)
	var a answer
	if len(s.answers) > 0 {
		a, s.answers = s.answers[0], s.answers[1:]
	} else {
		s.mu.Unlock()
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
		return io.NopCloser(strings.NewReader("")), nil
	}
	s.mu.Unlock()
	if a.err != nil {
		return nil, a.err
	}
	if !a.open && a.tick == nil {
		return io.NopCloser(strings.NewReader(a.body)), nil
	}
	r, w := io.Pipe()
	go func() {
		_, _ = io.WriteString(w, a.body)
		for n := 0; a.tick != nil && ctx.Err() == nil; n++ {
			pass(time.Second)
			_, _ = io.WriteString(w, a.tick(n))
		}
		<-ctx.Done()
		_ = w.CloseWithError(ctx.Err())
	}()
	return r, nil
}

// heard is a filter and record caches that write down what they are told, in order.
type heard struct {
	mu       sync.Mutex
	log      []string
	token    string
	position uint64
}

func (h *heard) note(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.log = append(h.log, fmt.Sprintf(format, args...))
}

func (h *heard) take() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	log := h.log
	h.log = nil
	return log
}

func (h *heard) Position() (string, uint64) { return h.token, h.position }
func (h *heard) Resume(version uint64)      { h.note("resume %d", version) }
func (h *heard) Gap()                       { h.note("gap") }
func (h *heard) Add(version uint64, keys []identity.Key) {
	h.note("add %d×%d", version, len(keys))
}

func (h *heard) SetWatermark(version uint64, _ time.Time, _ int64) bool {
	h.note("mark %d", version)
	return true
}

func (h *heard) Invalidate(_ verify.Instant, subjects []verify.Subject, version uint64) {
	h.note("forget %d×%d", version, len(subjects))
}

func (h *heard) Anew(verify.Instant) { h.note("anew") }

func change(version int) string {
	return fmt.Sprintf(`{"token":"t%d","version":%d,"op":"upsert","keys":[{"kind":"id","value":"001080000000"},{"kind":"card","value":"GD4010000000001"}],"at":"2026-11-21T01:02:03Z"}`+"\n", version, version)
}

func beat(version, second int) string {
	return fmt.Sprintf(`{"token":"t%d","watermark":{"version":%d,"at":"2026-11-21T01:02:%02dZ"}}`+"\n", version, version, second)
}

// beats are the two heartbeats that make a first watermark count.
func beats(version, second int) string { return beat(version, second-1) + beat(version, second) }

// follow runs a tail over the script in the test's bubble.
func follow(t *testing.T, s *script, h *heard) *feed.Tail {
	t.Helper()
	var cfg feed.Config
	config.Defaults(&cfg)
	cfg.MaxChanges = 1000
	tail := feed.New(cfg, feed.Deps{Source: s, Filter: h, Records: h, Hasher: verify.NewSubjectHasher([]byte("k")), Clock: clock.System,
		Log: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { tail.Run(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	return tail
}

func wantLog(t *testing.T, h *heard, want ...string) {
	t.Helper()
	synctest.Wait()
	if got := h.take(); !slices.Equal(got, want) {
		t.Errorf("heard %q, want %q", got, want)
	}
}

func wantState(t *testing.T, tail *feed.Tail, want feed.State) {
	t.Helper()
	if got, _ := tail.State(clock.System()); got != want {
		t.Errorf("state is %s, want %s", got, want)
	}
}

// pass lets time go by in the test's bubble.
func pass(d time.Duration) { <-time.After(d) }

func TestChangesReachFilterFirstThenCachesThenTheWatermark(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := &script{}, &heard{token: "t100", position: 100}
		s.add(answer{body: change(101) + change(102) + beats(102, 1)}, answer{body: strings.Replace(change(103), "upsert", "remove", 1) + beat(103, 2)})
		tail := follow(t, s, h)
		wantLog(t, h, "resume 100", "add 101×2", "forget 101×2", "add 102×2", "forget 102×2", "mark 102", "forget 103×2", "mark 103")
		wantState(t, tail, feed.StateLive)
		if want := []string{"t100", "t102", "t103"}; !slices.Equal(s.asked, want) {
			t.Errorf("asked after %q, want %q", s.asked, want)
		}
		if live, _, unbroken := tail.Vouch(clock.System()); !live || unbroken == 0 {
			t.Errorf("vouches live %v since %d", live, unbroken)
		}
	})
}

func TestWithoutAGenerationTheStreamCountsFromItsFirstWatermark(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := &script{}, &heard{}
		tail := follow(t, s, h)
		if _, _, unbroken := tail.Vouch(clock.System()); unbroken != 0 {
			t.Error("vouches before anything was heard")
		}
		wantState(t, tail, feed.StateNone)
		s.add(answer{body: change(7) + beats(9, 1)})
		pass(2 * time.Second)
		wantLog(t, h, "add 7×2", "forget 7×2", "resume 9", "mark 9")
	})
}

func TestPauseIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := &script{}, &heard{}
		s.add(answer{body: beats(5, 1)})
		tail := follow(t, s, h)
		synctest.Wait()
		for range 60 { // the registry goes on talking and its watermark stands still
			s.add(answer{body: beat(5, 1)})
		}
		for _, c := range []struct {
			at   time.Duration
			want feed.State
		}{{0, feed.StateLive}, {4999 * time.Millisecond, feed.StateLive}, {5 * time.Second, feed.StateLagging},
			{29 * time.Second, feed.StateLagging}, {30 * time.Second, feed.StatePaused}, {time.Hour, feed.StatePaused}} {
			pass(c.at - time.Duration(tail.Status(clock.System()).LagS*1e9))
			wantState(t, tail, c.want)
		}
		if _, since := tail.State(clock.System()); since.Round(time.Second) != time.Hour-30*time.Second {
			t.Errorf("paused since %s", since)
		}
		wantLog(t, h, "resume 5", "mark 5")
		s.add(answer{body: change(6) + beats(6, 9)})
		pass(2 * time.Second)
		wantState(t, tail, feed.StateLive)
		wantLog(t, h, "add 6×2", "forget 6×2", "mark 6", "mark 6")
	})
}

// A watermark's age counts from the request that brought the heartbeat before it: only that is certain to have been
// before the watermark was made.
func TestAgeCountsFromTheLastHeartbeatsRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := &script{}, &heard{}
		s.add(answer{body: beat(5, 1)})
		tail := follow(t, s, h) // asks every 100 ms until a watermark counts, then every second
		lag := func(want time.Duration) {
			t.Helper()
			synctest.Wait()
			if got := time.Duration(tail.Status(clock.System()).LagS * 1e9).Round(time.Millisecond); got != want {
				t.Errorf("lag is %s, want %s", got, want)
			}
		}
		synctest.Wait()
		wantState(t, tail, feed.StateNone) // one heartbeat alone may have stood still for hours
		s.add(answer{body: beat(5, 2)}, answer{body: beat(6, 3) + beat(6, 4)}, answer{body: beat(6, 5)})
		pass(100 * time.Millisecond)
		lag(100 * time.Millisecond) // the second request, at 0.1 s; the heartbeat before was asked for at 0 s
		pass(100 * time.Millisecond)
		lag(0) // the third, at 0.2 s, brought two, the second of which was made after the request
		pass(time.Second)
		lag(time.Second) // the fourth, at 1.2 s; the heartbeat before was asked for at 0.2 s
	})
}

// What a paused registry tells after a restart has stood still for hours, and the same again proves nothing.
func TestAWatermarkThatNothingWentBeforeProvesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := &script{}, &heard{token: "t5", position: 5}
		for range 100 {
			s.add(answer{body: beat(5, 1)})
		}
		tail := follow(t, s, h)
		pass(time.Minute)
		wantState(t, tail, feed.StateNone)
		wantLog(t, h, "resume 5")
	})
}

func TestExpiredTokenIsAGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := &script{}, &heard{token: "t100", position: 100}
		s.add(answer{body: beats(100, 1)}, answer{err: feed.ErrTokenExpired})
		tail := follow(t, s, h)
		pass(time.Second)
		wantLog(t, h, "resume 100", "mark 100", "gap", "anew")
		wantState(t, tail, feed.StateGap)
		before := clock.System().Mono
		if _, _, unbroken := tail.Vouch(clock.System()); unbroken != 0 {
			t.Error("vouches over a gap")
		}
		s.add(answer{body: beats(140, 2)})
		pass(2 * time.Second)
		wantLog(t, h, "resume 140", "mark 140")
		wantState(t, tail, feed.StateLive)
		if _, _, unbroken := tail.Vouch(clock.System()); unbroken <= before {
			t.Error("vouches for what was learned before the gap")
		}
		if s.asked[2] != "" {
			t.Errorf("began anew after %q", s.asked[2])
		}
	})
}

func TestVersionsThatRunBackwardsAreAGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := &script{}, &heard{token: "t100", position: 100}
		s.add(answer{body: beat(99, 1)})
		tail := follow(t, s, h)
		wantLog(t, h, "resume 100", "gap", "anew")
		wantState(t, tail, feed.StateGap)
		s.add(answer{body: beats(99, 2)})
		pass(2 * time.Second)
		wantLog(t, h, "resume 99", "mark 99")
	})
}

func TestRepeatedAndReorderedChangesDoNoHarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := &script{}, &heard{}
		s.add(answer{body: beats(1, 1) + change(4) + change(2) + change(4) + change(3) + beat(4, 2)}, answer{body: change(4) + beat(4, 3)})
		tail := follow(t, s, h)
		synctest.Wait()
		wantState(t, tail, feed.StateLive)
		wantLog(t, h, "resume 1", "mark 1", "add 4×2", "forget 4×2", "add 2×2", "forget 2×2", "add 4×2", "forget 4×2", "add 3×2", "forget 3×2",
			"mark 4", "add 4×2", "forget 4×2", "mark 4")
	})
}

func TestGarbageIsRefusedAndReadAgain(t *testing.T) {
	for _, c := range []struct {
		name, body, cause string
	}{
		{"not JSON", "<html>\n", "not JSON"},
		{"a line cut short", `{"token":"t9","vers`, "unexpected EOF"},
		{"an endless line", strings.Repeat("x", 100_000) + "\n", "longer than"},
		{"no token", `{"version":6,"op":"upsert","keys":[{"kind":"id","value":"001080000000"}]}` + "\n", "token"},
		{"no keys", `{"token":"t9","version":6,"op":"upsert","keys":[]}` + "\n", "no keys"},
		{"unknown op", `{"token":"t9","version":6,"op":"merge","keys":[{"kind":"id","value":"001080000000"}]}` + "\n", "op"},
		{"unknown kind", `{"token":"t9","version":6,"op":"upsert","keys":[{"kind":"passport","value":"001080000000"}]}` + "\n", "not an identifier"},
		{"malformed key", `{"token":"t9","version":6,"op":"upsert","keys":[{"kind":"id","value":"12 34"}]}` + "\n", "not an identifier"},
		{"wrong type", `{"token":"t9","version":"six","op":"upsert"}` + "\n", "not JSON"},
		{"negative version", `{"token":"t9","version":-6,"op":"upsert","keys":[{"kind":"id","value":"001080000000"}]}` + "\n", "not JSON"},
		{"neither", `{"token":"t9"}` + "\n", "neither"},
		{"both", `{"token":"t9","version":6,"watermark":{"version":6,"at":"2026-11-21T01:02:03Z"}}` + "\n", "neither"},
		{"timeless watermark", `{"token":"t9","watermark":{"version":6}}` + "\n", "no time"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, h := &script{}, &heard{}
				if strings.HasSuffix(c.body, "\n") {
					c.body += change(7)
				}
				s.add(answer{body: beats(5, 1) + c.body})
				tail := follow(t, s, h)
				wantLog(t, h, "resume 5", "mark 5") // what came before counts, what came after does not
				st := tail.Status(clock.System())
				if st.Failures != 1 || !strings.Contains(st.LastError, c.cause) || strings.Contains(st.LastError, "12 34") {
					t.Errorf("status is %+v, want %q", st, c.cause)
				}
				wantState(t, tail, feed.StateLive) // the last good state stays
				s.add(answer{body: change(6) + beat(6, 2)})
				pass(2 * time.Second)
				wantLog(t, h, "add 6×2", "forget 6×2", "mark 6")
				if s.asked[1] != "t5" {
					t.Errorf("read again after %q, want the last good token", s.asked[1])
				}
			})
		})
	}
}

func TestRegistryThatIsDownIsAskedLessAndLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := &script{}, &heard{}
		s.add(answer{body: beats(5, 1)})
		for range 1000 {
			s.add(answer{err: errors.New("connection refused")})
		}
		tail := follow(t, s, h)
		pass(time.Minute)
		synctest.Wait()
		wantState(t, tail, feed.StatePaused)
		if n := len(s.asked); n < 10 || n > 30 {
			t.Errorf("asked %d times in a minute", n)
		}
		wantLog(t, h, "resume 5", "mark 5")
	})
}

func TestARegistryThatDoesNotWaitIsNotAskedAllTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := &script{}, &heard{}
		for i := range 1000 {
			s.add(answer{body: beat(5, i%50)})
		}
		follow(t, s, h)
		pass(30 * time.Second)
		synctest.Wait()
		if n := len(s.asked); n < 25 || n > 40 {
			t.Errorf("asked %d times in 30 s", n)
		}
	})
}

func TestAFloodIsTakenInPortions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var flood strings.Builder
		for v := range 2500 {
			flood.WriteString(change(v + 1))
		}
		s, h := &script{}, &heard{}
		s.add(answer{body: flood.String()}, answer{body: beat(1000, 1)})
		follow(t, s, h)
		synctest.Wait()
		if s.asked[1] != "t1000" {
			t.Errorf("asked again after %q, want the last of a portion of 1000", s.asked[1])
		}
	})
}

// A registry that ignores wait keeps talking on one response: it is left for a new one, whose watermarks are younger.
func TestAResponseThatGoesOnAndOnIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := &script{}, &heard{}
		s.add(answer{body: beats(5, 1), tick: func(n int) string { return beat(5, 2+n) }})
		tail := follow(t, s, h)
		pass(5*time.Second + 100*time.Millisecond)
		synctest.Wait()
		if len(s.asked) < 2 {
			t.Error("the response was not left")
		}
		if st := tail.Status(clock.System()); st.Failures != 0 {
			t.Errorf("leaving a response is no failure: %+v", st)
		}
	})
}

func TestAResponseThatNeverEndsIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := &script{}, &heard{}
		s.add(answer{body: beats(5, 1), open: true}, answer{body: beats(6, 3), open: true})
		tail := follow(t, s, h)
		pass(8 * time.Second)
		synctest.Wait()
		if len(s.asked) != 2 || s.asked[1] != "t5" {
			t.Errorf("asked after %q", s.asked)
		}
		wantState(t, tail, feed.StateLive)
	})
}
