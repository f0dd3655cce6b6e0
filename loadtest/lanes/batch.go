package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/verigate/verigate/internal/proc"
)

// batch is the sender of the batch, a process of its own as it would be a machine of its own. It sends as fast as it is
// read from while it is told to, and says how many rows were answered.
type batch struct {
	p   *proc.Process
	dir string
}

const (
	goFile    = "go"
	countFile = "count"
)

func startBatch(o options, demo *proc.Demo, dir string, rows []byte) (*batch, error) {
	corpus, key := filepath.Join(dir, "rows"), filepath.Join(dir, "key")
	for name, text := range map[string][]byte{corpus: rows, key: []byte(demo.AgencyKey)} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			return nil, fmt.Errorf("keeping the batch: %w", err)
		}
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("starting the batch's sender: %w", err)
	}
	p, err := proc.Start(nil, self, "-batch", strings.TrimPrefix(demo.Gateway, "http://"), "-key", key, "-corpus", corpus,
		"-streams", strconv.Itoa(o.streams), "-results", dir)
	if err != nil {
		return nil, err
	}
	return &batch{p: p, dir: dir}, nil
}

// during lets the batch run for as long as do does, or for length, and returns the rows answered per second.
func (b *batch) during(length time.Duration, do func() error) (float64, error) {
	path := filepath.Join(b.dir, goFile)
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		return 0, fmt.Errorf("starting the batch: %w", err)
	}
	time.Sleep(500 * time.Millisecond) // until all streams are open
	before, began := b.count(), time.Now()
	if do == nil {
		do = func() error { time.Sleep(length); return nil } // the phase's length
	}
	if err := do(); err != nil {
		return 0, err
	}
	rows, took := b.count()-before, time.Since(began)
	if err := os.Remove(path); err != nil {
		return 0, fmt.Errorf("stopping the batch: %w", err)
	}
	time.Sleep(1500 * time.Millisecond) // until its streams are read out
	if code := b.p.ExitCode(); code != -1 {
		return 0, fmt.Errorf("the batch's sender ended with %d: %s", code, b.p.Output())
	}
	return float64(rows) / took.Seconds(), nil
}

func (b *batch) count() int64 {
	text, _ := os.ReadFile(filepath.Join(b.dir, countFile)) // not there yet: nothing was answered
	n, _ := strconv.ParseInt(string(text), 10, 64)
	return n
}

func (b *batch) stop() { b.p.Kill() }

// send is the sender's own program: it runs until it is killed.
func send(o options) error {
	rows, err := os.ReadFile(o.corpus)
	if err != nil {
		return fmt.Errorf("reading the batch: %w", err)
	}
	key, err := os.ReadFile(o.key)
	if err != nil {
		return fmt.Errorf("reading the batch's key: %w", err)
	}
	head := fmt.Sprintf("POST /v1/verify HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n", o.batch, key)
	var answered atomic.Int64
	for {
		if !told(o) {
			time.Sleep(20 * time.Millisecond) // until it is told to
			continue
		}
		if err := sendOnce(o, []byte(head), rows, &answered); err != nil {
			return err
		}
	}
}

func told(o options) bool {
	_, err := os.Stat(filepath.Join(o.results, goFile))
	return err == nil
}

// sendOnce opens all streams and keeps them full until it is told to stop.
func sendOnce(o options, head, rows []byte, answered *atomic.Int64) error {
	var wg sync.WaitGroup
	failed := make(chan error, 2*o.streams)
	var open []net.Conn
	for i := range o.streams {
		c, err := net.Dial("tcp", o.batch)
		if err != nil {
			return fmt.Errorf("opening a stream: %w", err)
		}
		open = append(open, c)
		wg.Go(func() { failed <- feed(c, head, rows[len(rows)/o.streams*i:], rows) })
		wg.Go(func() { failed <- drain(c, answered) })
	}
	for told(o) {
		path := filepath.Join(o.results, countFile)
		if err := os.WriteFile(path+".new", strconv.AppendInt(nil, answered.Load(), 10), 0o600); err != nil {
			return fmt.Errorf("counting: %w", err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			return fmt.Errorf("counting: %w", err)
		}
		time.Sleep(20 * time.Millisecond) // how often it looks
	}
	for _, c := range open { // what is still on the way would take longer to read out than a phase lasts
		c.Close()
	}
	wg.Wait()
	close(failed)
	var faults []error
	for err := range failed {
		// A stream that is closed in the middle is reset by the other side, sometimes before it is seen closed here.
		if !errors.Is(err, net.ErrClosed) && !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) {
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

// feed writes whole lines, from one place in the corpus on and round again, as fast as they are taken.
func feed(c net.Conn, head, from, all []byte) error {
	if _, err := c.Write(head); err != nil {
		return fmt.Errorf("opening a stream: %w", err)
	}
	from = from[bytes.IndexByte(from, '\n')+1:]
	var out []byte
	for {
		if len(from) == 0 {
			from = all
		}
		n := len(from)
		if n > 16<<10 {
			n = bytes.LastIndexByte(from[:16<<10], '\n') + 1
		}
		out = append(strconv.AppendInt(out[:0], int64(n), 16), "\r\n"...)
		out = append(append(out, from[:n]...), "\r\n"...)
		from = from[n:]
		if _, err := c.Write(out); err != nil {
			return fmt.Errorf("sending rows: %w", err)
		}
	}
}

// drain counts answered rows until the stream is closed.
func drain(c net.Conn, answered *atomic.Int64) error {
	in := bufio.NewReaderSize(c, 256<<10)
	if head, err := in.ReadString('\n'); err != nil || !strings.HasPrefix(head, "HTTP/1.1 200 ") {
		return fmt.Errorf("opening a stream: %q, %w", head, err)
	}
	for {
		line, err := in.ReadSlice('\n')
		switch {
		case err != nil:
			return fmt.Errorf("reading answers: %w", err)
		case bytes.HasPrefix(line, []byte(`{"outcome"`)):
			answered.Add(1)
		case bytes.HasPrefix(line, []byte(`{"code"`)):
			return fmt.Errorf("a row was refused: %s", line)
		}
	}
}
