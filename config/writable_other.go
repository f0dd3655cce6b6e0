//go:build !unix

package config

// writable leaves to the start what cannot be told without writing.
func writable(string) error { return nil }
