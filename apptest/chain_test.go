package apptest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/verigate/verigate/internal/demofile"
	"github.com/verigate/verigate/internal/proc"
)

// TestChainAnswersAlike puts a gateway in front of another one, over the portal's contract, in front of the registry: a
// clinic gets the same bytes from both, and the native API the same outcomes.
func TestChainAnswersAlike(t *testing.T) {
	inner := startDemo(t)
	outer := startChained(t, inner)
	inner.logIn(t)
	outer.logIn(t)
	for _, s := range samples(t, "national", 400, 7) {
		if fault := holdNative(outer, s); fault != "" && s.On == "" {
			t.Errorf("native: %s: %s", fault, s.native())
		}
		if !s.forPortal() {
			continue
		}
		for _, call := range []string{"NhanLichSuKCB2018", "KQNhanLichSuKCB2019", "KQNhanLichSuKCB595"} {
			a, b := rawPortal(t, inner, call, s), rawPortal(t, outer, call, s)
			if a != b {
				t.Errorf("%s of a %s answers\n%s\nand behind another gateway\n%s", call, s.Kind, a, b)
			}
		}
	}
	before := outer.scrape(t)
	for range 20 {
		if fault := holdNative(outer, samples(t, "by_id", 1, 3)[0]); fault != "" {
			t.Error(fault)
		}
	}
	asked := outer.scrape(t).sum("verigate_upstream_calls_total") - before.sum("verigate_upstream_calls_total")
	if asked > 1 {
		t.Errorf("the same claims were asked %v times of the other portal", asked)
	}
}

func rawPortal(t *testing.T, g *gateway, call string, s sample) string {
	t.Helper()
	r, err := g.post(g.Gateway+"/api/egw/"+call+"?"+g.session.Encode(), "application/json", "", s.portal())
	if err != nil || r.status != http.StatusOK {
		t.Fatalf("status %d, %v", r.status, err)
	}
	return string(r.body)
}

// startChained starts `verigate serve` with the demo as its portal and the demo's callers as its own.
func startChained(t *testing.T, inner *gateway) *gateway {
	t.Helper()
	dir := t.TempDir()
	secret := func(name, value string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(value), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	public, admin := freeAddr(t), freeAddr(t)
	config := fmt.Sprintf(`
listen: {http: %q}
admin: {listen: %q}
today: %q
keys: {subject: %q}
registry: {dialect: portal, url: %q, portal: {username: %q, password_file: %q}}
clients: {file: %q, key_file: %q, unlimited: true}
budget: {enabled: false}
gateway: {portal: {token_keys: [%q]}}
audit: {dir: %q, keys: %q}
`, public, admin, today, secret("subject", strings.Repeat("s", 43)), inner.Gateway, inner.PortalUsername,
		secret("password", inner.PortalPassword), filepath.Join(inner.Dir, "clients.ndjson"), filepath.Join(inner.Dir, "keys", "clients.key"),
		secret("token", strings.Repeat("t", 43)), filepath.Join(dir, "audit"), filepath.Join(dir, "audit-keys"))
	file := inner.File
	file.Gateway, file.Admin = "http://"+public, "http://"+admin
	return serveBefore(t, secret("verigate.yaml", config), dir, file)
}

func freeAddr(t *testing.T) string {
	t.Helper()
	addr, err := proc.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	return addr
}

// TestLookupByHand asks with the hand tool: by number and by every form of scanned code.
func TestLookupByHand(t *testing.T) {
	g := startDemo(t)
	for _, mix := range []string{"chip_qr", "paper_qr"} {
		for _, s := range samples(t, mix, 8, 5) {
			code, out := runToEnd(t, "lookup", "--demo", g.Dir, "--qr", s.QR)
			if code != 0 || !strings.HasPrefix(out, s.Outcome) || !strings.Contains(out, s.PortalCode) {
				t.Errorf("%s: exit code %d, want %s %s:\n%s", mix, code, s.Outcome, s.PortalCode, out)
			}
		}
	}
	s := samples(t, "by_id", 1, 5)[0]
	vneid := fmt.Sprintf("%s||%s|%s|Nam|Xã Mẫu, Tỉnh Mẫu", s.ID, s.Name, strings.Join(reversed(s.DOB), ""))
	damaged := strings.ReplaceAll(vneid, "|", `\`) + "\r\n"
	for _, qr := range []string{vneid, damaged} {
		if code, out := runToEnd(t, "lookup", "--demo", g.Dir, "--qr", qr, "--json"); code != 0 || !strings.Contains(out, `"name":"match`) {
			t.Errorf("exit code %d:\n%s", code, out)
		}
	}
	if code, out := runToEnd(t, "lookup", "--demo", g.Dir, "--id", "12", "--name", "A", "--dob", "1980"); code != 1 || !strings.Contains(out, "identifier_malformed") {
		t.Errorf("a malformed number: exit code %d:\n%s", code, out)
	}
	if code, out := runToEnd(t, "lookup", "--demo", t.TempDir(), "--id", s.ID); code != 2 || !strings.Contains(out, "verigate demo") {
		t.Errorf("without a demo: exit code %d:\n%s", code, out)
	}
}

func reversed(dob string) []string {
	parts := strings.Split(dob, "-")
	for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
		parts[i], parts[j] = parts[j], parts[i]
	}
	return parts
}

// serveBefore starts `verigate serve` with a configuration file and waits until it is ready; file says where it listens
// and who may ask it.
func serveBefore(t *testing.T, config, dir string, file demofile.File) *gateway {
	t.Helper()
	p, err := proc.Start(nil, program, "serve", "--config", config)
	if err != nil {
		t.Fatal(err)
	}
	g := &gateway{Demo: &proc.Demo{Process: p, File: file, Dir: dir}, session: url.Values{},
		http: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
	t.Cleanup(func() {
		g.http.CloseIdleConnections()
		g.end(t)
	})
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if resp, err := g.http.Get(g.Admin + "/readyz"); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return g
			}
		}
	}
	t.Fatalf("the gateway is not ready; it printed:\n%s", p.Output())
	return nil
}
