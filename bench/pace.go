package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// The client at a fixed rate is a process of its own, so that it can be kept to its half of the cores as wrk is. A
// request's time counts from when it was due, not from when it was sent: a server that stalls is charged for all that
// had to wait behind it.

// paced is the client's side towards the bench.
type paced struct {
	command   []string
	questions string
	conns     int
	rate      int
}

func newPaced(o options, pin []string, dir string, questions []question) (*paced, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program: %w", err)
	}
	file := filepath.Join(dir, "questions.json")
	list := make([][2]string, len(questions))
	for i, q := range questions {
		list[i] = [2]string{q.key, string(q.body)}
	}
	text, err := json.Marshal(list)
	if err == nil {
		err = os.WriteFile(file, text, 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("keeping the questions: %w", err)
	}
	return &paced{command: append(append([]string{}, pin...), self), questions: file, conns: o.conns, rate: o.rate}, nil
}

func (p *paced) drive(addr string, d time.Duration) (f figures, err error) {
	args := append(p.command[1:len(p.command):len(p.command)], "-pace", p.questions, "-addr", addr, "-conns", strconv.Itoa(p.conns),
		"-rate", strconv.Itoa(p.rate), "-each", d.String())
	cmd := exec.Command(p.command[0], args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, &f)
	}
	if err != nil {
		return f, fmt.Errorf("asking %s at %d/s: %w", addr, p.rate, err)
	}
	return f, nil
}

// pace is the process: it asks and prints figures.
func pace(o options, addr string) error {
	text, err := os.ReadFile(o.pace)
	if err != nil {
		return fmt.Errorf("reading the questions: %w", err)
	}
	var list [][2]string
	if err := json.Unmarshal(text, &list); err != nil || len(list) == 0 {
		return fmt.Errorf("reading the questions: %d, %w", len(list), err)
	}
	questions := make([]question, len(list))
	for i, q := range list {
		questions[i] = question{q[0], []byte(q[1])}
	}
	requests := wire(addr, questions)
	var mu sync.Mutex
	var times []time.Duration
	var faults []error
	var wg sync.WaitGroup
	start := time.Now().Add(100 * time.Millisecond)
	for i := range o.conns {
		wg.Go(func() {
			took, err := keepTime(addr, requests, schedule{start, i, o.conns, o.rate, start.Add(o.each)})
			mu.Lock()
			defer mu.Unlock()
			times, faults = append(times, took...), append(faults, err)
		})
	}
	wg.Wait()
	elapsed := time.Since(start)
	if err := errors.Join(faults...); err != nil || len(times) == 0 {
		return fmt.Errorf("asking: %w", err)
	}
	return json.NewEncoder(os.Stdout).Encode(summary(times, elapsed))
}

// schedule says when a connection's requests are due: all connections together make the rate, evenly.
type schedule struct {
	start       time.Time
	conn, conns int
	rate        int
	until       time.Time
}

func (s schedule) due(n int) time.Time {
	return s.start.Add(time.Duration(n*s.conns+s.conn) * time.Second / time.Duration(s.rate))
}

func keepTime(addr string, requests [][]byte, s schedule) (took []time.Duration, err error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	r := bufio.NewReaderSize(c, 8<<10)
	for n := 0; ; n++ {
		due := s.due(n)
		if due.After(s.until) {
			return took, nil
		}
		time.Sleep(time.Until(due))
		if _, err := c.Write(requests[(n*s.conns+s.conn)%len(requests)]); err != nil {
			return took, err
		}
		if err := readReply(r); err != nil {
			return took, err
		}
		took = append(took, time.Since(due))
	}
}
