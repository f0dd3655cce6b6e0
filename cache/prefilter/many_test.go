//go:build !race

package prefilter_test

// manyPeople is the size of the tests that count; fpMargin how far a measured rate may be off.
const (
	manyPeople = 1_000_000
	fpMargin   = 0.2
)
