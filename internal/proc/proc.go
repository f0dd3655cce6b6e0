package proc

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// Process is a started program. It is safe for concurrent use.
type Process struct {
	name   string
	cmd    *exec.Cmd
	output *lines
	done   chan struct{} // closed once it has ended
}

// Start runs a program with the given arguments and, when env is not nil, environment. Its output is kept, see Output.
func Start(env []string, name string, args ...string) (*Process, error) {
	p := &Process{name: name, cmd: exec.Command(name, args...), output: new(lines), done: make(chan struct{})}
	p.cmd.Env = env
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	p.cmd.SysProcAttr = withParent()
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	go func() {
		defer close(p.done)
		_ = p.cmd.Wait() // the exit code is in ProcessState
	}()
	return p, nil
}

// Output returns what the program has printed so far, the first mebibyte of it.
func (p *Process) Output() string { return p.output.String() }

// Done is closed once the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// ExitCode returns the program's exit code once it has ended by itself, -1 while it runs or when a signal ended it.
func (p *Process) ExitCode() int {
	select {
	case <-p.done:
		return p.cmd.ProcessState.ExitCode()
	default:
		return -1
	}
}

// PID returns the program's process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Signal sends sig to the program.
func (p *Process) Signal(sig os.Signal) error { return p.cmd.Process.Signal(sig) }

// Wait waits for the program to end by itself and returns its exit code.
func (p *Process) Wait(limit time.Duration) (int, error) {
	select {
	case <-p.done:
		return p.ExitCode(), nil
	case <-time.After(limit):
		return -1, fmt.Errorf("%s still runs after %s; it printed:\n%s", p.name, limit, p.Output())
	}
}

// Stop asks the program to end and returns its exit code; one that has not ended within limit is killed, an error.
func (p *Process) Stop(limit time.Duration) (int, error) {
	if err := p.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return -1, fmt.Errorf("stopping %s: %w", p.name, err)
	}
	code, err := p.Wait(limit)
	if err != nil {
		p.Kill()
	}
	return code, err
}

// Kill ends the program at once and waits until it is gone.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // it may have ended already
	<-p.done
}

// FreeAddr returns a loopback address whose port nobody listened on a moment ago.
func FreeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("finding a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// lines is a bounded buffer that a program writes and a test reads.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

const maxOutput = 1 << 20

// Write keeps what fits.
func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if room := maxOutput - l.buf.Len(); room > 0 {
		l.buf.Write(b[:min(room, len(b))])
	}
	return len(b), nil
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}
