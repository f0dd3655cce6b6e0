package apptest_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/verigate/verigate/cache"
)

// TestOperatorsLookAfterMemory has an operator force a rebuild of the filter and compare what is in memory with the
// registry, by hand; nobody else may.
func TestOperatorsLookAfterMemory(t *testing.T) {
	redis := startRedis(t)
	// On a busy machine Redis would be given up on, and hold nothing.
	t.Setenv("VERIGATE_CACHE_REDIS_WRITE_TIMEOUT", "5s")
	t.Setenv("VERIGATE_CACHE_REDIS_DIAL_TIMEOUT", "5s")
	g := startDemo(t, "--redis", "redis://"+redis.Addr)
	before := g.scrape(t)
	if code, out := runToEnd(t, "filter", "rebuild", "--demo", g.Dir); code != 0 || !strings.Contains(out, "in use: ") {
		t.Errorf("rebuilding: exit code %d:\n%s", code, out)
	}
	const swaps, builds = "verigate_prefilter_swaps_total", "verigate_prefilter_builds_total"
	after := g.scrape(t)
	if n := after.sum(swaps) - before.sum(swaps); n != 1 || after.sum(builds, `result="built"`) != 2 {
		t.Errorf("%v generations were taken into use, %v were built", n, after.sum(builds, `result="built"`))
	}

	list := samples(t, "valid", 200, 9)
	for _, s := range list {
		if fault := holdNative(g, s); fault != "" {
			t.Error(fault)
		}
	}
	file := filepath.Join(t.TempDir(), "asked.ndjson")
	var lines []byte
	for _, s := range list {
		line, _ := json.Marshal(map[string]string{"id": s.ID, "code": s.Code, "card": s.Card})
		lines = append(append(lines, line...), '\n')
	}
	if err := os.WriteFile(file, lines, 0o600); err != nil {
		t.Fatal(err)
	}
	code, out := runToEnd(t, "cache", "check", "--demo", g.Dir, "--sample", "4000", "--file", file, "--format", "json")
	var found struct {
		cache.Findings
		Violations *int
	}
	if err := json.Unmarshal([]byte(out), &found); err != nil || code != 0 {
		t.Fatalf("checking: exit code %d, %v:\n%s", code, err, out)
	}
	if found.Violations == nil || *found.Violations != 0 || found.Asked < 4200 || found.Unanswered != 0 {
		t.Errorf("found %s", out)
	}
	if found.Local.Held < len(list) || found.Shared.Held == 0 || found.Local.Agree != found.Local.Held {
		t.Errorf("what callers asked about is not in memory: %s", out)
	}

	key := filepath.Join(t.TempDir(), "clinic.key")
	if err := os.WriteFile(key, []byte(g.ClinicKey), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"filter", "rebuild"}, {"cache", "check"}} {
		if code, out := runToEnd(t, append(args, "--demo", g.Dir, "--key-file", key)...); code != 1 || !strings.Contains(out, "scope_missing") {
			t.Errorf("%v with a clinic's key: exit code %d:\n%s", args, code, out)
		}
	}
	code, out = runToEnd(t, "audit", "find", filepath.Join(g.Dir, "audit"), "--format", "ndjson")
	for _, event := range []string{"filter_rebuild", "cache_check"} {
		if code != 0 || !strings.Contains(out, event) {
			t.Errorf("no %s in the log", event)
		}
	}
}
