package apptest_test

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/verigate/verigate/internal/proc"
)

// gateway is a running demo with a client for each of its dialects.
type gateway struct {
	*proc.Demo
	http    *http.Client
	session url.Values // what a portal client puts into every lookup
}

// startDemo starts a demo of 100,000 people without limits and stops it with the test; a test that stopped it itself
// may look at its exit code.
func startDemo(t *testing.T, args ...string) *gateway {
	t.Helper()
	args = append([]string{"--people", people, "--today", today, "--unlimited"}, args...)
	return startDemoIn(t, filepath.Join(t.TempDir(), "demo"), args...)
}

// startDemoIn starts a demo with its data in dir.
func startDemoIn(t *testing.T, dir string, args ...string) *gateway {
	t.Helper()
	g := startAs(t, []string{program}, dir, args...)
	t.Cleanup(func() { g.end(t) })
	return g
}

// startAs starts a demo by a command that runs the program, for a test that ends it itself.
func startAs(t *testing.T, command []string, dir string, args ...string) *gateway {
	t.Helper()
	demo, err := proc.StartDemo(command, dir, 2*time.Minute, args...)
	if err != nil {
		t.Fatal(err)
	}
	g := &gateway{Demo: demo, http: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
	t.Cleanup(func() {
		g.http.CloseIdleConnections()
		g.Kill()
	})
	return g
}

// with returns the command that runs the program under settings given by their variables.
func with(settings ...string) []string { return append(append([]string{"env"}, settings...), program) }

// end stops the demo and fails the test if it did not end well or a race was found.
func (g *gateway) end(t *testing.T) {
	t.Helper()
	code, err := g.Stop(30 * time.Second)
	if err != nil || code != 0 || strings.Contains(g.Output(), "DATA RACE") {
		t.Errorf("the demo ended with exit code %d, %v; it printed:\n%s", code, err, g.Output())
	}
}

// reply is what any call brought back.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func (g *gateway) post(address, kind, key string, body []byte) (reply, error) {
	req, err := http.NewRequest(http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	req.Header.Set("Content-Type", kind)
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	return g.do(req)
}

func (g *gateway) get(t *testing.T, address string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := g.do(req)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (g *gateway) do(req *http.Request) (reply, error) {
	resp, err := g.http.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	return reply{resp.StatusCode, resp.Header, body}, err
}

// nativeAnswer is what /v1/lookup says, an answer or a problem.
type nativeAnswer struct {
	status     int
	retryAfter string
	Outcome    string
	Code       string // of a problem
	Source     string
	AsOf       string `json:"as_of"`
	MaxAge     *int64 `json:"max_age_s"`
	RequestID  string `json:"request_id"`
}

// lookup asks the native API about a sample's first identifier.
func (g *gateway) lookup(s sample) (nativeAnswer, error) {
	r, err := g.post(g.Gateway+"/v1/lookup", "application/json", g.ClinicKey, s.native())
	if err != nil {
		return nativeAnswer{}, err
	}
	a := nativeAnswer{status: r.status, retryAfter: r.header.Get("Retry-After")}
	if err := json.Unmarshal(r.body, &a); err != nil {
		return a, fmt.Errorf("status %d, reading %q: %w", r.status, r.body, err)
	}
	return a, nil
}

// portalAnswer is the beginning of what a portal lookup says.
type portalAnswer struct {
	MaKetQua, GhiChu string
}

// logIn takes a portal token, as a clinic's program does once a day.
func (g *gateway) logIn(t *testing.T) {
	t.Helper()
	sum := md5.Sum([]byte(g.PortalPassword))
	account := url.Values{"username": {g.PortalUsername}, "password": {hex.EncodeToString(sum[:])}}
	r, err := g.post(g.Gateway+"/api/token/take", "application/x-www-form-urlencoded", "", []byte(account.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		MaKetQua string
		APIKey   struct {
			Token string `json:"access_token"`
			ID    string `json:"id_token"`
		}
	}
	if err := json.Unmarshal(r.body, &got); err != nil || r.status != http.StatusOK || got.MaKetQua != "200" {
		t.Fatalf("logging in: status %d, %q, %v", r.status, r.body, err)
	}
	account.Set("token", got.APIKey.Token)
	account.Set("id_token", got.APIKey.ID)
	g.session = account
}

// portal asks KQNhanLichSuKCB2019 about a sample's first identifier; logIn comes first.
func (g *gateway) portal(s sample) (portalAnswer, error) {
	var a portalAnswer
	r, err := g.post(g.Gateway+"/api/egw/KQNhanLichSuKCB2019?"+g.session.Encode(), "application/json", "", s.portal())
	if err != nil {
		return a, err
	}
	if r.status != http.StatusOK {
		return a, fmt.Errorf("status %d: %q", r.status, r.body)
	}
	if err := json.Unmarshal(r.body, &a); err != nil {
		return a, fmt.Errorf("reading %q: %w", r.body, err)
	}
	return a, nil
}

// faults switches the registry's faults; what is not named stays as it was.
func (g *gateway) faults(t *testing.T, change map[string]any) {
	t.Helper()
	body, err := json.Marshal(change)
	if err != nil {
		t.Fatal(err)
	}
	r, err := g.post(g.Registry+"/lab/faults", "application/json", "", body)
	if err != nil || r.status != http.StatusOK {
		t.Fatalf("switching faults: status %d %s, %v", r.status, r.body, err)
	}
}

// heal clears all faults.
func (g *gateway) heal(t *testing.T) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, g.Registry+"/lab/faults", nil)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := g.do(req); err != nil || r.status >= 300 {
		t.Fatalf("clearing faults: status %d %s, %v", r.status, r.body, err)
	}
}
