package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/verigate/verigate/internal/proc"
)

// corpora returns what clinics ask, and the lines of a batch.
func corpora(o options, demo *proc.Demo, today string) (clinic [][]byte, rows []byte, err error) {
	cmd := exec.Command(o.verigate, "registry", "sample", "--people", strconv.Itoa(o.people), "--seed", strconv.FormatUint(demo.Seed, 10),
		"--today", today, "--count", strconv.Itoa(o.samples), "--mix", "valid", "--format", "ndjson")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, nil, fmt.Errorf("drawing samples: %w", err)
	}
	for line := range bytes.Lines(out) {
		var s map[string]any
		if err := json.Unmarshal(line, &s); err != nil {
			return nil, nil, fmt.Errorf("reading a sample: %w", err)
		}
		q := map[string]any{}
		for _, k := range []string{"id", "name", "dob"} {
			q[k] = s[k]
		}
		if q["id"] == nil || q["name"] == nil || q["dob"] == nil {
			continue
		}
		body, err := json.Marshal(q)
		if err != nil {
			return nil, nil, fmt.Errorf("writing a question: %w", err)
		}
		clinic = append(clinic, body)
		rows = append(append(rows, body...), '\n')
	}
	if len(clinic) < 100 {
		return nil, nil, errors.New("drawing samples: too few with an ID number")
	}
	return clinic, rows, nil
}

// Latency is what clinics waited, in milliseconds.
type Latency struct {
	Asked int     `json:"asked"`
	P50   float64 `json:"p50_ms"`
	P90   float64 `json:"p90_ms"`
	P99   float64 `json:"p99_ms"`
	Max   float64 `json:"max_ms"`
}

// asking are the clinics: questions at a steady rate, whether or not the last one is answered.
type asking struct {
	host      *fasthttp.HostClient
	url, key  string
	questions [][]byte
	next      atomic.Int64
}

const connections = 32

func newAsking(demo *proc.Demo, questions [][]byte) *asking {
	return &asking{
		host: &fasthttp.HostClient{Addr: strings.TrimPrefix(demo.Gateway, "http://"), MaxConns: connections},
		url:  demo.Gateway + "/v1/lookup", key: demo.ClinicKey, questions: questions,
	}
}

// phase asks for as long as said. A question's time begins when it is due, so one that finds no connection waits too.
func (a *asking) phase(rate int, length time.Duration) (Latency, error) {
	due := make(chan time.Time, 10_000)
	var mu sync.Mutex
	var all []float64
	var failed error
	var wg sync.WaitGroup
	for range connections {
		wg.Go(func() {
			for at := range due {
				err := a.ask()
				took := time.Since(at).Seconds() * 1000
				mu.Lock()
				all = append(all, took)
				failed = errors.Join(failed, err)
				mu.Unlock()
			}
		})
	}
	began, gap := time.Now(), time.Second/time.Duration(rate)
	for n := 0; ; n++ {
		at := began.Add(time.Duration(n) * gap)
		if at.Sub(began) >= length {
			break
		}
		time.Sleep(time.Until(at)) // an open model: the clock decides when a question is due
		due <- time.Now()
	}
	close(due)
	wg.Wait()
	if failed != nil {
		return Latency{}, failed
	}
	slices.Sort(all)
	at := func(q float64) float64 { return all[min(len(all)-1, int(q*float64(len(all))))] }
	return Latency{Asked: len(all), P50: at(0.5), P90: at(0.9), P99: at(0.99), Max: all[len(all)-1]}, nil
}

func (a *asking) ask() error {
	req, res := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(res)
	req.SetRequestURI(a.url)
	req.Header.SetMethod(fasthttp.MethodPost)
	req.Header.SetContentType("application/json")
	req.Header.Set("Authorization", "Bearer "+a.key)
	req.SetBodyRaw(a.questions[int(a.next.Add(1))%len(a.questions)])
	if err := a.host.Do(req, res); err != nil {
		return fmt.Errorf("asking: %w", err)
	}
	if res.StatusCode() != fasthttp.StatusOK {
		return fmt.Errorf("asking: status %d: %s", res.StatusCode(), res.Body())
	}
	return nil
}
