package gateway_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/gateway"
	"github.com/verigate/verigate/resolve"
	"github.com/verigate/verigate/verify"
)

func TestPathsAndMethods(t *testing.T) {
	base := start(t, newWorld(), nil)
	router := described(t, base)
	for _, c := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "/", 404, ""},
		{"HEAD", "/", 404, ""},
		{"POST", "/v1/lookup/", 404, ""},
		{"POST", "/V1/lookup", 404, ""},
		{"GET", "/v1/lookup", 405, "POST"},
		{"OPTIONS", "/v1/lookup", 405, "POST"},
		{"BREW", "/v1/verify", 405, "POST"},
		{"POST", "/v1/usage", 405, "GET"},
		{"HEAD", "/openapi.yaml", 200, ""},
		{"DELETE", "/openapi.yaml", 405, "GET, HEAD"},
		{"GET", "/api/token/take", 405, "POST, OPTIONS"},
		{"GET", "/api/egw/Lskcb2025", 405, "POST, OPTIONS"},
		{"POST", "/api/egw/unknown", 404, ""},
	} {
		got := send(t, c.method, base+c.path, "", "")
		if got.status != c.status || got.header.Get("Allow") != c.allow {
			t.Errorf("%s %s: %d, Allow %q; want %d, %q", c.method, c.path, got.status, got.header.Get("Allow"), c.status, c.allow)
		}
		if c.status == 405 && c.method != "BREW" && c.method != "OPTIONS" && strings.HasPrefix(c.path, "/v1") {
			hold(t, router, map[bool]string{true: "GET", false: "POST"}[c.path == "/v1/usage"], c.path, "", false, got)
		}
	}
}

// raw sends bytes over a connection of its own and returns the statuses of all replies until the server closes it or
// has been silent for a while.
func raw(t *testing.T, base string, text string) (statuses []int, all string) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(2 * time.Second))
	b, _ := io.ReadAll(conn)
	br := bufio.NewReader(bytes.NewReader(b))
	for {
		res, err := http.ReadResponse(br, nil)
		if err != nil {
			return statuses, string(b)
		}
		statuses = append(statuses, res.StatusCode)
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
	}
}

func TestRawRequests(t *testing.T) {
	w := newWorld()
	w.putSample(sample())
	base := start(t, w, func(cfg *gateway.Config, _ *gateway.Deps) {
		cfg.ReadTimeout = config.Duration(300 * time.Millisecond)
		cfg.IdleTimeout = config.Duration(time.Second)
	})
	auth := "Host: x\r\nAuthorization: Bearer " + clinicKey + "\r\nContent-Type: application/json\r\n"
	length := fmt.Sprintf("Content-Length: %d\r\n", len(goodQuestion))
	chunked := fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(goodQuestion), goodQuestion)
	post := "POST /v1/lookup HTTP/1.1\r\n" + auth
	for name, c := range map[string]struct {
		send string
		want []int
	}{
		"plain":                        {post + length + "Connection: close\r\n\r\n" + goodQuestion, []int{200}},
		"two in a row":                 {post + length + "\r\n" + goodQuestion + post + length + "\r\n" + goodQuestion, []int{200, 200}},
		"chunked":                      {post + chunked, []int{200}},
		"behind chunked":               {post + chunked + post + length + "\r\n" + goodQuestion, []int{200}},
		"chunked and length, smuggled": {post + length + chunked + post + length + "\r\n" + goodQuestion, nil},
		"expect":                       {post + length + "Expect: 100-continue\r\n\r\n" + goodQuestion, []int{100, 200}},
		"HTTP/1.0":                     {"POST /v1/lookup HTTP/1.0\r\n" + auth + length + "\r\n" + goodQuestion, []int{200}},
		"HTTP/2 preface":               {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", []int{400}},
		"rubbish":                      {"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", []int{400}},
		"large header":                 {"GET / HTTP/1.1\r\nHost: x\r\nCookie: " + strings.Repeat("x", 10_000) + "\r\n\r\n", []int{431}},
		"half a header":                {"GET / HTTP/1.1\r\nHost:", []int{408}},
		"half a body":                  {post + "Content-Length: 9000\r\n\r\n{", []int{408}},
		"half a long body":             {post + "Content-Length: 60000\r\n\r\n" + strings.Repeat(" ", 9000), []int{408}},
		"body too large":               {post + "Content-Length: 70000000\r\n\r\n" + strings.Repeat(" ", 9000), []int{413}},
		"chunked too large":            {post + "Transfer-Encoding: chunked\r\n\r\n11170\r\n" + strings.Repeat(" ", 70000) + "\r\n0\r\n\r\n", []int{413}},
		"broken chunks":                {post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", []int{400}},
		"absurd length":                {post + "Content-Length: 99999999999999999999\r\n\r\n", []int{400}},
		"two lengths":                  {post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}", []int{400}},
		"compressed":                   {post + length + "Content-Encoding: gzip\r\n\r\n" + goodQuestion, []int{415}},
	} {
		t.Run(name, func(t *testing.T) {
			got, all := raw(t, base, c.send)
			if name == "chunked and length, smuggled" {
				if len(got) > 1 {
					t.Errorf("a request hidden behind another was answered: %v", got)
				}
				return
			}
			if fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("got %v, want %v\n%s", got, c.want, all)
			}
			if len(got) > 0 && got[0] >= 400 && !strings.Contains(all, `"request_id":"`) {
				t.Errorf("not a problem: %s", all)
			}
		})
	}
}

