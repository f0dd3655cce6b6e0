//go:build !linux

package proc

import "syscall"

// withParent is for Linux; elsewhere a killed test leaves its programs running.
func withParent() *syscall.SysProcAttr { return nil }
