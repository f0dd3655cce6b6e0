package apptest_test

import (
	"flag"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/verigate/verigate/internal/proc"
)

// mixSize is how many samples each way of running Redis is asked; together a little over 10,000 answers, which a race
// build gives in a minute. `go test ./apptest -run NationalMix -mix 10000` asks them all.
var mixSize = flag.Int("mix", 1_800, "samples of the national mix per test")

// askers is how many callers ask at once.
const askers = 16

// TestNationalMix asks the whole national mix through both dialects; no answer may differ from what its sample must
// get, whatever becomes of Redis.
func TestNationalMix(t *testing.T) {
	t.Run("without Redis", func(t *testing.T) {
		askMix(t, startDemo(t), samples(t, "national", *mixSize, 1), func(int) {})
	})
	// Nobody limits are switched off for: one caller alone asks what a city does, as many different people as there are.
	t.Run("with limits and harvest budgets", func(t *testing.T) {
		g := startDemoIn(t, filepath.Join(t.TempDir(), "demo"), "--people", people, "--today", today)
		askMix(t, g, samples(t, "national", *mixSize, 4), func(int) {})
	})
	t.Run("with Redis", func(t *testing.T) {
		redis := startRedis(t)
		g := startDemo(t, "--redis", "redis://"+redis.Addr)
		list := samples(t, "national", *mixSize, 2)
		askMix(t, g, list, func(int) {})
		noPersonalData(t, g, redis, list)
	})
	t.Run("Redis killed half-way", func(t *testing.T) {
		redis := startRedis(t)
		g := startDemo(t, "--redis", "redis://"+redis.Addr)
		list := samples(t, "national", *mixSize, 3)
		askMix(t, g, list, func(asked int) {
			if asked == len(list) {
				redis.Kill()
			}
		})
		if r := g.get(t, g.Admin+"/readyz"); r.status != http.StatusOK || !strings.Contains(string(r.body), "degraded") {
			t.Errorf("without its Redis the gateway must be ready and say degraded; got %d %s", r.status, r.body)
		}
	})
}

func startRedis(t *testing.T) *proc.Redis {
	t.Helper()
	redis, err := proc.StartRedis("", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(redis.Kill)
	return redis
}

// askMix asks every sample in both dialects at once and calls during with the number of answers so far.
func askMix(t *testing.T, g *gateway, list []sample, during func(asked int)) {
	t.Helper()
	g.logIn(t)
	var asked, wrong atomic.Int64
	report := func(format string, args ...any) {
		if wrong.Add(1) <= 20 {
			t.Errorf(format, args...)
		}
	}
	var wg sync.WaitGroup
	for worker := range askers {
		wg.Go(func() {
			for i := worker; i < len(list); i += askers {
				if fault := holdNative(g, list[i]); fault != "" {
					report("native: %s: %s", fault, list[i].native())
				}
				during(int(asked.Add(1)))
				if fault := holdPortal(g, list[i]); fault != "" {
					report("portal: %s: %s", fault, list[i].portal())
				}
				during(int(asked.Add(1)))
			}
		})
	}
	wg.Wait()
	if n := wrong.Load(); n > 0 {
		t.Errorf("%d of %d answers were not what they must be", n, asked.Load())
	}
}

// holdNative returns what is wrong with the native answer to s, "" when nothing is.
func holdNative(g *gateway, s sample) string {
	a, err := g.lookup(s)
	switch {
	case err != nil:
		return fmt.Sprintf("%s: %v", s.Kind, err)
	case a.status == http.StatusBadRequest:
		a.Outcome = a.Code
	case a.status != http.StatusOK:
		return fmt.Sprintf("%s: status %d %s, want %s", s.Kind, a.status, a.Code, s.Outcome)
	case a.Source == "" || a.AsOf == "" || a.MaxAge == nil:
		return fmt.Sprintf("%s: does not say how it is known: %+v", s.Kind, a)
	}
	if a.Outcome != s.Outcome || a.RequestID == "" {
		return fmt.Sprintf("%s: got %s from %s, request %q, want %s", s.Kind, a.Outcome, a.Source, a.RequestID, s.Outcome)
	}
	return ""
}

// holdPortal is holdNative for the portal.
func holdPortal(g *gateway, s sample) string {
	if !s.forPortal() {
		return ""
	}
	a, err := g.portal(s)
	if err != nil {
		return fmt.Sprintf("%s: %v", s.Kind, err)
	}
	if a.MaKetQua != s.PortalCode || a.GhiChu == "" {
		return fmt.Sprintf("%s: got %s %q, want %s", s.Kind, a.MaKetQua, a.GhiChu, s.PortalCode)
	}
	return ""
}
