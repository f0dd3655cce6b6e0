package main

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"
)

// delays is how long after a moment each gateway first said what was true, in milliseconds.
type delays struct {
	Count int     `json:"count"` // changes, each seen by every gateway
	Wrong int     `json:"wrong"` // answers before that which were still the old ones
	P50   float64 `json:"p50_ms"`
	P99   float64 `json:"p99_ms"`
	Max   float64 `json:"max_ms"`

	all []float64
}

func (d *delays) add(since time.Time, when []time.Time, wrong int) {
	d.Count++
	d.Wrong += wrong
	for _, t := range when {
		d.all = append(d.all, max(0, float64(t.Sub(since))/1e6))
	}
	slices.Sort(d.all)
	n := len(d.all)
	d.P50, d.P99, d.Max = d.all[n/2], d.all[n*99/100], d.all[n-1]
}

// result is everything measured, as it is kept.
type result struct {
	Commit  string `json:"commit"`
	At      string `json:"at"`
	Machine string `json:"machine"`
	People  int    `json:"people"`

	Births  delays `json:"births"`
	Recalls delays `json:"recalls"`
	Deaths  delays `json:"deaths"`

	people []claims
}

func newResult(o *options) *result {
	return &result{Commit: o.commit, At: time.Now().UTC().Format(time.RFC3339), People: o.people,
		Machine: fmt.Sprintf("%d cpus, %s/%s, %s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())}
}

func (r *result) table() string {
	var b strings.Builder
	b.WriteString("| change | counted from | changes × gateways | p50 | p99 | longest | old answers meanwhile |\n|---|---|--:|--:|--:|--:|--:|\n")
	for _, l := range []struct {
		what, since string
		*delays
	}{
		{"birth: found", "the registry's own answer", &r.Births},
		{"card recalled: inactive", "its line in the feed", &r.Recalls},
		{"death: inactive", "its line in the feed", &r.Deaths},
	} {
		fmt.Fprintf(&b, "| %s | %s | %d × %d | %.1f ms | %.1f ms | %.1f ms | %d |\n", l.what, l.since, l.Count, len(l.all)/max(l.Count, 1), l.P50, l.P99, l.Max, l.Wrong)
	}
	return b.String()
}
