package apptest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/internal/proc"
)

// usage is what GET /v1/usage says.
type usage struct {
	Caller string
	Code   string // of a problem
	Quotas []struct{ Limit, Used int64 }
}

func (f *fleet) usage(node int, key string) usage {
	f.t.Helper()
	var u usage
	if _, err := f.call(http.MethodGet, f.Nodes[node].URL+"/v1/usage", key, nil, &u); err != nil {
		f.t.Fatal(err)
	}
	return u
}

// act asks a node's admin listener as the operator and wants success.
func (f *fleet) act(node int, path string, body, into any) {
	f.t.Helper()
	status, err := f.call(http.MethodPost, f.Nodes[node].Admin+path, f.seeded.OperatorKey, body, into)
	if err != nil || status/100 != 2 {
		f.t.Fatalf("%s: status %d, %v", path, status, err)
	}
}

// within waits until something is so, for as long as the page allows it to take.
func (f *fleet) within(limit time.Duration, what string, is func() bool) time.Duration {
	f.t.Helper()
	from := time.Now()
	for !is() {
		if time.Since(from) > limit {
			f.t.Fatalf("waited %s in vain for %s", limit, what)
		}
		time.Sleep(5 * time.Millisecond)
	}
	return time.Since(from)
}

// visibleWithin is how soon every node knows of a change.
const visibleWithin = 5 * time.Second

