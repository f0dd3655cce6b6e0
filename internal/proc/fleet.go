package proc

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// FleetConfig says what a fleet is made of.
type FleetConfig struct {
	Program    string // the verigate binary
	Dir        string // for everything it keeps
	Nodes      int
	People     int
	Today      string // the nation's date
	Clients    string // the caller directory's file
	ClientsKey string // the file with its secret
	Shared     bool   // the directory is brought into Redis and taken from there, and limits hold
	Cache      string // YAML below "cache:", each line indented by two spaces; redis is filled in, and for FILTER a file of the node's own
}

// Fleet is several gateways with one Redis in front of one reference registry with its lab, each a process of its own
// that can be killed, stopped and started again on its address.
type Fleet struct {
	Registry *Service
	Redis    *Redis
	Nodes    []*Service
}

// Service is a program that keeps its addresses over restarts. It is not safe for concurrent use.
type Service struct {
	*Process
	URL   string // of its public listener, without a trailing slash
	Admin string // of its admin listener; the registry has none

	command []string
	ready   string
}

// StartFleet starts everything and waits until it is ready. What was started when something fails is killed.
func StartFleet(c FleetConfig) (f *Fleet, err error) {
	f = new(Fleet)
	defer func() {
		if err != nil {
			f.Kill()
			f = nil
		}
	}()
	if f.Redis, err = StartRedis("", c.Dir); err != nil {
		return f, err
	}
	if err = f.push(&c); err != nil {
		return f, err
	}
	addr, err := FreeAddr()
	if err != nil {
		return f, err
	}
	f.Registry = &Service{URL: "http://" + addr, ready: "http://" + addr + "/", command: []string{c.Program, "registry", "--lab", "--listen", addr,
		"--people", strconv.Itoa(c.People), "--today", c.Today, "--data", filepath.Join(c.Dir, "registry")}}
	if err = f.Registry.Start(30 * time.Second); err != nil {
		return f, err
	}
	for i := range c.Nodes {
		n, err := f.node(&c, filepath.Join(c.Dir, "node"+strconv.Itoa(i)))
		if err != nil {
			return f, err
		}
		if err := n.Start(60 * time.Second); err != nil {
			return f, err
		}
		f.Nodes = append(f.Nodes, n)
	}
	return f, nil
}

// push brings the directory into Redis, if that is where the nodes are to find it.
func (f *Fleet) push(c *FleetConfig) error {
	if !c.Shared {
		return nil
	}
	p, err := Start(nil, c.Program, "clients", "--redis", "redis://"+f.Redis.Addr, "--key-file", c.ClientsKey, "push", c.Clients)
	if err != nil {
		return err
	}
	defer p.Kill()
	if code, err := p.Wait(30 * time.Second); err != nil || code != 0 {
		return fmt.Errorf("bringing the directory into Redis: exit code %d, %w; it printed:\n%s", code, err, p.Output())
	}
	return nil
}

// node prepares a gateway: its folder, its configuration, its addresses.
func (f *Fleet) node(c *FleetConfig, dir string) (*Service, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	for name, secret := range map[string]string{"subject": "s", "token": "t", "cache": "c"} { // the same on every node
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Repeat(secret, 43)), 0o600); err != nil {
			return nil, err
		}
	}
	public, err := FreeAddr()
	if err != nil {
		return nil, err
	}
	admin, err := FreeAddr()
	if err != nil {
		return nil, err
	}
	in := func(name string) string { return strconv.Quote(filepath.Join(dir, name)) }
	callers := fmt.Sprintf("{file: %q, key_file: %q, unlimited: true}", c.Clients, c.ClientsKey)
	if c.Shared {
		callers = fmt.Sprintf(`{redis: {url: "redis://%s"}, data: %s, key_file: %q}`, f.Redis.Addr, in("clients"), c.ClientsKey)
	}
	config := fmt.Sprintf(`
listen: {http: %q}
admin: {listen: %q}
today: %q
keys: {subject: %s}
registry: {url: %q}
clients: %s
budget: {enabled: false}
gateway: {portal: {token_keys: [%s]}}
audit: {dir: %s, keys: %s}
cache:
  redis: {url: "redis://%s", key_file: %s}
%s`, public, admin, c.Today, in("subject"), f.Registry.URL, callers, in("token"), in("audit"), in("audit-keys"), f.Redis.Addr, in("cache"),
		strings.ReplaceAll(c.Cache, "FILTER", filepath.Join(dir, "filter.vgf")))
	file := filepath.Join(dir, "verigate.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return nil, err
	}
	return &Service{URL: "http://" + public, Admin: "http://" + admin, ready: "http://" + admin + "/readyz", command: []string{c.Program, "serve", "--config", file}}, nil
}

// Start runs the program and waits until it answers.
func (s *Service) Start(limit time.Duration) (err error) {
	if s.Process, err = Start(nil, s.command[0], s.command[1:]...); err != nil {
		return err
	}
	client := &http.Client{Timeout: time.Second}
	defer client.CloseIdleConnections()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(limit)
	for {
		if resp, err := client.Get(s.ready); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode < http.StatusInternalServerError {
				return nil
			}
		}
		select {
		case <-s.Done():
			return fmt.Errorf("waiting for %v: it ended with exit code %d; it printed:\n%s", s.command[1:], s.ExitCode(), s.Output())
		case <-late:
			s.Kill()
			return fmt.Errorf("waiting for %v: not ready after %s; it printed:\n%s", s.command[1:], limit, s.Output())
		case <-tick.C:
		}
	}
}

// RestartRedis kills Redis, if it still runs, and starts it anew, empty, on its address.
func (f *Fleet) RestartRedis(dir string) error {
	f.Redis.Kill()
	var err error
	for range 50 { // the kernel may keep the address for a moment
		var r *Redis
		if r, err = StartRedis(f.Redis.Addr, dir); err == nil {
			f.Redis = r
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return err
}

// Stop ends everything in order and returns what did not end well, with what it printed.
func (f *Fleet) Stop(limit time.Duration) error {
	var faults []error
	for _, s := range append(append([]*Service{}, f.Nodes...), f.Registry) {
		if code, err := s.Stop(limit); err != nil || code != 0 || strings.Contains(s.Output(), "DATA RACE") {
			faults = append(faults, fmt.Errorf("%v ended with exit code %d, %w; it printed:\n%s", s.command[1:], code, err, s.Output()))
		}
	}
	f.Redis.Kill()
	return errors.Join(faults...)
}

// Kill ends everything at once.
func (f *Fleet) Kill() {
	for _, s := range append(append([]*Service{}, f.Nodes...), f.Registry) {
		if s != nil && s.Process != nil {
			s.Kill()
		}
	}
	if f.Redis != nil {
		f.Redis.Kill()
	}
}
