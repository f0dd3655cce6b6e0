//go:build linux

package apptest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/verigate/verigate/audit"
)

// disk is a place for the log whose room can be taken away from the gateway and given back.
type disk struct {
	dir        string // the log's folder
	command    []string
	fill, free func(*gateway) error
}

// limited takes the room away by a limit on the size of the gateway's files, which needs no rights at all: to whoever
// prepares a segment it looks as a full disk does.
func limited(t *testing.T) disk {
	t.Helper()
	set := func(size uint64) func(*gateway) error {
		return func(g *gateway) error {
			return unix.Prlimit(g.PID(), unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: size, Max: unix.RLIM_INFINITY}, nil)
		}
	}
	return disk{dir: filepath.Join(t.TempDir(), "audit"), command: []string{program}, fill: set(600 << 10), free: set(unix.RLIM_INFINITY)}
}

// full is a small file system that is filled up.
func full(t *testing.T) disk {
	t.Helper()
	dir := mounted(t, "16m")
	filler := filepath.Join(dir, "filler")
	return disk{dir: filepath.Join(dir, "audit"), command: []string{program}, fill: func(*gateway) error {
		f, err := os.Create(filler)
		if err != nil {
			return err
		}
		for err == nil {
			_, err = f.Write(make([]byte, 4<<10))
		}
		return f.Close()
	}, free: func(*gateway) error { return os.Remove(filler) }}
}