// TestTwoNodesShareTheDirectory: a caller added at one node is known at the other, its quota is one for both, and its
// revocation is seen everywhere in time; all of that goes on, as far as it can, while Redis is dead.
func TestTwoNodesShareTheDirectory(t *testing.T) {
	f := &fleet{t: t, dir: t.TempDir(), http: &http.Client{Timeout: 10 * time.Second}}
	var err error
	if f.seeded, err = clients.Seed(f.dir); err != nil {
		t.Fatal(err)
	}
	f.Fleet, err = proc.StartFleet(proc.FleetConfig{Program: program, Dir: f.dir, Nodes: 2, People: 1000, Today: today, Shared: true,
		Clients: string(f.seeded.File), ClientsKey: string(f.seeded.Key), Cache: "\n  filter: {enabled: false}\n"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		f.http.CloseIdleConnections()
		if err := f.Stop(30 * time.Second); err != nil {
			t.Error(err)
		}
	})
	var added struct{ Issued clients.Issued }
	f.act(0, "/clients", map[string]any{"id": "clinic-01001", "kind": "clinic", "facility": "01001", "limits": map[string]int{"daily": 1000}}, &added)
	key := added.Issued.Key
	for node := range f.Nodes {
		f.within(visibleWithin, "the new caller", func() bool { return f.usage(node, key).Caller == "clinic-01001" })
	}
	f.spend(0, key, 20)
	f.within(visibleWithin, "the quota to be one", func() bool { return f.usage(1, key).Quotas[0].Used == 20 })

	f.Redis.Kill()
	f.spend(1, key, 5) // everything is answered as before
	if status, err := f.call(http.MethodPost, f.Nodes[0].Admin+"/clients/clinic-01001/revoke", f.seeded.OperatorKey, map[string]bool{"all": true}, new(any)); err != nil || status != http.StatusServiceUnavailable {
		t.Errorf("a change while Redis is dead: status %d, %v", status, err)
	}
	if code, err := f.Nodes[1].Stop(30 * time.Second); err != nil || code != 0 {
		t.Fatalf("exit code %d, %v", code, err)
	}
	if err := f.Nodes[1].Start(60 * time.Second); err != nil {
		t.Fatalf("a start while Redis is dead: %v", err)
	}
	if u := f.usage(1, key); u.Caller != "clinic-01001" || u.Quotas[0].Used != 25 {
		t.Errorf("after a restart without Redis: %+v", u)
	}
	if err := f.RestartRedis(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	f.within(2*visibleWithin, "the directory to be back", func() bool {
		status, err := f.call(http.MethodPost, f.Nodes[0].Admin+"/clients/clinic-01001/revoke", f.seeded.OperatorKey, map[string]bool{"all": true}, new(any))
		return err == nil && status == http.StatusOK
	})
	took := f.within(visibleWithin, "the revocation at the other node", func() bool { return f.usage(1, key).Code == "key_revoked" })
	t.Logf("the revocation was seen at the other node after %s", took.Round(time.Millisecond))
	f.within(visibleWithin, "the revocation at the node itself", func() bool { return f.usage(0, key).Code == "key_revoked" })
}

// spend asks n questions; what they are answered does not matter here.
func (f *fleet) spend(node int, key string, n int) {
	f.t.Helper()
	for range n {
		q := map[string]string{"id": "001080000001", "name": "Nguyễn Văn Mẫu", "dob": "1980"}
		var a nativeAnswer
		if status, err := f.call(http.MethodPost, f.Nodes[node].URL+"/v1/verify", key, q, &a); err != nil || status != http.StatusOK {
			f.t.Fatalf("status %d, %v, %+v", status, err, a)
		}
	}
}

// TestAdminPage runs what docs/admin-api.md tells operators to type.
func TestAdminPage(t *testing.T) {
	g := startDemo(t)
	var secrets clients.Seeded
	text, err := os.ReadFile(filepath.Join(g.Dir, "keys", "demo-secrets.json"))
	if err == nil {
		err = json.Unmarshal(text, &secrets)
	}
	if err != nil {
		t.Fatal(err)
	}
	out := runPage(t, "admin-api.md", "", t.TempDir(), "ADMIN="+g.Admin, "KEY="+secrets.OperatorKey)
	for _, part := range []string{`"id": "demo-clinic"`, `"portal_username": "01001_BV"`, `"rate": 50`, `"officers": 1`, `"status": "suspended"`, `"added": 2`, `"status": "revoked"`} {
		if !strings.Contains(out, part) {
			t.Errorf("no %s in what the page's commands printed:\n%s", part, out)
		}
	}
	code, found := runToEnd(t, "audit", "find", filepath.Join(g.Dir, "audit"), "--format", "ndjson")
	for _, kind := range []string{"clients_add", "clients_add_done", "clients_import_done", "clients_revoke"} {
		if code != 0 || !strings.Contains(found, kind) {
			t.Errorf("no %s in the audit log (exit code %d)", kind, code)
		}
	}
	if strings.Contains(found, "001180000000") || strings.Contains(found, "vg_") {
		t.Error("an officer's number or a key is in the audit log")
	}
}

// TestClientsCommands runs every command on a directory in a file and on one in Redis.
func TestClientsCommands(t *testing.T) {
	redis := startRedis(t)
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	writeFile(t, in("key"), strings.Repeat("k", 43))
	writeFile(t, in("callers.csv"), "id,kind\nlab-1,laboratory\nlab-2,laboratory\n")
	for place, flags := range map[string][]string{"file": {"--file", in("clients.ndjson")}, "redis": {"--redis", "redis://" + redis.Addr}} {
		t.Run(place, func(t *testing.T) {
			for _, step := range []struct {
				args string
				code int
				want string
			}{
				{"add clinic-1 --kind clinic --facility 01001 --portal 01001_BV --rate 7", 0, "vg_"},
				{"add clinic-1 --kind clinic", 2, "there is one with this id"},
				{"import " + in("callers.csv") + " --secrets " + in(place+".csv"), 0, "2 callers added"},
				{"import " + in("callers.csv") + " --secrets " + in(place+"2.csv"), 2, "nothing was added"},
				{"list --kind laboratory", 0, "lab-2"},
				{"limits clinic-1 --daily 9", 0, "7/s, 100 at once, 32 under way, 9 a day"},
				{"rotate clinic-1 --overlap 7d", 0, "vg_"},
				{"rotate clinic-1 --portal 01001_BV", 0, "portal password"},
				{"staff add clinic-1 --number 001180000000 --name Mẫu", 0, ""},
				{"suspend clinic-1 --contact here", 0, ""},
				{"show clinic-1", 0, "suspended"},
				{"resume clinic-1", 0, ""},
				{"revoke clinic-1 --portal 01001_BV", 0, "revoked account 01001_BV"},
				{"revoke clinic-1", 0, "revoked the caller clinic-1"},
				{"resume clinic-1", 2, "for good"},
				{"pull " + in(place+".ndjson"), 0, "3 callers written"},
			} {
				args := append(append([]string{"clients", "--key-file", in("key")}, flags...), strings.Fields(step.args)...)
				if code, out := runToEnd(t, args...); code != step.code || !strings.Contains(out, step.want) {
					t.Errorf("%s: exit code %d, want %d and %q:\n%s", step.args, code, step.code, step.want, out)
				}
			}
		})
	}
	push := []string{"clients", "--key-file", in("key"), "--redis", "redis://" + redis.Addr, "push", in("file.ndjson")}
	if code, out := runToEnd(t, push...); code != 2 || !strings.Contains(out, "there is one in Redis already") {
		t.Errorf("a push over another directory: exit code %d:\n%s", code, out)
	}
	if code, out := runToEnd(t, append(push, "--replace")...); code != 0 {
		t.Errorf("exit code %d:\n%s", code, out)
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestBackupPage takes a backup of a demo by the commands of docs/backup.md, loses everything, and restores it: the same
// key, account and officer are good again, and the log is whole and still finds the person.
func TestBackupPage(t *testing.T) {
	dir, backup := filepath.Join(t.TempDir(), "demo"), t.TempDir()
	g := startAs(t, []string{program}, dir, "--people", people, "--today", today)
	s := samples(t, "by_id", 1, 9)[0]
	wantMatch(t, g, s)
	g.end(t)
	clinicKey, password := g.ClinicKey, g.PortalPassword
	to, vault := filepath.Join(backup, "to"), filepath.Join(backup, "vault")
	for _, d := range []string{to, vault} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	env := []string{
		"CLIENTS=--data " + dir, "DATA=" + dir, "KEYS=" + filepath.Join(dir, "keys"), "TO=" + to, "VAULT=" + vault,
		"KEYFILE=--key-file " + filepath.Join(dir, "keys", "clients.key"), "RESTORE=cp -p " + to + "/clients.ndjson " + dir + "/clients.ndjson",
	}
	if out := runPage(t, "backup.md", "Taking a backup", backup, env...); !strings.Contains(out, "sound") {
		t.Errorf("the log of the backup:\n%s", out)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if out := runPage(t, "backup.md", "Restoring", backup, env...); !strings.Contains(out, "sound") {
		t.Errorf("the restored log:\n%s", out)
	}
	g = startDemoIn(t, dir, "--people", people, "--today", today)
	if g.ClinicKey != clinicKey || g.PortalPassword != password {
		t.Error("the demo made new secrets")
	}
	wantMatch(t, g, s)
	g.logIn(t)
	code, out := runToEnd(t, "audit", "find", filepath.Join(dir, "audit"), "--subject", s.ID, "--format", "ndjson")
	if found := strings.Count(out, `"call":"lookup"`); code != 0 || found != 2 {
		t.Errorf("the person is found %d times in the log, want 2 (exit code %d):\n%s", found, code, out)
	}
}

func wantMatch(t *testing.T, g *gateway, s sample) {
	t.Helper()
	a, err := g.lookup(s)
	if err != nil || a.Outcome != "match" {
		t.Fatalf("%v, %+v", err, a)
	}
}

// runPage runs a page's shell blocks, one after the other, in dir, with the program on the path; it returns what they
// printed. With a heading only the blocks below it are run.
func runPage(t *testing.T, page, heading, dir string, env ...string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "docs", page))
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	if heading != "" {
		_, text, _ = strings.Cut(text, "\n## "+heading+"\n")
		text, _, _ = strings.Cut(text, "\n## ")
	}
	script := ""
	for _, block := range strings.Split(text, "```sh\n")[1:] {
		block, _, _ = strings.Cut(block, "```")
		script += block
	}
	if script == "" {
		t.Fatalf("%s has no commands below %q", page, heading)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-e", "-c", script)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), fmt.Sprintf("PATH=%s:%s", filepath.Dir(program), os.Getenv("PATH"))), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s\nprinted\n%s", page, err, script, out)
	}
	return string(out)
}
