//go:build race

package budget_test

// usualShare is small under the race detector, which slows the replay twentyfold.
const usualShare = 0.02
