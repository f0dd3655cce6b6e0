// Command loadtest starts the demo on free ports, sends it the national mix by k6 (lookups.js), and keeps the summary
// under results/ by commit. It exits 1 when a threshold is missed.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/verigate/verigate/internal/proc"
)

type options struct {
	verigate, k6, commit, results string
	rate, people, samples         int
	duration                      time.Duration
}

func main() {
	var o options
	flag.StringVar(&o.verigate, "verigate", "bin/verigate", "the binary under test")
	flag.StringVar(&o.k6, "k6", "bin/tools/k6", "the k6 binary")
	flag.StringVar(&o.commit, "commit", "unknown", "what the result is filed under")
	flag.StringVar(&o.results, "results", "loadtest/results", "folder for the summary")
	flag.IntVar(&o.rate, "rate", 1000, "lookups per second, both dialects together")
	flag.IntVar(&o.people, "people", 1_000_000, "people in the nation")
	flag.IntVar(&o.samples, "samples", 20_000, "different questions asked")
	flag.DurationVar(&o.duration, "duration", time.Minute, "how long")
	flag.Parse()
	passed, err := run(o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "loadtest:", err)
		os.Exit(2)
	}
	if !passed {
		os.Exit(1)
	}
}

func run(o options) (passed bool, err error) {
	dir, err := os.MkdirTemp("", "verigate-load-")
	if err != nil {
		return false, fmt.Errorf("making a data folder: %w", err)
	}
	defer os.RemoveAll(dir)
	today := time.Now().In(time.FixedZone("", 7*60*60)).Format(time.DateOnly) // one date for both, also around midnight
	fmt.Printf("starting the demo: %d people\n", o.people)
	demo, err := proc.StartDemo([]string{o.verigate}, filepath.Join(dir, "demo"), time.Minute,
		"--unlimited", "--people", strconv.Itoa(o.people), "--today", today)
	if err != nil {
		return false, err
	}
	defer demo.Kill()
	questions := filepath.Join(dir, "samples.ndjson")
	if err := writeSamples(o, demo, today, questions); err != nil {
		return false, err
	}
	fmt.Printf("%d lookups/s for %s\n", o.rate, o.duration)
	summary, err := attack(o, demo, dir, questions)
	if err != nil {
		return false, err
	}
	summary["gateway"] = counters(demo.Admin)
	if code, err := demo.Stop(30 * time.Second); err != nil || code != 0 {
		return false, fmt.Errorf("stopping the demo: exit code %d, %w", code, err)
	}
	return summary["passed"] == true, file(o, summary)
}

func writeSamples(o options, demo *proc.Demo, today, path string) error {
	cmd := exec.Command(o.verigate, "registry", "sample", "--people", strconv.Itoa(o.people), "--seed", strconv.FormatUint(demo.Seed, 10),
		"--today", today, "--count", strconv.Itoa(o.samples), "--mix", "national", "--format", "ndjson")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("drawing samples: %w", err)
	}
	if err := os.WriteFile(path, out, 0o600); err != nil {
		return fmt.Errorf("keeping samples: %w", err)
	}
	return nil
}

// attack runs k6, whose exit code 99 means a missed threshold, which the summary tells better.
func attack(o options, demo *proc.Demo, dir, questions string) (map[string]any, error) {
	path := filepath.Join(dir, "summary.json")
	cmd := exec.Command(o.k6, "run", "--quiet", "--no-usage-report", "loadtest/lookups.js")
	cmd.Env = append(os.Environ(), "DEMO_FILE="+filepath.Join(demo.Dir, "demo.json"), "SAMPLES_FILE="+questions, "SUMMARY_FILE="+path,
		"RATE="+strconv.Itoa(o.rate), "DURATION="+o.duration.String())
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	ran := cmd.Run()
	body, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("running k6: %w", ran)
	}
	var summary map[string]any
	if err := json.Unmarshal(body, &summary); err != nil {
		return nil, fmt.Errorf("reading k6's summary: %w", err)
	}
	return summary, nil
}

// counters returns the gateway's own counts after the run, so that a summary tells how answers were known.
func counters(admin string) map[string]float64 {
	out := map[string]float64{}
	reply, err := http.Get(admin + "/metrics")
	if err != nil {
		return out
	}
	defer reply.Body.Close()
	page, _ := io.ReadAll(io.LimitReader(reply.Body, 4<<20)) // what came is shown
	for line := range strings.Lines(string(page)) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "} ")
		if !ok || !strings.HasPrefix(name, "verigate_") || !strings.Contains(name, "_total{") {
			continue
		}
		if n, err := strconv.ParseFloat(value, 64); err == nil && n > 0 {
			out[name+"}"] = n
		}
	}
	return out
}

// file keeps the summary by commit and prints what matters of it.
func file(o options, summary map[string]any) error {
	summary["commit"], summary["people"] = o.commit, o.people
	summary["at"] = time.Now().UTC().Format(time.RFC3339)
	summary["machine"] = map[string]any{"cpus": runtime.NumCPU(), "os": runtime.GOOS, "arch": runtime.GOARCH, "go": runtime.Version()}
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false) // a threshold is written p(99)<25
	enc.SetIndent("", "  ")
	if err := enc.Encode(summary); err != nil {
		return fmt.Errorf("writing the summary: %w", err)
	}
	path := filepath.Join(o.results, o.commit+".json")
	if err := os.MkdirAll(o.results, 0o755); err != nil {
		return fmt.Errorf("making the results folder: %w", err)
	}
	if err := os.WriteFile(path, body.Bytes(), 0o644); err != nil {
		return fmt.Errorf("keeping the summary: %w", err)
	}
	fmt.Printf("requests %v, wrong %v, errors %v, dropped %v\n", summary["requests"], summary["wrong_outcomes"], summary["errors"], summary["dropped"])
	if latency, ok := summary["latency_ms"].(map[string]any); ok {
		for _, dialect := range []string{"native", "portal"} {
			t, _ := latency[dialect].(map[string]any)
			fmt.Printf("%s: p50 %v ms, p99 %v ms, max %v ms\n", dialect, t["med"], t["p(99)"], t["max"])
		}
	}
	fmt.Printf("thresholds passed: %v %v\nkept in %s\n", summary["passed"], summary["failed_thresholds"], path)
	return nil
}
