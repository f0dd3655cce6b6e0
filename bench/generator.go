package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"
)

// generator keeps connections busy with prepared bytes; it understands just enough HTTP to find the end of a reply.
type generator struct {
	conns     int
	questions []question
}

func (g *generator) name() string { return "the built-in client" }

func (g *generator) drive(addr string, d time.Duration) (figures, error) {
	requests := wire(addr, g.questions)
	var mu sync.Mutex
	var times []time.Duration
	var faults []error
	var wg sync.WaitGroup
	start := time.Now()
	for i := range g.conns {
		wg.Go(func() {
			took, err := converse(addr, requests, i, start.Add(d))
			mu.Lock()
			defer mu.Unlock()
			times = append(times, took...)
			if err != nil {
				faults = append(faults, err)
			}
		})
	}
	wg.Wait()
	elapsed := time.Since(start)
	if err := errors.Join(faults...); err != nil || len(times) == 0 {
		return figures{}, fmt.Errorf("asking %s: %w", addr, err)
	}
	return summary(times, elapsed), nil
}

// wire returns each question as the bytes of a request.
func wire(addr string, questions []question) [][]byte {
	requests := make([][]byte, len(questions))
	for i, q := range questions {
		requests[i] = fmt.Appendf(nil, "POST /v1/lookup HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
			addr, q.key, len(q.body), q.body)
	}
	return requests
}

// summary sorts what was measured.
func summary(times []time.Duration, elapsed time.Duration) figures {
	slices.Sort(times)
	at := func(share float64) float64 {
		return float64(times[int(share*float64(len(times)-1))].Microseconds()) / 1000
	}
	return figures{PerSecond: float64(len(times)) / elapsed.Seconds(), P50: at(.5), P99: at(.99)}
}

// converse asks one request after the other on one connection until the deadline.
func converse(addr string, requests [][]byte, next int, until time.Time) (took []time.Duration, err error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	r := bufio.NewReaderSize(c, 8<<10)
	for now := time.Now(); now.Before(until); next++ {
		if _, err := c.Write(requests[next%len(requests)]); err != nil {
			return took, err
		}
		if err := readReply(r); err != nil {
			return took, err
		}
		after := time.Now()
		took, now = append(took, after.Sub(now)), after
	}
	return took, nil
}

func readReply(r *bufio.Reader) error {
	status, err := r.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(status, []byte("HTTP/1.1 200")) {
		return fmt.Errorf("answered %q", bytes.TrimSpace(status))
	}
	length := 0
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			break
		}
		if name, value, ok := bytes.Cut(line, []byte(": ")); ok && bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(value)); err != nil {
				return fmt.Errorf("reading the reply's length: %w", err)
			}
		}
	}
	_, err = io.CopyN(io.Discard, r, int64(length))
	return err
}
