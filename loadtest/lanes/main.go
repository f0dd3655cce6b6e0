// Command lanes measures what a batch costs the clinics: five interleaved pairs of phases on the real binary over real
// HTTP, clinics' lookups at a steady rate without a batch and beside one that always has more rows ready than it may
// put through. It exits 1 when the median pair misses p99 with ≤ 1.1 × p99 without + 0.5 ms.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/verigate/verigate/internal/proc"
)

type options struct {
	verigate, commit, results      string
	rate, people, samples, streams int
	pairs                          int
	phase                          time.Duration
	batch, key, corpus             string // of the process that stands for the batch's sender
}

func main() {
	var o options
	flag.StringVar(&o.verigate, "verigate", "bin/verigate", "the binary under test")
	flag.StringVar(&o.commit, "commit", "unknown", "what the result is filed under")
	flag.StringVar(&o.results, "results", "loadtest/results", "folder for the result")
	flag.IntVar(&o.rate, "rate", 500, "clinics' lookups per second")
	flag.IntVar(&o.people, "people", 200_000, "people in the nation")
	flag.IntVar(&o.samples, "samples", 20_000, "different questions")
	flag.IntVar(&o.streams, "streams", 32, "streams of the batch")
	flag.IntVar(&o.pairs, "pairs", 5, "pairs of phases")
	flag.DurationVar(&o.phase, "phase", 6*time.Second, "how long a phase is measured")
	flag.StringVar(&o.batch, "batch", "", "internal: be the batch's sender to this address")
	flag.StringVar(&o.key, "key", "", "internal: file with the key of the batch's sender")
	flag.StringVar(&o.corpus, "corpus", "", "internal: file with the lines of the batch's sender")
	flag.Parse()
	if o.batch != "" {
		exit(send(o), true)
	}
	passed, err := run(o)
	exit(err, passed)
}

func exit(err error, passed bool) {
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "lanes:", err)
		os.Exit(2)
	case !passed:
		os.Exit(1)
	}
	os.Exit(0)
}

// Pair is one phase without a batch and one beside it.
type Pair struct {
	Without Latency `json:"without"`
	Beside  Latency `json:"beside"`
	Rows    float64 `json:"batch_rows_per_s"`
	Excess  float64 `json:"excess_ms"` // p99 beside − (1.1 × p99 without + 0.5 ms); not above 0 passes
}

// Result is what is kept of a run.
type Result struct {
	Commit  string    `json:"commit"`
	At      time.Time `json:"at"`
	Machine string    `json:"machine"`
	Rate    int       `json:"lookups_per_s"`
	Streams int       `json:"streams"`
	Alone   float64   `json:"batch_alone_rows_per_s"`
	Pairs   []Pair    `json:"pairs"`
	Excess  float64   `json:"median_excess_ms"`
	Passed  bool      `json:"passed"`
}

func run(o options) (passed bool, err error) {
	dir, err := os.MkdirTemp("", "verigate-lanes-")
	if err != nil {
		return false, fmt.Errorf("making a data folder: %w", err)
	}
	defer os.RemoveAll(dir)
	today := time.Now().In(time.FixedZone("", 7*60*60)).Format(time.DateOnly)
	demo, err := proc.StartDemo([]string{o.verigate}, filepath.Join(dir, "demo"), time.Minute,
		"--unlimited", "--people", strconv.Itoa(o.people), "--today", today)
	if err != nil {
		return false, err
	}
	defer demo.Kill()
	clinic, rows, err := corpora(o, demo, today)
	if err != nil {
		return false, err
	}
	b, err := startBatch(o, demo, dir, rows)
	if err != nil {
		return false, err
	}
	defer b.stop()
	r := Result{Commit: o.commit, At: time.Now().UTC(), Rate: o.rate, Streams: o.streams,
		Machine: fmt.Sprintf("%d CPUs, %s/%s, %s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())}
	if err := r.measure(o, demo, clinic, b); err != nil {
		return false, err
	}
	r.print()
	return r.Passed, r.keep(o)
}

// measure warms everything up, then runs the pairs, the order within a pair turning round each time.
func (r *Result) measure(o options, demo *proc.Demo, clinic [][]byte, b *batch) error {
	var err error
	if _, err = b.during(3*time.Second, nil); err != nil {
		return err
	}
	if r.Alone, err = b.during(3*time.Second, nil); err != nil {
		return err
	}
	asking := newAsking(demo, clinic)
	if _, err := asking.phase(o.rate, 3*time.Second); err != nil {
		return err
	}
	for i := range o.pairs {
		var p Pair
		without := func() (err error) { p.Without, err = asking.phase(o.rate, o.phase); return err }
		beside := func() (err error) {
			p.Rows, err = b.during(o.phase, func() (err error) { p.Beside, err = asking.phase(o.rate, o.phase); return err })
			return err
		}
		steps := []func() error{without, beside}
		if i%2 == 1 {
			slices.Reverse(steps)
		}
		for _, step := range steps {
			time.Sleep(300 * time.Millisecond) // what the last phase left behind should be gone
			if err := step(); err != nil {
				return err
			}
		}
		p.Excess = p.Beside.P99 - (1.1*p.Without.P99 + 0.5)
		r.Pairs = append(r.Pairs, p)
		fmt.Printf("pair %d: p99 %.2f ms without, %.2f ms beside %.0f rows/s\n", i+1, p.Without.P99, p.Beside.P99, p.Rows)
	}
	var all []float64
	for _, p := range r.Pairs {
		all = append(all, p.Excess)
	}
	slices.Sort(all)
	r.Excess = all[len(all)/2]
	r.Passed = r.Excess <= 0
	return nil
}

func (r *Result) print() {
	fmt.Printf("\n| pair | p50 without | p50 beside | p99 without | p99 beside | 1.1 × + 0.5 ms | batch rows/s |\n|---|--:|--:|--:|--:|--:|--:|\n")
	for i, p := range r.Pairs {
		fmt.Printf("| %d | %.2f ms | %.2f ms | %.2f ms | %.2f ms | %.2f ms | %.0f |\n", i+1, p.Without.P50, p.Beside.P50,
			p.Without.P99, p.Beside.P99, 1.1*p.Without.P99+0.5, p.Rows)
	}
	fmt.Printf("\nbatch alone: %.0f rows/s; median pair: %+.2f ms of what is allowed; passed: %v\n", r.Alone, r.Excess, r.Passed)
}

func (r *Result) keep(o options) error {
	body, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	path := filepath.Join(o.results, "lanes-"+o.commit+".json")
	if err := os.WriteFile(path, append(body, '\n'), 0o644); err != nil {
		return fmt.Errorf("keeping the result: %w", err)
	}
	fmt.Println("kept in", path)
	return nil
}
