package apptest_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/verigate/verigate/audit"
	"github.com/verigate/verigate/verify"
)

// kills is how often the gateway is killed; `make faults` does it a thousand times.
var kills = flag.Int("kills", 6, "how often the gateway under load is killed")

// received is what clients were told: the request, and the row for a line of a stream.
type received map[receipt]bool

type receipt struct {
	id  verify.RequestID
	row uint32
}

// TestKilledGatewayHasRecordedWhatItAnswered kills the gateway while clients of every dialect keep asking. Whatever a
// client received, up to the last line of a stream that broke off, is in the log; the log is sound as the kill left it;
// and the next start goes on in it.
func TestKilledGatewayHasRecordedWhatItAnswered(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "demo")
	log := filepath.Join(dir, "audit")
	list := samplesOf(t, "2000", "national", 400, 9)
	got := received{}
	var session url.Values
	began := time.Now()
	for kill := range *kills {
		durability := []string{"process", "disk"}[kill%2]
		g := startAs(t, with("VERIGATE_AUDIT_DURABILITY="+durability, "VERIGATE_AUDIT_SEGMENT_SIZE=2MiB"), dir,
			"--people", "2000", "--today", today, "--unlimited")
		if session == nil {
			g.logIn(t)
			session = g.session
		}
		g.session = session // tokens outlive a gateway
		before := len(got)
		killUnderLoad(t, g, list, got)
		if len(got) == before {
			t.Fatalf("kill %d: nobody received anything", kill+1)
		}
		if kill%50 == 49 || kill < 3 || kill == *kills-1 {
			holdReceived(t, log, got)
		}
	}
	g := startAs(t, []string{program}, dir, "--people", "2000", "--today", today)
	g.end(t)
	holdReceived(t, log, got)
	if code, out := runToEnd(t, "audit", "verify", log); code != 0 {
		t.Errorf("exit code %d: %s", code, out)
	}
	t.Logf("%d kills in %s, %d answers received, all in the log", *kills, time.Since(began).Round(time.Second), len(got))
}

// killUnderLoad has clients ask until the gateway is killed, a moment after the first answer.
func killUnderLoad(t *testing.T, g *gateway, list []sample, got received) {
	t.Helper()
	var mu sync.Mutex
	first := make(chan struct{})
	started := sync.OnceFunc(func() { close(first) })
	var wg sync.WaitGroup
	for worker := range askers {
		wg.Go(func() {
			for n := rand.IntN(len(list)); ; n++ {
				told, err := g.receive(worker, list, n%len(list))
				mu.Lock()
				for _, r := range told {
					got[r] = true
				}
				mu.Unlock()
				if len(told) > 0 {
					started()
				}
				if err != nil && !errors.Is(err, errUnavailable) {
					return
				}
			}
		})
	}
	select {
	case <-first:
		time.Sleep(time.Duration(rand.IntN(150)) * time.Millisecond)
	case <-time.After(20 * time.Second):
	}
	g.Kill()
	wg.Wait()
	g.http.CloseIdleConnections()
}

// receive asks in one of the dialects and returns what came back, as far as it came.
func (g *gateway) receive(worker int, list []sample, n int) ([]receipt, error) {
	s := list[n]
	var req *http.Request
	var err error
	stream := worker%4 == 3
	switch worker % 4 {
	case 0, 1:
		req, err = http.NewRequest(http.MethodPost, g.Gateway+"/v1/lookup", bytes.NewReader(s.native()))
	case 2:
		req, err = http.NewRequest(http.MethodPost, g.Gateway+"/api/egw/KQNhanLichSuKCB2019?"+g.session.Encode(), bytes.NewReader(s.portal()))
	default:
		var lines bytes.Buffer
		for i := range 60 {
			lines.Write(append(list[(n+i)%len(list)].native(), '\n'))
		}
		req, err = http.NewRequest(http.MethodPost, g.Gateway+"/v1/verify", &lines)
	}
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+g.ClinicKey)
	if stream {
		req.Header.Set("Content-Type", "application/x-ndjson")
		req.Header.Set("Authorization", "Bearer "+g.AgencyKey)
	}
	resp, err := g.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if stream {
		return rowsOf(resp)
	}
	id, err := requestID(resp)
	if err != nil {
		return nil, err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return []receipt{{id: id}}, err
}

// errUnavailable is an answer that tells nothing, and so need not be in the log.
var errUnavailable = errors.New("unavailable")

func requestID(resp *http.Response) (id verify.RequestID, err error) {
	switch resp.StatusCode {
	case http.StatusOK, http.StatusBadRequest:
	case http.StatusServiceUnavailable:
		return id, errUnavailable
	default:
		return id, fmt.Errorf("answered %s", resp.Status)
	}
	n, err := hex.Decode(id[:], []byte(resp.Header.Get("X-Request-Id")))
	if err == nil && n != len(id) {
		err = fmt.Errorf("request id %q", resp.Header.Get("X-Request-Id"))
	}
	return id, err
}

// rowsOf reads a stream's lines as far as they are whole.
func rowsOf(resp *http.Response) (told []receipt, err error) {
	id, err := requestID(resp)
	if err != nil {
		return nil, err
	}
	r := bufio.NewReader(resp.Body)
	for {
		line, err := r.ReadBytes('\n')
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return told, err
		}
		var row struct{ Row uint32 }
		if err := json.Unmarshal(line, &row); err != nil || row.Row == 0 {
			return told, fmt.Errorf("a line without its row: %q, %w", line, err)
		}
		told = append(told, receipt{id, row.Row})
	}
}

// holdReceived fails for everything received that the log does not hold, and for a log that is not sound.
func holdReceived(t *testing.T, dir string, got received) {
	t.Helper()
	report, err := audit.Verify(context.Background(), audit.VerifyConfig{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if !report.Sound() {
		t.Fatalf("the log is not sound: %v", report.Findings)
	}
	recorded := received{}
	search := audit.Search{Dir: dir, Problem: func(err error) { t.Error(err) }, Visit: func(f *audit.Found) error {
		if d := f.Decision; d != nil {
			r := receipt{d.RequestID, d.Row}
			if recorded[r] {
				t.Errorf("request %s, row %d is in the log twice", d.RequestID, d.Row)
			}
			recorded[r] = true
		}
		return nil
	}}
	if err := search.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	missing := 0
	for r := range got {
		if !recorded[r] {
			if missing++; missing <= 5 {
				t.Errorf("request %s, row %d was answered and is not in the log", r.id, r.row)
			}
		}
	}
	if missing > 0 {
		t.Fatalf("%d of %d answers are not in the log", missing, len(got))
	}
}
