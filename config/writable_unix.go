//go:build unix

package config

import "golang.org/x/sys/unix"

// writable tells whether this process may make files in a folder; it makes none.
func writable(dir string) error { return unix.Access(dir, unix.W_OK|unix.X_OK) }
