//go:build !race

package budget_test

const usualShare = 0.25
