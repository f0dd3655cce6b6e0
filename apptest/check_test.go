package apptest_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/clients/policy"
	"github.com/verigate/verigate/clients/token"
	"github.com/verigate/verigate/gateway/secure/securetest"
)

// checked is a folder with everything that a configuration can name, all of it sound. Nobody answers where registry,
// Redis and the webhook are said to be.
type checked struct {
	t   *testing.T
	dir string
	ca  *securetest.Authority
}

func newChecked(t *testing.T) *checked {
	t.Helper()
	c := &checked{t: t, dir: t.TempDir(), ca: securetest.New(t, "Authority")}
	if _, err := clients.Seed(c.dir); err != nil {
		t.Fatal(err)
	}
	server := c.ca.Server(t, 200*24*time.Hour)
	signing, err := token.NewSigningKey()
	if err != nil {
		t.Fatal(err)
	}
	secret := []byte(strings.Repeat("0123456789abcdef", 4))
	for name, text := range map[string][]byte{
		"cert.pem": server.Cert, "tls-key": server.Key, "ca.pem": c.ca.PEM(), "crl.pem": c.ca.CRL(t, time.Now().Add(-time.Minute), 24*time.Hour),
		"oauth": signing, "subject": secret, "portal-token": secret, "redis-key": secret, "hook-key": secret, "registry-token": secret,
		"policy.yaml": policy.Default, "canaries": []byte("# nobody has reason to ask for\nid 001080000000\n"),
		"budget.json": []byte(`{"version":1,"holds":[],"usual":[]}`), "withhold.yaml": []byte("withhold:\n  - {caller: demo-agency, for: 90d, basis: the rule}\n"),
		"verigate.yaml": []byte(strings.ReplaceAll(`
listen: {http: "off", https: "127.0.0.1:8443", cert_file: DIR/cert.pem, key_file: DIR/tls-key, client_ca_file: DIR/ca.pem, client_crl_file: DIR/crl.pem}
oauth: {signing_keys: [DIR/oauth]}
keys: {subject: DIR/subject}
registry: {url: "https://127.0.0.1:1", ca_file: DIR/ca.pem, cert_file: DIR/cert.pem, key_file: DIR/tls-key, token_file: DIR/registry-token}
clients: {file: DIR/clients.ndjson, key_file: DIR/keys/clients.key, data: DIR/state}
policy: {file: DIR/policy.yaml}
budget: {canary_file: DIR/canaries, state_file: DIR/budget.json, webhook: {url: "https://127.0.0.1:1", key_file: DIR/hook-key}}
gateway: {portal: {token_keys: [DIR/portal-token]}}
audit: {dir: DIR/audit, keys: DIR/audit-keys, withhold: DIR/withhold.yaml}
cache: {filter: {path: DIR/filter.vgf}, redis: {url: "rediss://127.0.0.1:1", ca_file: DIR/ca.pem, key_file: DIR/redis-key}}
`, "DIR", c.dir)),
	} {
		securetest.Write(t, filepath.Join(c.dir, name), text)
	}
	return c
}

// damage makes a file something else; an empty text removes it.
func (c *checked) damage(name, text string) {
	c.t.Helper()
	path := filepath.Join(c.dir, name)
	if text == "" {
		if err := os.Remove(path); err != nil {
			c.t.Fatal(err)
		}
		return
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		c.t.Fatal(err)
	}
	securetest.Write(c.t, path, []byte(text))
}

// run checks and holds the folder to being as it was before.
func (c *checked) run(args ...string) (int, string) {
	c.t.Helper()
	before, entries := fingerprint(c.t, c.dir), c.entries()
	code, out := runToEnd(c.t, append([]string{"serve", "--config", filepath.Join(c.dir, "verigate.yaml"), "--check"}, args...)...)
	if after := fingerprint(c.t, c.dir); !maps.Equal(before, after) || c.entries() != entries {
		c.t.Error("the check changed something in the folder")
	}
	return code, out
}

func (c *checked) entries() string {
	c.t.Helper()
	list, err := os.ReadDir(c.dir)
	if err != nil {
		c.t.Fatal(err)
	}
	return fmt.Sprint(list)
}

