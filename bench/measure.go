package main

import (
	"fmt"
	"runtime"
	"slices"
	"time"
)

// figures are what one measurement of one subject says.
type figures struct {
	PerSecond float64 `json:"per_second"`
	P50       float64 `json:"p50_ms"`
	P99       float64 `json:"p99_ms"`
	CPU       float64 `json:"cpu_us,omitempty"` // of the server, for each request; 0: not known
}

// client drives one subject for a while.
type client interface {
	name() string
	drive(addr string, d time.Duration) (figures, error)
}

// measure returns, per round, each subject's figures. Every round starts with another subject, so that none always
// follows the same one.
func measure(o options, c client, subjects []subject) ([]map[string]figures, error) {
	rounds := make([]map[string]figures, o.rounds)
	for i := range rounds {
		rounds[i] = map[string]figures{}
		for j := range subjects {
			s := subjects[(i+j)%len(subjects)]
			f, err := c.drive(s.addr, o.each)
			if err != nil {
				return nil, fmt.Errorf("measuring %s: %w", s.name, err)
			}
			rounds[i][s.name] = f
			fmt.Printf("round %d  %-9s %8.0f/s  p50 %6.3f ms  p99 %6.3f ms\n", i+1, s.name, f.PerSecond, f.P50, f.P99)
		}
	}
	return rounds, nil
}

// result is what is kept by commit.
type result struct {
	Commit    string               `json:"commit"`
	At        string               `json:"at"`
	Machine   string               `json:"machine"`
	Layout    string               `json:"layout"`
	Client    string               `json:"client"`
	Conns     int                  `json:"connections"`
	BodyBytes int                  `json:"request_body_bytes"`
	Reply     int                  `json:"reply_body_bytes"`
	Median    map[string]figures   `json:"median"`
	Ratio     map[string]float64   `json:"verigate_per_second_to"` // median of the rounds' ratios
	Rounds    []map[string]figures `json:"rounds"`
}

func report(o options, c client, rounds []map[string]figures, body, reply int, layout string) error {
	r := result{Commit: o.commit, At: time.Now().UTC().Format(time.RFC3339), Layout: layout, Client: c.name(), Conns: o.conns,
		Machine:   fmt.Sprintf("%d cpus, %s/%s, %s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version()),
		BodyBytes: body, Reply: reply, Rounds: rounds, Median: map[string]figures{}, Ratio: map[string]float64{}}
	for name := range rounds[0] {
		pick := func(of func(figures) float64) float64 {
			return median(rounds, func(f map[string]figures) float64 { return of(f[name]) })
		}
		r.Median[name] = figures{PerSecond: pick(func(f figures) float64 { return f.PerSecond }), P50: pick(func(f figures) float64 { return f.P50 }),
			P99: pick(func(f figures) float64 { return f.P99 })}
		if name != "verigate" {
			r.Ratio[name] = median(rounds, func(f map[string]figures) float64 { return f["verigate"].PerSecond / f[name].PerSecond })
		}
	}
	fmt.Printf("\n| server | per second | p50 ms | p99 ms | verigate is |\n|---|---|---|---|---|\n")
	for _, name := range []string{"verigate", "fasthttp", "nethttp"} {
		m, ratio := r.Median[name], ""
		if x, ok := r.Ratio[name]; ok {
			ratio = fmt.Sprintf("%.2f of it", x)
		}
		fmt.Printf("| %s | %.0f | %.3f | %.3f | %s |\n", name, m.PerSecond, m.P50, m.P99, ratio)
	}
	return keep(o, "peers", r)
}

func median(rounds []map[string]figures, of func(map[string]figures) float64) float64 {
	values := make([]float64, len(rounds))
	for i, f := range rounds {
		values[i] = of(f)
	}
	slices.Sort(values)
	return values[len(values)/2]
}
