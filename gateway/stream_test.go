package gateway_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/verigate/verigate/gateway"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

// line is any line of a reply.
type line struct {
	Outcome string            `json:"outcome"`
	Fields  map[string]string `json:"fields"`
	Code    string            `json:"code"`
	Field   string            `json:"field"`
	Row     int               `json:"row"`
}

// openStream sends body line by line as it comes and returns the reply's lines.
func openStream(t *testing.T, base string, body io.Reader) (*bufio.Scanner, func()) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/v1/verify", body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	req.Header.Set("Authorization", "Bearer "+agencyKey)
	tr := &http.Transport{DisableKeepAlives: true}
	res, err := tr.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		b, _ := io.ReadAll(res.Body)
		t.Fatalf("status %d: %s", res.StatusCode, b)
	}
	return bufio.NewScanner(res.Body), func() { _ = res.Body.Close() }
}

func readLines(t *testing.T, sc *bufio.Scanner) (all []line) {
	t.Helper()
	for sc.Scan() {
		var l line
		if err := json.Unmarshal(sc.Bytes(), &l); err != nil {
			t.Fatalf("line %d: %v: %s", len(all)+1, err, sc.Text())
		}
		all = append(all, l)
	}
	return all
}

func TestStreamAnswersLineForLine(t *testing.T) {
	w := newWorld()
	w.putSample(sample())
	base := start(t, w, nil)
	const good = `{"id":"001080000000","name":"Nguyễn Văn Mẫu"}`
	in := []struct {
		text, outcome, code, field string
	}{
		{good, "match", "", ""},
		{`{"id":"001080000000","name":"Trần Văn Mẫu"}` + "\r", "mismatch", "", ""},
		{"", "", "body_malformed", ""},
		{`{"id":"001080000009","dob":"1980"}`, "not_found", "", ""},
		{`{"id":"12","dob":"1980"}`, "", "identifier_malformed", "id"},
		{`{"id":"001080000000","nane":"x"}`, "", "field_unknown", "nane"},
		{`{"id":"001080000000"}`, "", "claims_missing", ""},
		{`{"id":"001080000000","name":"` + strings.Repeat("x", 9000) + `"}`, "", "body_too_large", ""},
		{`{"id":"001080000000","dob":"1980","purpose":"registration"}`, "match", "", ""},
		{`{"id":"001080000000","dob":"1980","purpose":"treatment"}`, "", "purpose_not_allowed", "purpose"},
		{`{"id":"001080000000","dob":"1980","purpose":"claim"}`, "", "purpose_not_allowed", "purpose"},
		{`{"qr":"001080000000||Nguyễn Văn Mẫu|01021980|Nam|Xã Mẫu|01012022","staff":{"id":"001199000000","name":"T"}}`, "match", "", ""},
		{`{"qr":"001080000000||Nguyễn Văn Sai|01021980|Nam|Xã Mẫu|01012022","staff":{"id":"001199000000","name":"T"}}`, "mismatch", "", ""},
		{good, "match", "", ""},
	}
	var body strings.Builder
	for i, l := range in {
		body.WriteString(l.text)
		if i < len(in)-1 {
			body.WriteByte('\n')
		}
	}
	sc, done := openStream(t, base, strings.NewReader(body.String()))
	defer done()
	got := readLines(t, sc)
	if len(got) != len(in) {
		t.Fatalf("%d lines in, %d out", len(in), len(got))
	}
	for i, want := range in {
		g := got[i]
		if g.Row != i+1 || g.Outcome != want.outcome || g.Code != want.code || g.Field != want.field {
			t.Errorf("row %d: got %+v, want %q %q %q", i+1, g, want.outcome, want.code, want.field)
		}
	}
	rows := map[uint32]string{}
	for _, d := range w.recorded() {
		if d.Call != verify.CallBatch {
			t.Errorf("row %d recorded as %s", d.Row, d.Call)
		}
		rows[d.Row] = d.Code
	}
	if len(rows) != len(in) || rows[5] != "identifier_malformed" || rows[1] != "000" {
		t.Errorf("the audit log has %v", rows)
	}
}

