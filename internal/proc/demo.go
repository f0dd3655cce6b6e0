package proc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/verigate/verigate/internal/demofile"
)

// Demo is a running demo.
type Demo struct {
	*Process
	demofile.File
	Dir string
}

// StartDemo runs "verigate demo" with its data in dir on free ports, and with args, and waits until it is ready. The
// command is the binary, behind whatever it is to be run by (taskset -c 0).
func StartDemo(command []string, dir string, limit time.Duration, args ...string) (*Demo, error) {
	all := append(slices.Clone(command[1:]), "demo", "--data", dir)
	for _, flag := range []string{"--listen", "--admin", "--registry"} {
		all = append(all, flag, "127.0.0.1:0")
	}
	file := filepath.Join(dir, demofile.Name)
	if err := os.Remove(file); err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("removing what an earlier demo left: %w", err)
	}
	p, err := Start(nil, command[0], append(all, args...)...)
	if err != nil {
		return nil, err
	}
	d := &Demo{Process: p, Dir: dir}
	if err := d.awaitFile(limit); err != nil {
		p.Kill()
		return nil, fmt.Errorf("waiting for the demo: %w; it printed:\n%s", err, p.Output())
	}
	return d, nil
}

func (d *Demo) awaitFile(limit time.Duration) (err error) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(limit)
	for {
		if d.File, err = demofile.Read(d.Dir); !errors.Is(err, fs.ErrNotExist) {
			return err
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
