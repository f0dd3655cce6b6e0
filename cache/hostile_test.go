package cache_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/verigate/verigate/cache"
	"github.com/verigate/verigate/cache/cachetest"
	"github.com/verigate/verigate/cache/feed"
	"github.com/verigate/verigate/cache/local"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/internal/clock"
	"github.com/verigate/verigate/verify"
)

// rogue is a registry's feed over HTTP that is a good one until it is told to be something else.
type rogue struct {
	mu      sync.Mutex
	harm    http.HandlerFunc
	version uint64
	beats   int
}

func (r *rogue) set(harm http.HandlerFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.harm = harm
}

func (r *rogue) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	harm := r.harm
	r.beats += 2
	text := r.beat(r.beats-1) + r.beat(r.beats)
	r.mu.Unlock()
	if harm != nil {
		harm(w, req)
		return
	}
	_, _ = io.WriteString(w, text)
	_ = http.NewResponseController(w).Flush()
	select {
	case <-req.Context().Done():
	case <-time.After(50 * time.Millisecond):
	}
}

func (r *rogue) beat(n int) string {
	return fmt.Sprintf(`{"token":"t","watermark":{"version":%d,"at":%q}}`+"\n", r.version, time.Unix(int64(n), 0).UTC().Format(time.RFC3339))
}

func line(version int, value string) string {
	return fmt.Sprintf(`{"token":"t","version":%d,"op":"upsert","keys":[{"kind":"id","value":%q}],"at":"2026-11-21T01:02:03Z"}`+"\n", version, value)
}

// TestAHostileFeedHarmsNobody lets a registry's feed turn hostile in every way there is: what was good is still
// answered, memory stays bounded, the reason is in the status, and all is well once the feed is itself again.
func TestAHostileFeedHarmsNobody(t *testing.T) {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	for range 1 << 7 {
		_, _ = z.Write(bytes.Repeat([]byte(" "), 64<<10)) // 8 MiB of one line
	}
	_ = z.Close()
	long := func(w http.ResponseWriter, r *http.Request, text func(n int) string) {
		for n := 0; r.Context().Err() == nil; n++ {
			if _, err := io.WriteString(w, text(n)); err != nil {
				return
			}
		}
	}
	for _, c := range []struct {
		name, cause string // of the failure; empty: it is no failure
		harm        http.HandlerFunc
	}{
		{"not the feed's form", "not JSON", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html></html>\n") }},
		{"wrong types", "not JSON", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"token":7,"version":"x"}`+"\n")
		}},
		{"a line without an end", "longer than", func(w http.ResponseWriter, r *http.Request) {
			long(w, r, func(int) string { return strings.Repeat("x", 64<<10) })
		}},
		{"a bomb", "longer than", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb.Bytes())
		}},
		{"too many keys in a change", "no keys or more than", func(w http.ResponseWriter, _ *http.Request) {
			key := `{"kind":"id","value":"001080000000"}`
			_, _ = io.WriteString(w, `{"token":"t","version":7,"op":"upsert","keys":[`+strings.Repeat(key+",", 500)+key+"]}\n")
		}},
		{"changes without end", "", func(w http.ResponseWriter, r *http.Request) {
			long(w, r, func(n int) string { return line(6, fmt.Sprintf("%012d", 1_080_000_000+n%1_000_000)) })
		}},
		{"the same change over and over", "", func(w http.ResponseWriter, r *http.Request) {
			long(w, r, func(int) string { return line(6, "001080000001") })
		}},
		{"changes in no order", "", func(w http.ResponseWriter, r *http.Request) {
			long(w, r, func(n int) string { return line(6+n*7919%1000, fmt.Sprintf("%012d", 1_080_000_000+n%1000)) })
		}},
		{"nothing at all", "", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
		{"round and round", "redirects", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.String(), http.StatusFound) }},
		{"errors", "503", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := &rogue{version: 5}
			server := httptest.NewServer(r)
			defer server.Close()
			defer server.CloseClientConnections()
			held, tail := followRogue(t, server)
			cachetest.Eventually(t, "the feed to be live", func() bool { s, _ := tail.State(clock.System()); return s == feed.StateLive })
			k, _ := identity.NewKey(identity.KindID, "001180000000")
			subject := verify.NewSubjectHasher([]byte("k")).Subject(k)
			l := &verify.Lookup{Now: clock.System(), Keys: []identity.Key{k}, Subjects: []verify.Subject{subject},
				Held: []verify.Held{{State: verify.StatePresent, Source: verify.SourceRegistry, Version: 5, Learned: clock.System().Mono, Record: []byte("r")}}}
			held.Remember(l)

			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			changes := tail.Status(clock.System()).Changes
			r.set(c.harm)
			cachetest.Eventually(t, "the harm to be felt", func() bool {
				s := tail.Status(clock.System())
				return c.cause != "" && s.Failures > 0 && strings.Contains(s.LastError, c.cause) ||
					c.cause == "" && (s.Changes > changes+5000 || s.State != "live" || c.name == "nothing at all")
			})
			l.Held[0], l.Now = verify.Held{}, clock.System()
			held.Recall(t.Context(), l)
			if h := &l.Held[0]; h.State != verify.StatePresent || h.Version != 5 {
				t.Errorf("what was good is forgotten: %+v", h)
			}
			runtime.ReadMemStats(&after)
			if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 256<<20 {
				t.Errorf("%d MiB more are in use", grown>>20)
			}
			r.set(nil)
			cachetest.Eventually(t, "the feed to be live again", func() bool { s, _ := tail.State(clock.System()); return s == feed.StateLive })
		})
	}
}

func followRogue(t *testing.T, server *httptest.Server) (*cache.Cache, *feed.Tail) {
	t.Helper()
	rules := cache.DefaultRules()
	rules.Check = 0
	level, err := local.New(local.Config{Size: 1 << 20, Tombstones: 10_000}, local.Deps{Keep: rules.Longest()})
	if err != nil {
		t.Fatal(err)
	}
	held := cache.New(rules, cache.Deps{Local: level})
	var cfg feed.Config
	config.Defaults(&cfg)
	cfg.Wait, cfg.Backoff = config.Duration(100*time.Millisecond), config.Duration(100*time.Millisecond)
	tail := feed.New(cfg, feed.Deps{Source: &feed.HTTPSource{URL: server.URL, Client: server.Client()}, Records: held,
		Hasher: verify.NewSubjectHasher([]byte("k")), Clock: clock.System, Log: slog.New(slog.DiscardHandler)})
	held.SetFeed(tail)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { tail.Run(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	return held, tail
}
