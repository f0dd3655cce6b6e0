package proc

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// DemoFile is what a demo writes into DIR/demo.json once it is ready. Addresses are base URLs without a trailing slash.
type DemoFile struct {
	Gateway        string `json:"gateway"`
	Admin          string `json:"admin"`
	Registry       string `json:"registry"`
	ClinicKey      string `json:"clinic_key"`
	AgencyKey      string `json:"agency_key"`
	PortalUsername string `json:"portal_username"`
	PortalPassword string `json:"portal_password"`
	OfficerID      string `json:"officer_id"`
	OfficerName    string `json:"officer_name"`
	People         uint64 `json:"people"`
	Seed           uint64 `json:"seed"`
}

// Demo is a running demo.
type Demo struct {
	*Process
	DemoFile
	Dir string
}

// StartDemo runs "verigate demo" with its data in dir on free ports, and with args, and waits until it is ready. The
// command is the binary, behind whatever it is to be run by (taskset -c 0).
func StartDemo(command []string, dir string, limit time.Duration, args ...string) (*Demo, error) {
	all := append(slices.Clone(command[1:]), "demo", "--data", dir)
	for _, flag := range []string{"--listen", "--admin", "--registry"} {
		all = append(all, flag, "127.0.0.1:0")
	}
	file := filepath.Join(dir, "demo.json")
	if err := os.Remove(file); err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("removing what an earlier demo left: %w", err)
	}
	p, err := Start(nil, command[0], append(all, args...)...)
	if err != nil {
		return nil, err
	}
	d := &Demo{Process: p, Dir: dir}
	if err := d.awaitFile(file, limit); err != nil {
		p.Kill()
		return nil, fmt.Errorf("waiting for the demo: %w; it printed:\n%s", err, p.Output())
	}
	return d, nil
}

func (d *Demo) awaitFile(file string, limit time.Duration) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(limit)
	for {
		body, err := os.ReadFile(file)
		if err == nil {
			return json.Unmarshal(body, &d.DemoFile)
		}
		select {
		case <-d.Done():
			return fmt.Errorf("it ended with exit code %d", d.ExitCode())
		case <-late:
			return fmt.Errorf("not ready after %s", limit)
		case <-tick.C:
		}
	}
}
