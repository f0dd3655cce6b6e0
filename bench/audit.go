package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/verigate/verigate/internal/proc"
)

// The subjects whose throughput and latency say what the audit log costs.
const (
	logOff     = "off" // built without one
	logProcess = "process"
	logDisk    = "disk"
)

// What the log may cost: throughput is a part of what it is without a log, added latency is in milliseconds.
const (
	leastProcess = 0.95
	leastDisk    = 0.80
	mostAdded    = 3.0
)

// recorded is a gateway with one kind of log, and its clients.
type recorded struct {
	name, addr string
	full       client // keeps every connection busy
	paced      *paced
	*proc.Demo
}

// auditCost measures gateways that differ in nothing but their log, in turns.
func auditCost(o options) error {
	dir, err := os.MkdirTemp("", "verigate-bench-")
	if err != nil {
		return fmt.Errorf("making a data folder: %w", err)
	}
	defer os.RemoveAll(dir)
	server, pin := halves()
	var subjects []*recorded
	for _, name := range []string{logOff, logProcess, logDisk} {
		s, err := startRecorded(o, name, filepath.Join(dir, name), server, pin)
		if err != nil {
			return err
		}
		defer s.Kill()
		subjects = append(subjects, s)
	}
	fmt.Printf("%d connections, %s, by %s; then %d/s\n", o.conns, layout(server, pin), subjects[0].full.name(), o.rate)
	full, err := inTurns(o, subjects, "busy", func(s *recorded) (figures, error) { return s.full.drive(s.addr, o.each) })
	if err != nil {
		return err
	}
	paced, err := inTurns(o, subjects, "paced", func(s *recorded) (figures, error) { return s.paced.drive(s.addr, o.each) })
	if err != nil {
		return err
	}
	return reportCost(o, subjects[0].full, layout(server, pin), full, paced)
}

func startRecorded(o options, name, dir string, server, pin []string) (*recorded, error) {
	command := append(slices.Clip(server), "env", "VERIGATE_AUDIT_DURABILITY="+logProcess, o.verigate)
	switch name {
	case logOff:
		command[len(command)-1] = o.unaudited
	case logDisk:
		command[len(command)-2] = "VERIGATE_AUDIT_DURABILITY=" + logDisk
	}
	today := time.Now().In(time.FixedZone("", 7*60*60)).Format(time.DateOnly)
	demo, err := proc.StartDemo(command, filepath.Join(dir, "demo"), time.Minute, "--unlimited", "--people", strconv.Itoa(o.people), "--today", today)
	if err != nil {
		return nil, fmt.Errorf("starting the gateway with log %q: %w", name, err)
	}
	s := &recorded{name: name, addr: strings.TrimPrefix(demo.Gateway, "http://"), Demo: demo}
	questions, err := draw(o, demo, today)
	if err == nil {
		_, err = warm(demo, questions)
	}
	if err == nil {
		s.full, err = newClient(o, pin, dir, questions)
	}
	if err == nil {
		s.paced, err = newPaced(o, pin, dir, questions)
	}
	if err == nil && strings.Contains(demo.Output(), "UNAUDITED") != (name == logOff) {
		err = errors.New("it was not built with the log it was to have")
	}
	if err != nil {
		demo.Kill()
		return nil, fmt.Errorf("preparing the gateway with log %q: %w", name, err)
	}
	return s, nil
}

// inTurns returns each round's figures by subject; every round begins with another.
func inTurns(o options, subjects []*recorded, what string, drive func(*recorded) (figures, error)) ([]map[string]figures, error) {
	rounds := make([]map[string]figures, o.rounds)
	for i := range rounds {
		rounds[i] = map[string]figures{}
		for j := range subjects {
			s := subjects[(i+j)%len(subjects)]
			before := cpuTime(s.PID())
			f, err := drive(s)
			if err != nil {
				return nil, fmt.Errorf("measuring log %q: %w", s.name, err)
			}
			f.CPU = float64((cpuTime(s.PID()) - before).Microseconds()) / (f.PerSecond * o.each.Seconds())
			rounds[i][s.name] = f
			fmt.Printf("round %d  %-6s %-8s %8.0f/s  p50 %6.3f ms  p99 %6.3f ms  %5.1f µs of processor\n", i+1, what, s.name, f.PerSecond, f.P50, f.P99, f.CPU)
		}
	}
	return rounds, nil
}

