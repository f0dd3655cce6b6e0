package apptest_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

// metrics is one scrape: a series as it stands on the page, and its value.
type metrics map[string]float64

func (g *gateway) scrape(t *testing.T) metrics {
	t.Helper()
	r := g.get(t, g.Admin+"/metrics")
	m := metrics{}
	for line := range strings.Lines(string(r.body)) {
		at := strings.LastIndexByte(strings.TrimSpace(line), ' ')
		if at < 0 || line[0] == '#' {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(line[at+1:]), 64)
		if err != nil {
			t.Fatalf("metrics: %q: %v", line, err)
		}
		m[line[:at]] = v
	}
	return m
}

// sum adds up the series of a name whose labels include all of the given `name="value"` pairs.
func (m metrics) sum(name string, labels ...string) float64 {
	total := 0.0
series:
	for series, v := range m {
		base, rest, _ := strings.Cut(series, "{")
		if base != name {
			continue
		}
		for _, l := range labels {
			if !strings.Contains(rest, l) {
				continue series
			}
		}
		total += v
	}
	return total
}

// has tells whether a name is published with a label that begins as given.
func (m metrics) has(name string, labels ...string) bool {
	for series := range m {
		base, rest, _ := strings.Cut(series, "{")
		if base == name && !slices.ContainsFunc(labels, func(l string) bool { return !strings.Contains(rest, l) }) {
			return true
		}
	}
	return false
}
