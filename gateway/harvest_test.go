package gateway_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/verigate/verigate/gateway"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

// TestAHarvesterIsToldWhomToTalkTo: in both dialects, because the caller may be a clinic with a fault in its program.
func TestAHarvesterIsToldWhomToTalkTo(t *testing.T) {
	w := newWorld()
	w.putSample(sample())
	w.budget = func(identity.Key) verify.Verdict {
		return verify.Verdict{Refusal: verify.RefusalHarvest, RetryAfter: time.Hour}
	}
	base := start(t, w, nil)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/v1/lookup", strings.NewReader(question))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+clinicKey)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var problem struct{ Code, Detail string }
	if err := json.NewDecoder(resp.Body).Decode(&problem); err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusForbidden || problem.Code != "harvest_suspected" || !strings.Contains(problem.Detail, "1900 0000") {
		t.Errorf("native: status %d, %+v", resp.StatusCode, problem)
	}
}

const question = `{"id":"001080000000","name":"Nguyễn Văn Mẫu","dob":"1980-02-01"}`

// TestAStreamWaitsForWhatItLearned: a budget that lets three questions under way through gets its answers after three.
func TestAStreamWaitsForWhatItLearned(t *testing.T) {
	w := newWorld()
	w.putSample(sample())
	var under atomic.Int32
	w.budget = func(identity.Key) verify.Verdict {
		if under.Add(1) > 3 {
			under.Store(0) // the rows before are answered now
			return verify.Verdict{Refusal: verify.RefusalHarvestSlow, RetryAfter: time.Millisecond}
		}
		return verify.Verdict{}
	}
	base := start(t, w, func(cfg *gateway.Config, _ *gateway.Deps) { cfg.Stream.Chunk = 500 })
	const l = `{"id":"001080000000","dob":"1980"}` + "\n"
	sc, done := openStream(t, base, strings.NewReader(strings.Repeat(l, 10)))
	defer done()
	for i, got := range readLines(t, sc) {
		if got.Outcome != "match" {
			t.Errorf("line %d: %+v", i+1, got)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, n := range w.batches {
		if n > 3 {
			t.Errorf("batches of %v, none above 3 wanted", w.batches)
		}
	}
}
