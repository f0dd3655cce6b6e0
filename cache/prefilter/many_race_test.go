//go:build race

package prefilter_test

// With the race detector on, everything takes ten times as long, and fewer people tell less about a rate.
const (
	manyPeople = 50_000
	fpMargin   = 0.5
)