func TestOverloaded(t *testing.T) {
	w := newWorld()
	w.putSample(sample())
	entered, release := make(chan struct{}), make(chan struct{})
	w.resolve = func(*resolve.Batch) { entered <- struct{}{}; <-release }
	base := start(t, w, func(cfg *gateway.Config, _ *gateway.Deps) {
		cfg.MaxInFlight, cfg.MaxQueue, cfg.QueueWait = 1, 1, config.Duration(50*time.Millisecond)
	})
	s := login(t, base)
	router := described(t, base)
	var wg sync.WaitGroup
	wg.Go(func() {
		if got := ask(t, base, "/v1/lookup", clinicKey, goodQuestion); got.status != 200 {
			t.Errorf("the first: %d", got.status)
		}
	})
	<-entered
	got := ask(t, base, "/v1/lookup", clinicKey, goodQuestion)
	if got.status != 503 || !strings.Contains(got.body, `"code":"overloaded"`) || got.header.Get("Retry-After") != "2" {
		t.Errorf("native: %d %s", got.status, got.body)
	}
	hold(t, router, http.MethodPost, "/v1/lookup", "", false, got)
	got = send(t, http.MethodPost, base+"/api/egw/KQNhanLichSuKCB2019"+s.query(), jsonType, "{}")
	if want := `{"maKetQua":"101","ghiChu":"Hệ thống đang bận, đề nghị thử lại sau!"`; got.status != 200 || !strings.HasPrefix(got.body, want) || got.header.Get("Retry-After") != "2" {
		t.Errorf("portal: %d %s", got.status, got.body)
	}
	got = send(t, http.MethodPost, base+"/api/token/take", formType, "username="+portalUser+"&password="+portalMD5)
	if got.status != 200 || got.body != `{"maKetQua":"500","APIKey":null}` || got.header.Get("Retry-After") != "2" {
		t.Errorf("token: %d %s", got.status, got.body)
	}
	close(release)
	wg.Wait()
	go func() { <-entered }()
	if got := ask(t, base, "/v1/lookup", clinicKey, goodQuestion); got.status != 200 {
		t.Errorf("after the rush: %d", got.status)
	}
}