// mounted mounts a file system in memory; where that is not permitted, the test says so and leaves it to the others.
func mounted(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+size+",mode=0755"); err != nil {
		fmt.Fprintf(os.Stderr, "%s: mounting a file system is not permitted here (%v): a limit on file sizes stands in for a full disk\n", t.Name(), err)
		t.Skip("mounting is not permitted")
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// forbidden takes away the right to write the folder, as a file system that was made read-only does. Root may write
// anything: as root, the gateway runs as nobody.
func forbidden(t *testing.T) disk {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "audit")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	d := disk{dir: dir, command: []string{program}, fill: func(*gateway) error { return os.Chmod(dir, 0o500) },
		free: func(*gateway) error { return os.Chmod(dir, 0o700) }}
	if os.Getuid() == 0 {
		const nobody = 65534
		if err := os.Chmod(filepath.Dir(filepath.Dir(dir)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(dir, nobody, nobody); err != nil {
			t.Fatal(err)
		}
		d.command = []string{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program}
	}
	return d
}

// TestDiskFull takes the log's disk away from a gateway under load, in every way, and gives it back: meanwhile answers
// are refused (or, if so configured, given and counted), the alarm is up, and afterwards everything that was answered is
// in the log, with how many decisions are not.
func TestDiskFull(t *testing.T) {
	for _, c := range []struct {
		name, policy string
		make         func(*testing.T) disk
		whole        bool // only in make faults
	}{
		{"files limited", "refuse", limited, false},
		{"files limited", "answer", limited, true},
		{"full", "refuse", full, false},
		{"full", "answer", full, true},
		{"not writable", "refuse", forbidden, true},
		{"not writable", "answer", forbidden, false},
	} {
		if !c.whole || *kills >= 100 {
			t.Run(c.name+", "+c.policy, func(t *testing.T) { holdDiskFull(t, c.make(t), c.policy) })
		}
	}
}

func holdDiskFull(t *testing.T, d disk, policy string) {
	g, stop := startOn(t, d, policy)
	c := newCrowd(t, g)
	c.await("answers", func() bool { return c.answered() > 100 })
	if err := d.fill(g); err != nil {
		t.Fatal(err)
	}
	answer := map[string]string{"refuse": `answer="refused"`, "answer": `answer="given"`}[policy]
	const unrecorded = "verigate_audit_unrecorded_total"
	c.await("decisions that cannot be recorded", func() bool { return g.scrape(t).sum(unrecorded, answer) > 100 })
	if m := g.scrape(t); m.sum("verigate_audit_healthy") != 0 {
		t.Error("the alarm metric is not up")
	}
	if r := g.get(t, g.Admin+"/readyz"); r.status != http.StatusServiceUnavailable || !strings.Contains(string(r.body), "no segment to write to") {
		t.Errorf("readiness: %d %s", r.status, r.body)
	}
	if r := g.get(t, g.Admin+"/healthz"); r.status != http.StatusOK {
		t.Errorf("the gateway calls itself dead: %d", r.status)
	}
	if err := d.free(g); err != nil {
		t.Fatal(err)
	}
	c.await("recovery", func() bool { return g.scrape(t).sum("verigate_audit_healthy") == 1 })
	again := c.answered()
	c.await("answers again", func() bool { return c.answered() > again+100 })
	c.leave()
	c.await("the gap being written down", func() bool { return sumGaps(t, d.dir).decisions == int(g.scrape(t).sum(unrecorded)) })
	if c.refused() == 0 != (policy == "answer") {
		t.Errorf("%d were refused with policy %q", c.refused(), policy)
	}
	stop()
	holdCrowd(t, d.dir, c, policy)
}

// holdCrowd holds what the crowd was answered to the log: nothing is missing but what the log says is.
func holdCrowd(t *testing.T, dir string, c *crowd, policy string) {
	t.Helper()
	gaps := sumGaps(t, dir)
	missing := 0
	recorded := gaps.recorded
	for r := range c.got {
		if !recorded[r] {
			missing++
		}
	}
	want := 0
	if policy == "answer" {
		want = gaps.decisions
	}
	if missing != want || gaps.answered != (policy == "answer") {
		t.Errorf("%d answers are not in the log; its gaps tell of %d decisions, answered %v", missing, gaps.decisions, gaps.answered)
	}
	report, err := audit.Verify(context.Background(), audit.VerifyConfig{Dir: dir})
	if err != nil || !report.Sound() {
		t.Errorf("%v, %v", report, err)
	}
	t.Logf("%d answered, %d refused, gaps of %d decisions", len(c.got), c.refused(), gaps.decisions)
}

type gaps struct {
	decisions int
	answered  bool
	recorded  received
}

func sumGaps(t *testing.T, dir string) (g gaps) {
	t.Helper()
	g.recorded = received{}
	search := audit.Search{Dir: dir, Problem: func(err error) { t.Error(err) }, Visit: func(f *audit.Found) error {
		if f.Decision != nil {
			g.recorded[receipt{f.Decision.RequestID, f.Decision.Row}] = true
		}
		if f.Event != nil && f.Event.Kind == "gap" {
			n, err := strconv.Atoi(f.Event.Detail["decisions"])
			if err != nil {
				t.Errorf("a gap of %q decisions", f.Event.Detail["decisions"])
			}
			g.decisions, g.answered = g.decisions+n, f.Event.Detail["answered"] == "true"
		}
		return nil
	}}
	if err := search.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	return g
}

// startOn starts a demo whose log is on the disk; stop ends it and fails the test if it did not end well.
func startOn(t *testing.T, d disk, policy string) (g *gateway, stop func()) {
	t.Helper()
	home := filepath.Join(t.TempDir(), "demo")
	if d.command[0] == "setpriv" {
		if err := os.Mkdir(home, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(home, 65534, 65534); err != nil {
			t.Fatal(err)
		}
	}
	command := append([]string{"env", "VERIGATE_AUDIT_DIR=" + d.dir, "VERIGATE_AUDIT_ON_FAILURE=" + policy, "VERIGATE_AUDIT_SEGMENT_SIZE=1MiB",
		"VERIGATE_AUDIT_STALL_TIMEOUT=100ms"}, d.command...)
	g = startAs(t, command, home, "--people", "2000", "--today", today, "--unlimited")
	g.logIn(t)
	return g, func() { g.end(t) }
}

// crowd are clients that keep asking about people already known to the gateway.
type crowd struct {
	t    *testing.T
	stop chan struct{}
	wg   sync.WaitGroup

	mu       sync.Mutex
	got      received // answers; refusals as unavailable are counted only
	unlogged int
}

func newCrowd(t *testing.T, g *gateway) *crowd {
	t.Helper()
	list := samplesOf(t, "2000", "valid", 40, 9)
	c := &crowd{t: t, stop: make(chan struct{}), got: received{}}
	for worker := range askers {
		c.wg.Go(func() {
			for n := worker; ; n++ {
				select {
				case <-c.stop:
					return
				default:
				}
				told, err := g.receive(worker%2, list, n%len(list))
				c.note(told, err)
			}
		})
	}
	t.Cleanup(c.leave)
	return c
}

func (c *crowd) note(told []receipt, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case errors.Is(err, errUnavailable):
		c.unlogged++
	case err != nil:
		c.t.Error(err)
	}
	for _, r := range told {
		c.got[r] = true
	}
}

func (c *crowd) answered() int { c.mu.Lock(); defer c.mu.Unlock(); return len(c.got) }
func (c *crowd) refused() int  { c.mu.Lock(); defer c.mu.Unlock(); return c.unlogged }

func (c *crowd) leave() {
	c.mu.Lock()
	select {
	case <-c.stop:
	default:
		close(c.stop)
	}
	c.mu.Unlock()
	c.wg.Wait()
}

func (c *crowd) await(what string, ok func() bool) {
	c.t.Helper()
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if ok() {
			return
		}
	}
	c.t.Fatalf("waiting in vain for %s", what)
}

// TestDiskFails cuts the file under the log, as a disk does that loses what it held: the process lives, answers nothing
// any more, says why, and the next start refuses the folder without touching it.
func TestDiskFails(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "audit")
	home := filepath.Join(t.TempDir(), "demo")
	command := with("VERIGATE_AUDIT_DIR="+dir, "VERIGATE_AUDIT_SEGMENT_SIZE=1MiB", "VERIGATE_AUDIT_CHECKPOINT_EVERY=1s", "VERIGATE_AUDIT_LINK_EVERY=100ms")
	args := []string{"--people", "2000", "--today", today}
	g := startAs(t, command, home, args...)
	list := samplesOf(t, "2000", "valid", 1, 9)
	if f := holdNative(g, list[0]); f != "" {
		t.Fatal(f)
	}
	for end := time.Now().Add(20 * time.Second); !strings.Contains(string(g.get(t, g.Admin+"/audit/checkpoint").body), "\nhead "); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("no checkpoint names the segment being written")
		}
	}
	if err := os.Truncate(filepath.Join(dir, "00000000000000000001.seg"), 0); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if a, err := g.lookup(list[0]); err != nil || a.status != http.StatusServiceUnavailable || a.Code != "unavailable" {
			t.Errorf("answered %d %s %s, %v", a.status, a.Code, a.Outcome, err)
		}
	}
	if r := g.get(t, g.Admin+"/readyz"); r.status != http.StatusServiceUnavailable || !strings.Contains(string(r.body), "the audit log failed") {
		t.Errorf("readiness: %d %s", r.status, r.body)
	}
	if n := g.scrape(t).sum("verigate_audit_healthy"); n != 0 {
		t.Errorf("the alarm metric is %v", n)
	}
	g.Kill()
	holdRefused(t, dir, "removed or emptied", append(slices.Clip(command), append([]string{"demo", "--data", home, "--listen", freeAddr(t), "--admin", freeAddr(t), "--registry", freeAddr(t)}, args...)...))
}
