package proc

import "syscall"

// withParent has the kernel end a started program with this one, so that a killed test leaves nothing running.
func withParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
