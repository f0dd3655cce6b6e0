package registry_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/verigate/verigate/registry"
	"github.com/verigate/verigate/registry/nation"
)

const noFaults = `{"latency_ms":0,"latency_p99_ms":0,"error_rate":0,"reset_rate":0,"truncate_rate":0,"garble_rate":0,"black_hole":false,"capacity_rps":0,"feed":"run"}`

func (x *running) faults(set string) string {
	x.t.Helper()
	return string(x.must(200, "POST", "/lab/faults", set))
}

func TestFaultsAreSetOneByOneAndCleared(t *testing.T) {
	x := start(t, nil)
	if got := string(x.must(200, "GET", "/lab/faults", "")); got != noFaults {
		t.Errorf("at the start: %s", got)
	}
	x.faults(`{"latency_ms":5}`)
	want := strings.Replace(noFaults, `"latency_ms":0`, `"latency_ms":5`, 1)
	want = strings.Replace(want, `"error_rate":0`, `"error_rate":0.25`, 1)
	if got := x.faults(`{"error_rate":0.25}`); got != want {
		t.Errorf("what was not named did not stay: %s", got)
	}
	if got := string(x.must(200, "GET", "/lab/faults", "")); got != want {
		t.Errorf("shown: %s", got)
	}
	if got := string(x.must(200, "DELETE", "/lab/faults", "")); got != noFaults {
		t.Errorf("cleared: %s", got)
	}
}

func TestFaultsRefused(t *testing.T) {
	x := start(t, nil)
	cases := []struct{ body, code string }{
		{``, "body_malformed"},
		{`{"latncy_ms":5}`, "body_malformed"},
		{`{"latency_ms":"5"}`, "body_malformed"},
		{`{"error_rate":1.5}`, "fault_invalid"},
		{`{"reset_rate":-0.1}`, "fault_invalid"},
		{`{"latency_ms":-1}`, "fault_invalid"},
		{`{"latency_ms":20,"latency_p99_ms":10}`, "fault_invalid"},
		{`{"capacity_rps":-1}`, "fault_invalid"},
		{`{"feed":"stop"}`, "fault_invalid"},
	}
	for _, c := range cases {
		x.refused(400, c.code, "POST", "/lab/faults", c.body)
	}
	if got := string(x.must(200, "GET", "/lab/faults", "")); got != noFaults {
		t.Errorf("a refused setting left something behind: %s", got)
	}
}

// anybody is a question that a healthy registry answers.
var anybody = keysBody(keyed{"id", "001080999999"})

func TestFaultErrorRate(t *testing.T) {
	x := start(t, nil)
	x.faults(`{"error_rate":1}`)
	x.refused(500, "internal", "POST", "/records", anybody)
	x.refused(500, "internal", "GET", "/changes?wait=0s", "")
	x.refused(500, "internal", "GET", "/keys?kind=id", "")
	x.must(200, "GET", "/healthz", "")
	x.faults(`{"error_rate":0.5}`)
	failed := 0
	for range 200 {
		if status, _, err := x.request("POST", "/records", anybody); err != nil {
			t.Fatal(err)
		} else if status == 500 {
			failed++
		}
	}
	if failed < 50 || failed > 150 {
		t.Errorf("%d of 200 requests failed at a rate of a half", failed)
	}
	x.must(200, "DELETE", "/lab/faults", "")
	x.must(200, "POST", "/records", anybody)
}

func TestFaultReset(t *testing.T) {
	x := start(t, nil)
	x.faults(`{"reset_rate":1}`)
	for _, call := range []struct{ method, path, body string }{{"POST", "/records", anybody}, {"GET", "/changes", ""}} {
		_, _, err := x.request(call.method, call.path, call.body)
		if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) {
			t.Errorf("%s %s: %v, want a reset", call.method, call.path, err)
		}
	}
}

func TestFaultTruncate(t *testing.T) {
	x := start(t, nil)
	whole := x.must(200, "POST", "/records", anybody)
	if err := x.reg.Births(2100); err != nil { // a feed of more writes than it takes to break off
		t.Fatal(err)
	}
	x.faults(`{"truncate_rate":1}`)
	_, reply, err := x.request("POST", "/records", anybody)
	if !errors.Is(err, io.ErrUnexpectedEOF) || len(reply) == 0 || len(reply) > len(whole)*2/3 {
		t.Errorf("of %d bytes came %d, %v", len(whole), len(reply), err)
	}
	if _, reply, err = x.request("GET", "/changes?wait=0s", ""); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the feed ended with %v after %d bytes", err, len(reply))
	}
	res := x.open("kind=code", "application/vnd.verigate.keys")
	defer res.Body.Close()
	if _, err := readCompact(res.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the export ended with %v", err)
	}
}

// digestAgrees holds a reply against its Content-Digest.
func digestAgrees(res *http.Response, body []byte) bool {
	sum := sha256.Sum256(body)
	return res.Header.Get("Content-Digest") == "sha-256=:"+base64.StdEncoding.EncodeToString(sum[:])+":"
}