func TestCrashIsAnsweredAndLoggedWithoutItsValue(t *testing.T) {
	w := newWorld()
	w.resolve = func(b *resolve.Batch) { panic("001080000000 Nguyễn Văn Mẫu") }
	var log lockedBuffer
	base := start(t, w, func(_ *gateway.Config, d *gateway.Deps) { d.Log = slog.New(slog.NewJSONHandler(&log, nil)) })
	s := login(t, base)
	got := ask(t, base, "/v1/lookup", clinicKey, goodQuestion)
	if got.status != 500 || !strings.Contains(got.body, `"code":"internal"`) {
		t.Errorf("native: %d %s", got.status, got.body)
	}
	got = send(t, http.MethodPost, base+"/api/egw/KQNhanLichSuKCB2019"+s.query(), jsonType, `{"maThe":"001080000000","hoTen":"A","ngaySinh":"1980"}`)
	if got.status != 200 || !strings.HasPrefix(got.body, `{"maKetQua":"500"`) {
		t.Errorf("portal: %d %s", got.status, got.body)
	}
	if text := log.String(); !strings.Contains(text, "request crashed") || strings.Contains(text, "001080000000") || strings.Contains(text, "Nguy") {
		t.Errorf("the log says %s", text)
	}
	if w.places != 0 {
		t.Errorf("%d places were not given back", w.places)
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestRefusalsAreRecorded(t *testing.T) {
	w := newWorld()
	w.putSample(sample())
	base := start(t, w, nil)
	s := login(t, base)
	ask(t, base, "/v1/lookup", "nobody", goodQuestion)
	ask(t, base, "/v1/lookup", "revoked", goodQuestion)
	ask(t, base, "/v1/lookup", clinicKey, `{"id":"001080000000","name":"A","dob":"31"}`)
	ask(t, base, "/v1/lookup", clinicKey, goodQuestion)
	send(t, http.MethodPost, base+"/api/token/take", formType, "username=x&password=y")
	send(t, http.MethodPost, base+"/api/egw/KQNhanLichSuKCB2024"+s.query(), jsonType, `{"maThe":"1","hoTen":"A","ngaySinh":"1980"}`)
	send(t, http.MethodPost, base+"/api/egw/KQNhanLichSuKCB2019?token=x", jsonType, `{}`)
	send(t, http.MethodGet, base+"/v1/lookup", "", "")
	var got []string
	for _, d := range w.recorded() {
		who := "-"
		if d.Caller != nil {
			who = d.Caller.ID
		}
		got = append(got, fmt.Sprintf("%s %s %s", d.Call, who, d.Code))
		if d.RequestID == (verify.RequestID{}) || d.At.Wall == 0 {
			t.Errorf("a decision without id or time: %+v", d)
		}
	}
	want := []string{
		"login clinic 200", "lookup - key_unknown", "lookup clinic key_revoked", "lookup clinic dob_invalid", "lookup clinic 000",
		"login - key_unknown", "portal clinic identifier_malformed", "portal - key_malformed",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("recorded\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestNewNamesWhatIsMissing(t *testing.T) {
	for want, change := range map[string]func(*gateway.Config, *gateway.Deps){
		"wiring the gateway: no Clock": func(_ *gateway.Config, d *gateway.Deps) { d.Clock = nil },
		"portal.token_keys":            func(_ *gateway.Config, d *gateway.Deps) { d.TokenKeys = nil },
		"shorter than 16 bytes":        func(_ *gateway.Config, d *gateway.Deps) { d.TokenKeys = [][]byte{[]byte("short")} },
		"no-such-file":                 func(c *gateway.Config, _ *gateway.Deps) { c.Portal.TokenKeys = []config.SecretFile{"/no-such-file"} },
	} {
		cfg, deps := testConfig(), testDeps(newWorld())
		change(&cfg, &deps)
		if _, err := gateway.New(cfg, deps); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to say %q", err, want)
		}
	}
}

func TestShutdownDrains(t *testing.T) {
	w := newWorld()
	w.putSample(sample())
	entered, release := make(chan struct{}), make(chan struct{})
	w.resolve = func(*resolve.Batch) { close(entered); <-release }
	s, err := gateway.New(testConfig(), testDeps(w))
	if err != nil {
		t.Fatal(err)
	}
	base, served := serve(t, s)
	answered := make(chan reply)
	go func() { answered <- ask(t, base, "/v1/lookup", clinicKey, goodQuestion) }()
	<-entered
	stopped := make(chan error)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		stopped <- s.Shutdown(ctx)
	}()
	if err := <-served; err != nil { // listeners close at once
		t.Error(err)
	}
	close(release)
	if got := <-answered; got.status != 200 {
		t.Errorf("the request under way: %d", got.status)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}
