package clients

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/verigate/verigate/internal/metric"
)

// state is what is known of the file, for the loader and for status pages.
type state struct {
	version string
	callers int
	loaded  time.Time
	err     error
	stamp   stamp
}

// stamp tells whether a file is worth reading again.
type stamp struct {
	modified time.Time
	size     int64
	info     os.FileInfo
}

func (s stamp) same(t stamp) bool {
	return s.info != nil && t.info != nil && os.SameFile(s.info, t.info) && s.size == t.size && s.modified.Equal(t.modified)
}

// inPlace tells whether s is the file t as somebody wrote into it.
func (s stamp) inPlace(t stamp) bool {
	return s.info != nil && t.info != nil && os.SameFile(s.info, t.info)
}

// Status is the directory's state for /status and /readyz.
type Status struct {
	Version string    `json:"version"` // of what is in force
	Callers int       `json:"callers"`
	Loaded  time.Time `json:"loaded"`
	Error   string    `json:"error,omitempty"` // why the file as it is now was refused
}

// Status tells which version of the directory is in force and whether a newer one was refused.
func (d *Directory) Status() Status {
	s := d.state.Load()
	out := Status{Version: s.version, Callers: s.callers, Loaded: s.loaded}
	if s.err != nil {
		out.Error = s.err.Error()
	}
	return out
}

// watch looks at the file until ctx ends. A file system without notifications (network, container mounts) is the
// normal case for this file, so it is looked at rather than listened to.
func (d *Directory) watch(ctx context.Context, every time.Duration) {
	defer close(d.done)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			d.reload()
		}
	}
}

// reload reads the file if it changed; what is broken is told once and leaves everything as it was. A file that was
// replaced is whole; one that was written in place may not be yet, and has to look the same twice.
func (d *Directory) reload() {
	old := d.state.Load()
	now, err := stampOf(d.file)
	if err == nil && now.same(old.stamp) {
		return
	}
	if err == nil && now.inPlace(old.stamp) && !now.same(d.growing) {
		d.growing = now
		return
	}
	if err == nil {
		err = d.load()
	}
	s := d.state.Load()
	if err != nil {
		if old.err != nil && old.err.Error() == err.Error() {
			return
		}
		broken := *s
		broken.err, broken.stamp = err, now
		d.state.Store(&broken)
		d.count.reloadRefused.Inc()
		d.deps.Log.Error("caller directory refused, the previous one stays in force", "file", d.file, "reason", err)
	} else {
		d.count.reloads.Inc()
		d.deps.Log.Info("caller directory loaded", "file", d.file, "version", s.version, "callers", s.callers)
	}
	if d.deps.Changed != nil {
		d.deps.Changed(Change{Version: s.version, Callers: s.callers, Err: err})
	}
}

// load puts the file in force or leaves everything as it was.
func (d *Directory) load() error {
	mark, err := stampOf(d.file)
	if err != nil {
		return err
	}
	raw, err := readFile(d.file)
	if err != nil {
		return err
	}
	f, err := Decode(bytes.NewReader(raw))
	if err != nil {
		return fmt.Errorf("%s: %w", d.file, err)
	}
	t, err := newTable(f, d.places)
	if err != nil {
		return fmt.Errorf("%s: %w", d.file, err)
	}
	d.putInForce(t)
	sum := sha256.Sum256(raw)
	d.state.Store(&state{version: hex.EncodeToString(sum[:8]), callers: len(t.callers), loaded: time.Now(), stamp: mark})
	return nil
}

// putInForce makes t what requests see, and tells the counters about new limits and statuses.
func (d *Directory) putInForce(t *table) {
	for id, c := range t.callers {
		s := d.places.at(d.places.index[id])
		r := c.limits
		if d.unlimited {
			r = rule{}
		}
		s.rule.Store(&r)
		s.status.Store(uint32(c.status))
	}
	d.places.retire(t)
	d.table.Store(t)
	d.epoch.Add(1)
}

func stampOf(path string) (stamp, error) {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}, fmt.Errorf("reading the caller directory: %w", err)
	}
	return stamp{modified: info.ModTime(), size: info.Size(), info: info}, nil
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the caller directory: %w", err)
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading the caller directory: %w", err)
	}
	if len(raw) > MaxFile {
		return nil, fmt.Errorf("reading the caller directory: %s is longer than %d MiB", path, MaxFile>>20)
	}
	return raw, nil
}

// counters are the room's metrics.
type counters struct {
	loginOK, loginWrong, loginRepeated, loginSlowed, loginRevoked, loginMalformed *metric.Counter
	reloads, reloadRefused                                                        *metric.Counter
}

func (c *counters) register(set *metric.Set, d *Directory) {
	login := func(result string) *metric.Counter {
		return set.Counter("verigate_clients_logins_total", "Portal log-ins by result.", "result", result)
	}
	c.loginOK, c.loginWrong, c.loginRepeated = login("ok"), login("wrong"), login("repeated")
	c.loginSlowed, c.loginRevoked, c.loginMalformed = login("slowed"), login("revoked"), login("malformed")
	reload := func(result string) *metric.Counter {
		return set.Counter("verigate_clients_reloads_total", "Changed directory files by what became of them.", "result", result)
	}
	c.reloads, c.reloadRefused = reload("loaded"), reload("refused")
	set.Gauge("verigate_clients_callers", "Callers in force.", func() float64 { return float64(d.state.Load().callers) })
	set.Gauge("verigate_clients_directory_refused", "1 while the directory file is newer than what is in force because it was refused.", func() float64 {
		if d.state.Load().err != nil {
			return 1
		}
		return 0
	})
	set.Gauge("verigate_clients_oldest_key_seconds", "Age of the oldest API key that can be used.", func() float64 {
		t := d.table.Load()
		if t == nil || t.oldest.IsZero() {
			return 0
		}
		return time.Since(t.oldest).Seconds()
	})
}
