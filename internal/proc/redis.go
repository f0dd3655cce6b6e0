package proc

import (
	"errors"
	"fmt"
	"net"
	"os/exec"
	"time"
)

// Redis is a real redis-server without persistence.
type Redis struct {
	*Process
	Addr string // host:port
}

// StartRedis runs redis-server on addr, or on a free port if addr is empty, with its files in dir, and waits until it
// answers.
func StartRedis(addr, dir string) (*Redis, error) {
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, errors.New("redis-server is missing: run make test, or install it (Debian: apt-get install redis-server)")
	}
	if addr == "" {
		if addr, err = FreeAddr(); err != nil {
			return nil, err
		}
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("starting redis-server on %s: %w", addr, err)
	}
	p, err := Start(nil, binary, "--bind", host, "--port", port, "--save", "", "--appendonly", "no", "--dir", dir)
	if err != nil {
		return nil, err
	}
	if err := awaitPort(p, addr); err != nil {
		p.Kill()
		return nil, fmt.Errorf("waiting for redis-server: %w; it printed:\n%s", err, p.Output())
	}
	return &Redis{Process: p, Addr: addr}, nil
}

func awaitPort(p *Process, addr string) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	late := time.After(10 * time.Second)
	for {
		if c, err := net.Dial("tcp", addr); err == nil {
			return c.Close()
		}
		select {
		case <-p.Done():
			return fmt.Errorf("it ended with exit code %d", p.ExitCode())
		case <-late:
			return errors.New("nobody listens on " + addr)
		case <-tick.C:
		}
	}
}
