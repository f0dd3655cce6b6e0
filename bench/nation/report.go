//go:build linux

package main

import (
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/verigate/verigate/bench/keep"
	"github.com/verigate/verigate/cache/prefilter"
)

// usage is what a command cost.
type usage struct {
	Seconds float64 `json:"seconds"`
	PeakMB  float64 `json:"peak_mb"`
}

// result is everything measured, as it is kept. The filter is made for one false positive in a hundred unless it says
// default, which is one in a thousand.
type result struct {
	Commit  string `json:"commit"`
	At      string `json:"at"`
	Machine string `json:"machine"`
	People  int    `json:"people"`

	Keys         uint64  `json:"keys"`
	Bytes        uint64  `json:"bytes"`
	BitsPerKey   float64 `json:"bits_per_key"`
	BytesDefault int64   `json:"bytes_default"`

	FromRegistry       usage   `json:"build_from_registry"`
	ExportSeconds      float64 `json:"store_exports_seconds"`
	FromExports        usage   `json:"build_from_exports"`
	FromExportsDefault usage   `json:"build_from_exports_default"`

	Check usage                 `json:"check"`
	Kinds []prefilter.KindCheck `json:"kinds"`

	OpenWarm     float64 `json:"open_warm_seconds"`
	OpenCold     float64 `json:"open_cold_seconds"`
	ScreenNanos  float64 `json:"screen_cold_ns"`
	ScreenAllocs float64 `json:"screen_allocs"`

	info prefilter.Info
}

func newResult(o *options) *result {
	return &result{Commit: o.commit, At: time.Now().UTC().Format(time.RFC3339), People: o.people,
		Machine: fmt.Sprintf("%d cpus, %s/%s, %s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())}
}

// line is one line of the table: what was measured, what it had to be, and whether it was.
type line struct {
	what, got, target string
	met               bool
}

func (r *result) lines() []line {
	var denied, absent, passed uint64
	for i := range r.Kinds {
		denied, absent, passed = denied+r.Kinds[i].Denied, absent+r.Kinds[i].Absent, passed+r.Kinds[i].Passed
	}
	fp := float64(passed) / float64(max(absent, 1))
	seconds := func(got, limit float64) line {
		return line{got: fmt.Sprintf("%.1f s", got), target: fmt.Sprintf("≤ %.0f s", limit), met: got <= limit}
	}
	build := func(what string, u usage, limit float64) line {
		l := seconds(u.Seconds, limit)
		l.what = fmt.Sprintf("%s (peak %.0f MB)", what, u.PeakMB)
		return l
	}
	return []line{
		{"identifiers put to the filter, and denied", fmt.Sprintf("%d, %d", r.Keys, denied), "0 denied", denied == 0 && len(r.Kinds) == len(kinds)},
		{"never-issued ones put to it, and let pass", fmt.Sprintf("%d, %d = %.4f %%", absent, passed, 100*fp), "1 % ± 0.2 %", fp >= 0.008 && fp <= 0.012},
		{"size", fmt.Sprintf("%.0f MB, %.2f bits a key", float64(r.Bytes)/1e6, r.BitsPerKey), "≤ 10 bits", r.BitsPerKey <= 10},
		build("build from stored exports", r.FromExports, 90),
		build("build beside the reference registry", r.FromRegistry, 180),
		{"open and verify, warm page cache, whole process", fmt.Sprintf("%.3f s", r.OpenWarm), "≤ 0.2 s", r.OpenWarm <= 0.2},
		{"open and verify, nothing in memory", fmt.Sprintf("%.3f s", r.OpenCold), "≤ 2 s", r.OpenCold <= 2},
		{"one test, cold, processor time", fmt.Sprintf("%.0f ns, %.0f allocations", r.ScreenNanos, r.ScreenAllocs), "≤ 400 ns, 0", r.ScreenNanos <= 400 && r.ScreenAllocs < 0.001},
		{"at the default of 0.1 %: size, build from stored exports", fmt.Sprintf("%.0f MB, %.1f s", float64(r.BytesDefault)/1e6, r.FromExportsDefault.Seconds), "", true},
	}
}

func (r *result) table() string {
	var b strings.Builder
	b.WriteString("| | | target |\n|---|--:|--:|\n")
	for _, l := range r.lines() {
		target := l.target
		if !l.met {
			target += ", missed"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", l.what, l.got, target)
	}
	return b.String()
}

// report prints the table and keeps the figures. A filter that denies somebody, or is not what it was made to be, is an
// error; a time that was missed is only said, because other work may have run beside.
func (r *result) report(o *options) error {
	fmt.Print(r.table())
	if err := keep.Figures(o.results, "nation", o.commit, r); err != nil {
		return err
	}
	if o.people == fullSize && o.page != "" {
		if err := keep.Table(o.page, "nation", r.table()); err != nil {
			return err
		}
	}
	for _, l := range r.lines()[:3] {
		if !l.met {
			return fmt.Errorf("%s: %s, wanted %s", l.what, l.got, l.target)
		}
	}
	return nil
}