func TestStreamAnswersWhileTheSenderPauses(t *testing.T) {
	w := newWorld()
	w.putSample(sample())
	base := start(t, w, nil)
	pr, pw := io.Pipe()
	sc, done := openStream(t, base, pr)
	defer done()
	for i := 1; i <= 3; i++ {
		if _, err := io.WriteString(pw, `{"id":"001080000000","dob":"1980-02"}`+"\n"); err != nil {
			t.Fatal(err)
		}
		var l line
		if !sc.Scan() || json.Unmarshal(sc.Bytes(), &l) != nil || l.Row != i || l.Outcome != "match" || l.Fields["dob"] != "match_coarse" {
			t.Fatalf("after line %d: %q", i, sc.Text())
		}
	}
	_ = pw.Close()
	if sc.Scan() {
		t.Errorf("a line too many: %s", sc.Text())
	}
}

func TestStreamWorksInChunks(t *testing.T) {
	w := newWorld()
	w.putSample(sample())
	base := start(t, w, nil)
	const n = 20_000
	pr, pw := io.Pipe()
	go func() {
		b := bufio.NewWriterSize(pw, 64<<10)
		for i := range n {
			_, _ = fmt.Fprintf(b, `{"id":"%012d","name":"Nguyễn Văn Mẫu"}`+"\n", 1080000000+i)
		}
		_ = b.Flush()
		_ = pw.Close()
	}()
	sc, done := openStream(t, base, pr)
	defer done()
	got := readLines(t, sc)
	if len(got) != n {
		t.Fatalf("%d lines in, %d out", n, len(got))
	}
	for i, l := range got {
		want := "not_found"
		if i == 0 {
			want = "match"
		}
		if l.Row != i+1 || l.Outcome != want {
			t.Fatalf("row %d: %+v", i+1, l)
		}
	}
	largest := 0
	for _, size := range w.batches {
		largest = max(largest, size)
	}
	if largest > 500 || largest < 100 {
		t.Errorf("the largest batch has %d rows", largest)
	}
}

func TestStreamIsHeldToItsCallersLimits(t *testing.T) {
	w := newWorld()
	w.putSample(sample())
	refusals := []verify.Verdict{{}, {}, {Refusal: verify.RefusalRate, RetryAfter: time.Millisecond}, {}, {Refusal: verify.RefusalQuota}}
	w.limit = func(*verify.Caller, int) verify.Verdict {
		v := refusals[0]
		if len(refusals) > 1 {
			refusals = refusals[1:]
		}
		return v
	}
	w.budget = func(k identity.Key) verify.Verdict {
		if k.Value() == "001080000001" {
			return verify.Verdict{Refusal: verify.RefusalHarvest}
		}
		return verify.Verdict{}
	}
	base := start(t, w, func(cfg *gateway.Config, _ *gateway.Deps) { cfg.Stream.Chunk = 2 })
	const l = `{"id":"001080000000","dob":"1980"}` + "\n"
	sc, done := openStream(t, base, strings.NewReader(l+`{"id":"001080000001","dob":"1980"}`+"\n"+l+l+l+l+l))
	defer done()
	var got []string
	for _, l := range readLines(t, sc) {
		got = append(got, l.Outcome+l.Code)
	}
	const want = "match harvest_suspected match match quota_exhausted quota_exhausted quota_exhausted"
	if strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

func TestStreamEndsWhenTheServerStops(t *testing.T) {
	w := newWorld()
	w.putSample(sample())
	cfg, deps := testConfig(), testDeps(w)
	s, err := gateway.New(cfg, deps)
	if err != nil {
		t.Fatal(err)
	}
	base, served := serve(t, s)
	pr, pw := io.Pipe()
	sc, done := openStream(t, base, pr)
	defer done()
	send := func() { _, _ = io.WriteString(pw, `{"id":"001080000000","dob":"1980"}`+"\n") }
	send()
	if !sc.Scan() {
		t.Fatal("no answer")
	}
	stopped := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		stopped <- s.Shutdown(ctx)
	}()
	for { // the server notices at the next line
		conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
		if err != nil {
			break
		}
		_ = conn.Close()
	}
	send()
	send()
	var l line
	for sc.Scan() {
		if err := json.Unmarshal(sc.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
	}
	if l.Code != "overloaded" || sc.Err() == nil {
		t.Errorf("the last line is %+v, the stream's end %v", l, sc.Err())
	}
	_ = pw.Close()
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}
