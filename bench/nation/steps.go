//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/verigate/verigate/cache/prefilter"
	"github.com/verigate/verigate/internal/proc"
)

var kinds = []string{"id", "code", "card"}

func (o *options) file(name string) string { return filepath.Join(o.dir, name) }

// command runs the program to its end and tells how long that took and the most memory it had.
func (o *options) command(ctx context.Context, args ...string) (out []byte, took usage, err error) {
	cmd := exec.CommandContext(ctx, o.verigate, args...)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	started := time.Now()
	out, err = cmd.Output()
	took.Seconds = time.Since(started).Seconds()
	if used, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		took.PeakMB = float64(used.Maxrss) / 1000
	}
	if err != nil {
		err = fmt.Errorf("%v: %w: %s", args[:2], err, bytes.TrimSpace(complaints.Bytes()))
	}
	return out, took, err
}

// fromRegistry builds beside the reference registry, which makes its export meanwhile, and then stores the exports.
func fromRegistry(ctx context.Context, o *options, r *result) (err error) {
	addr, err := proc.FreeAddr()
	if err != nil {
		return err
	}
	reg, err := proc.Start(nil, o.verigate, "registry", "--listen", addr, "--people", strconv.Itoa(o.people))
	if err != nil {
		return err
	}
	defer reg.Kill()
	url := "http://" + addr
	if err := await(ctx, url); err != nil {
		return fmt.Errorf("%w; the registry printed %s", err, reg.Output())
	}
	if _, r.FromRegistry, err = o.command(ctx, "filter", "build", "--registry", url, "--out", o.file("beside.vgf"), "--fp", "0.01"); err != nil {
		return err
	}
	started := time.Now()
	snapshot := ""
	for _, kind := range kinds {
		if snapshot, err = o.store(ctx, url, kind, snapshot); err != nil {
			return err
		}
	}
	r.ExportSeconds = time.Since(started).Seconds()
	return os.Remove(o.file("beside.vgf"))
}

func await(ctx context.Context, url string) error {
	for range 300 {
		if resp, err := http.Get(url + "/"); err == nil {
			return resp.Body.Close()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return errors.New("the registry does not answer")
}

// store keeps one kind's compact export as it comes; all kinds are of one snapshot.
func (o *options) store(ctx context.Context, url, kind, snapshot string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/keys?kind="+kind+"&snapshot="+snapshot, nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("Accept", prefilter.MediaType)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("the registry answered %s", resp.Status)
	}
	f, err := os.Create(o.file(kind + ".keys"))
	if err != nil {
		return "", err
	}
	if _, err = io.Copy(f, resp.Body); err != nil {
		return "", errors.Join(err, f.Close())
	}
	head := make([]byte, 64<<10)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", errors.Join(err, f.Close())
	}
	var first struct{ Snapshot string }
	line, _, _ := bytes.Cut(head[:n], []byte("\n"))
	return first.Snapshot, errors.Join(json.Unmarshal(line, &first), f.Close())
}

// fromExports builds from the stored exports: at one in a hundred, which the targets are for, and at the default.
func fromExports(ctx context.Context, o *options, r *result) (err error) {
	for _, b := range []struct {
		name, fp string
		into     *usage
	}{{"nation.vgf", "0.01", &r.FromExports}, {"default.vgf", "0.001", &r.FromExportsDefault}} {
		if _, *b.into, err = o.command(ctx, "filter", "build", "--from", o.dir, "--out", o.file(b.name), "--fp", b.fp); err != nil {
			return err
		}
	}
	out, _, err := o.command(ctx, "filter", "inspect", o.file("nation.vgf"), "--format", "json")
	if err != nil {
		return err
	}
	if err := json.Unmarshal(out, &r.info); err != nil {
		return err
	}
	r.Keys, r.Bytes, r.BitsPerKey = r.info.Keys, r.info.Bytes, float64(r.info.Bytes)*8/float64(r.info.Keys)
	if info, err := os.Stat(o.file("default.vgf")); err == nil {
		r.BytesDefault = info.Size()
	}
	return nil
}

// ask puts everybody to the filter, and those never issued. A denial is in the report, not an error of this step.
func ask(ctx context.Context, o *options, r *result) error {
	out, took, err := o.command(ctx, "filter", "check", o.file("nation.vgf"), "--from", o.dir, "--absent", strconv.FormatUint(o.absent, 10), "--format", "json")
	if len(out) == 0 && err != nil {
		return err
	}
	r.Check = took
	return json.Unmarshal(out, &r.Kinds)
}

// open lets a process open and verify the file: from a warm page cache, and with nothing of it in memory.
func open(ctx context.Context, o *options, r *result) error {
	for _, state := range []struct {
		cold bool
		into *float64
	}{{false, &r.OpenWarm}, {true, &r.OpenCold}} {
		var took []float64
		for range 5 {
			if state.cold {
				if err := forget(o.file("nation.vgf")); err != nil {
					return err
				}
			}
			_, u, err := o.command(ctx, "filter", "inspect", o.file("nation.vgf"))
			if err != nil {
				return err
			}
			took = append(took, u.Seconds)
		}
		slices.Sort(took)
		*state.into = took[len(took)/2]
	}
	return nil
}

// forget has the kernel drop a file from its page cache.
func forget(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return err
	}
	return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
}
