// Package replace puts a new file in the place of an old one, so that a reader sees the old one or the new one, whole,
// and nothing between, also after a loss of power.
package replace