// cpuTime returns the processor time a process has used; 0 where the kernel does not tell.
func cpuTime(pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:])) // the name may hold spaces
	if len(fields) < 13 {
		return 0
	}
	user, err1 := strconv.Atoi(fields[11])
	system, err2 := strconv.Atoi(fields[12])
	if errors.Join(err1, err2) != nil {
		return 0
	}
	const hertz = 100 // of the kernel's clock as programs see it
	return time.Duration(user+system) * time.Second / hertz
}

// cost is what is kept by commit.
type cost struct {
	Commit  string               `json:"commit"`
	At      string               `json:"at"`
	Machine string               `json:"machine"`
	Layout  string               `json:"layout"`
	Client  string               `json:"client"`
	Conns   int                  `json:"connections"`
	Rate    int                  `json:"paced_per_second"`
	Ratio   map[string]float64   `json:"busy_per_second_to_off"`     // median of the rounds' ratios
	Added   map[string]float64   `json:"paced_p99_added_ms"`         // median of the rounds' differences
	Busy    []map[string]figures `json:"busy_rounds"`                // every connection busy
	Paced   []map[string]figures `json:"paced_rounds"`               // at the rate
	Spread  map[string][]float64 `json:"busy_per_second_to_off_all"` // sorted
}

func reportCost(o options, c client, layout string, busy, paced []map[string]figures) error {
	r := cost{Commit: o.commit, At: time.Now().UTC().Format(time.RFC3339), Layout: layout, Client: c.name(), Conns: o.conns, Rate: o.rate,
		Machine: fmt.Sprintf("%d cpus, %s/%s, %s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version()),
		Ratio:   map[string]float64{}, Added: map[string]float64{}, Busy: busy, Paced: paced, Spread: map[string][]float64{}}
	fmt.Printf("\n| log | per second | of off (by round) | processor, µs | p99 at %d/s, ms | added, ms |\n|---|--:|--:|--:|--:|--:|\n", o.rate)
	var missed []string
	for _, name := range []string{logOff, logProcess, logDisk} {
		rate := median(busy, func(f map[string]figures) float64 { return f[name].PerSecond })
		p99 := median(paced, func(f map[string]figures) float64 { return f[name].P99 })
		r.Ratio[name] = median(busy, func(f map[string]figures) float64 { return f[name].PerSecond / f[logOff].PerSecond })
		r.Added[name] = median(paced, func(f map[string]figures) float64 { return f[name].P99 - f[logOff].P99 })
		for _, f := range busy {
			r.Spread[name] = append(r.Spread[name], f[name].PerSecond/f[logOff].PerSecond)
		}
		slices.Sort(r.Spread[name])
		all := r.Spread[name]
		cpu := median(busy, func(f map[string]figures) float64 { return f[name].CPU })
		fmt.Printf("| %s | %.0f | %.3f (%.2f to %.2f) | %.1f | %.2f | %.2f |\n", name, rate, r.Ratio[name], all[0], all[len(all)-1], cpu, p99, r.Added[name])
		if least := map[string]float64{logProcess: leastProcess, logDisk: leastDisk}[name]; r.Ratio[name] < least {
			missed = append(missed, fmt.Sprintf("%s: throughput %.3f of off, wanted %.2f", name, r.Ratio[name], least))
		}
		if r.Added[name] > mostAdded {
			missed = append(missed, fmt.Sprintf("%s: p99 at %d/s rises by %.2f ms, wanted %.0f at most", name, o.rate, r.Added[name], mostAdded))
		}
	}
	if err := keep(o, "audit", r); err != nil {
		return err
	}
	if len(missed) > 0 {
		return errors.New("the log costs more than it may: " + strings.Join(missed, "; "))
	}
	return nil
}

// keep files a result under what was measured and its commit.
func keep(o options, what string, r any) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	path := filepath.Join(o.results, what+"-"+o.commit+".json")
	if err := os.MkdirAll(o.results, 0o755); err != nil {
		return fmt.Errorf("making the results folder: %w", err)
	}
	if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("keeping the result: %w", err)
	}
	fmt.Println("\nkept in", path)
	return nil
}