func TestFaultGarble(t *testing.T) {
	x := start(t, func(c *registry.Config) { c.People = 40_000 })
	p := somebody(t, nation.Current)
	question := keysBody(keyed{"id", p.ID})
	ask := func() (body []byte, sound bool) {
		res, err := x.client.Post(x.url+"/records", "application/json", strings.NewReader(question))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err = io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("status %d, %v", res.StatusCode, err)
		}
		return body, digestAgrees(res, body)
	}
	if _, sound := ask(); !sound {
		t.Fatal("a healthy reply does not agree with its digest")
	}
	x.faults(`{"garble_rate":1}`)
	readable := 0
	for range 100 {
		body, sound := ask()
		if sound {
			t.Fatalf("a garbled reply agrees with its digest: %s", body)
		}
		var r recordsReply
		if json.Unmarshal(body, &r) == nil && len(r.Answers) == 1 {
			readable++
		}
	}
	if readable == 0 || readable > 60 {
		t.Errorf("%d of 100 garbled replies read well", readable)
	}
	res := x.open("kind=card", "application/vnd.verigate.keys")
	defer res.Body.Close()
	if c, err := readCompact(res.Body); err == nil && c.sound() {
		t.Error("a garbled export is sound")
	}
	if err := x.reg.Births(2100); err != nil {
		t.Fatal(err)
	}
	broken := 0
	for line := range strings.Lines(string(x.must(200, "GET", "/changes?wait=0s", ""))) {
		if !json.Valid([]byte(line)) {
			broken++
		}
	}
	if broken == 0 {
		t.Error("a garbled feed is sound")
	}
}

func TestFaultBlackHole(t *testing.T) {
	x := start(t, nil)
	x.faults(`{"black_hole":true}`)
	for _, call := range []struct{ method, path, body string }{{"POST", "/records", anybody}, {"GET", "/changes?wait=0s", ""}} {
		patient := &http.Client{Transport: x.client.Transport, Timeout: 200 * time.Millisecond}
		req, _ := http.NewRequestWithContext(t.Context(), call.method, x.url+call.path, strings.NewReader(call.body))
		var timeout net.Error
		if _, err := patient.Do(req); !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("%s %s: %v, want silence", call.method, call.path, err)
		}
	}
	// Whoever is still in the hole when it is closed gets no answer, but is let go.
	gone := make(chan error, 1)
	go func() {
		_, _, err := x.request("POST", "/records", anybody)
		gone <- err
	}()
	<-time.After(50 * time.Millisecond)
	x.must(200, "DELETE", "/lab/faults", "")
	if err := <-gone; err == nil {
		t.Log("the request came after the hole was closed") // the machine was slow; nothing to say about the hole
	}
	x.must(200, "POST", "/records", anybody)
	x.faults(`{"black_hole":true}`)
	go func() { _, _, err := x.request("POST", "/records", anybody); gone <- err }()
	<-time.After(50 * time.Millisecond)
	x.stop() // a hole does not hold up a shutdown
	<-gone
}

func TestFaultLatency(t *testing.T) {
	x := start(t, nil)
	x.faults(`{"latency_ms":80}`)
	began := time.Now()
	x.must(200, "POST", "/records", anybody)
	if took := time.Since(began); took < 80*time.Millisecond {
		t.Errorf("answered after %s", took)
	}
}

func TestLatencyDistribution(t *testing.T) {
	for _, f := range []registry.Faults{{LatencyMS: 20, LatencyP99MS: 200}, {LatencyP99MS: 100}, {LatencyMS: 7, LatencyP99MS: 7}} {
		t.Run(fmt.Sprint(f), func(t *testing.T) {
			draws := make([]float64, 100_000)
			for i := range draws {
				draws[i] = registry.Latency(f).Seconds() * 1000
			}
			slices.Sort(draws)
			if p99 := draws[len(draws)*99/100]; p99 < f.LatencyP99MS*0.9 || p99 > f.LatencyP99MS*1.1 {
				t.Errorf("p99 %.1f ms, want %.0f", p99, f.LatencyP99MS)
			}
			if median := draws[len(draws)/2]; f.LatencyMS > 0 && (median < f.LatencyMS*0.95 || median > f.LatencyMS*1.05) {
				t.Errorf("median %.1f ms, want %.0f", median, f.LatencyMS)
			}
		})
	}
}

func TestFaultCapacity(t *testing.T) {
	x := start(t, nil)
	x.faults(`{"capacity_rps":0.001}`)
	x.must(200, "POST", "/records", anybody)
	x.refused(503, "overloaded", "POST", "/records", anybody)
	x.must(200, "GET", "/changes?wait=0s", "")
}

func TestCapacityQueuesForASecond(t *testing.T) {
	queue := registry.NewQueue(10)
	now := time.Now()
	for i := range 11 {
		if wait, ok := queue(now); !ok || wait != time.Duration(i)*100*time.Millisecond {
			t.Errorf("request %d waits %s, %v", i, wait, ok)
		}
	}
	if wait, ok := queue(now); ok {
		t.Errorf("one more request waits %s although the queue is full", wait)
	}
	if wait, ok := queue(now.Add(500 * time.Millisecond)); !ok || wait != 600*time.Millisecond {
		t.Errorf("half a second later it waits %s, %v", wait, ok)
	}
	if wait, ok := queue(now.Add(time.Minute)); !ok || wait != 0 {
		t.Errorf("a minute later it waits %s, %v", wait, ok)
	}
}