// faulty are files with one fault each, and what the line about it must name: the setting, the file, and what to do.
var faulty = []struct{ name, text, setting, reason, todo string }{
	{"cert.pem", "", "listen.cert_file", "no such file", "put it there, or correct the setting"},
	{"cert.pem", "no certificate", "listen.cert_file", "failed to find any PEM data", "the key of key_file"},
	{"tls-key", "no key", "listen.cert_file", "failed to find any PEM data", "the key of key_file"},
	{"ca.pem", "no certificate", "listen.client_ca_file", "holds no certificate", "put the authorities' certificates there"},
	{"crl.pem", "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", "listen.client_crl_file", "x509", "fetch the lists"},
	{"oauth", "no key", "oauth.signing_keys", "is not an Ed25519 key", "make one with"},
	{"oauth", "", "oauth.signing_keys", "no such file", "put it there"},
	{"subject", "", "keys.subject", "no such file", "put it there"},
	{"registry-token", "\n", "registry.token_file", "file is empty", "fill it"},
	{"clients.ndjson", "{\"verigate_clients\":1}\n{\"id\":\"a\"}\n{\"id\":\"b\"}\n", "clients.file", "line 3: kind", "backup"},
	{"clients.ndjson", "", "clients.file", "no such file", "put it there"},
	{"keys/clients.key", "short", "clients.key_file", "has 5 characters", "at least 32"},
	{"state", "a file", "clients.data", "is no folder", "move what is there away"},
	{"policy.yaml", "format: 1\nrules: nothing\n", "policy.file", "policy.yaml:2", ""},
	{"canaries", "id 00108000000\n", "budget.canary_file", "line 1: id", "correct the list"},
	{"budget.json", "{", "budget.state_file", "unexpected end", "restore it"},
	{"hook-key", "", "budget.webhook.key_file", "no such file", "put it there"},
	{"portal-token", "short", "gateway.portal.token_keys", "shorter than 16 bytes", "openssl rand -hex 32"},
	{"audit-keys/signing.key", "no key", "audit.keys", "not a signing key", "docs/backup.md"},
	{"audit/anything", "else", "audit.dir", "not the folder of an audit log", "own folders"},
	{"redis-key", "short", "cache.redis.key_file", "has 5 bytes", "openssl rand -hex 32"},
	// A start goes on with these.
	{"withhold.yaml", "withhold:\n  - {for: 90d, basis: x}\n", "", "audit.withhold", "must name"},
	{"filter.vgf", "no filter", "", "cache.filter.path", "would be built anew"},
}

// TestCheckNamesTheFault: one fault at a time, with the real binary, without Redis, registry or anything else running.
func TestCheckNamesTheFault(t *testing.T) {
	for _, f := range faulty {
		t.Run(f.name+" "+f.reason, func(t *testing.T) {
			c := newChecked(t)
			c.damage(f.name, f.text)
			code, out := c.run()
			if f.setting == "" {
				if want := "worth a look: " + f.reason + " " + filepath.Join(c.dir, f.name); code != 0 || !strings.Contains(out, want) || !strings.Contains(out, f.todo) {
					t.Errorf("exit code %d, want 0 and a word about it:\n%s", code, out)
				}
				return
			}
			holdLine(t, code, out, f.setting, filepath.Join(c.dir, strings.Split(f.name, "/")[0]), f.reason, f.todo)
		})
	}
}

func holdLine(t *testing.T, code int, out string, parts ...string) {
	t.Helper()
	if code != 2 {
		t.Errorf("exit code %d, want 2:\n%s", code, out)
	}
	for line := range strings.Lines(out) {
		all := strings.HasPrefix(line, parts[0])
		for _, part := range parts[1:] {
			all = all && strings.Contains(line, part)
		}
		if all {
			return
		}
	}
	t.Errorf("no line with %q in:\n%s", parts, out)
}

// TestCheckListsEveryFault: all of them at once, those of the configuration file itself among them, each once.
func TestCheckListsEveryFault(t *testing.T) {
	c := newChecked(t)
	seen := map[string]bool{}
	for _, f := range faulty {
		if !seen[f.name] && f.setting != "" {
			c.damage(f.name, f.text)
		}
		seen[f.name] = true
	}
	text, err := os.ReadFile(filepath.Join(c.dir, "verigate.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	c.damage("verigate.yaml", string(text)+"colour: red\n")
	code, out := c.run()
	holdLine(t, code, out, filepath.Join(c.dir, "verigate.yaml"), "colour: unknown key")
	seen = map[string]bool{}
	for _, f := range faulty {
		if seen[f.name] || f.setting == "" || strings.Contains("tls-key crl.pem", f.name) {
			continue // hidden behind the missing certificate, or the authorities it needs
		}
		seen[f.name] = true
		holdLine(t, code, out, f.setting, f.reason, f.todo)
	}
	once := map[string]bool{}
	for line := range strings.Lines(out) {
		if once[line] {
			t.Errorf("told twice: %s", line)
		}
		once[line] = true
	}
}

// TestCheckIsFriendly: exit 0 and one line, on a folder before its first start and beside the gateway that runs on it.
func TestCheckIsFriendly(t *testing.T) {
	c := newChecked(t)
	code, out := c.run()
	if code != 0 || strings.Count(out, "\n") != 1 || !strings.Contains(out, "is sound") {
		t.Errorf("exit code %d, want 0 and one line:\n%s", code, out)
	}
	s := startSecured(t)
	if code, out := runToEnd(t, "serve", "--config", filepath.Join(s.dir, "verigate.yaml"), "--check"); code != 0 || strings.Count(out, "\n") != 1 {
		t.Errorf("beside a running gateway: exit code %d, want 0 and one line:\n%s", code, out)
	}
}
