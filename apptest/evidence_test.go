package apptest_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// found is a line of `verigate audit find --format ndjson`.
type found struct {
	Type, Caller, Facility, Key, Call, Kind, Subject, Outcome, Code, Source, Event, Actor, Address, Staff, Purpose string
	RequestID                                                                                                      string `json:"request_id"`
	AsOf                                                                                                           string `json:"as_of"`
	Number, Row                                                                                                    int
	Version                                                                                                        uint64
	Released                                                                                                       []string
	Detail                                                                                                         map[string]string
}

// find runs the tool on a log, written or being written.
func find(t *testing.T, log string, args ...string) (list []found) {
	t.Helper()
	code, out := runToEnd(t, append([]string{"audit", "find", log, "--format", "ndjson"}, args...)...)
	if code != 0 {
		t.Fatalf("find %v: exit code %d:\n%s", args, code, out)
	}
	for line := range strings.Lines(out) {
		var f found
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatalf("find %v: %q: %v", args, line, err)
		}
		list = append(list, f)
	}
	return list
}

// TestEveryDecisionIsRecordedOnce makes the running gateway decide everything it can decide, and finds each once.
func TestEveryDecisionIsRecordedOnce(t *testing.T) {
	redis := startRedis(t)
	home := filepath.Join(t.TempDir(), "demo")
	url := "redis://" + redis.Addr
	g := startAs(t, freshFor("10s"), home, "--people", people, "--today", today, "--unlimited", "--redis", url)
	log := filepath.Join(home, "audit")
	t.Run("answers", func(t *testing.T) { answersAreRecorded(t, g, log) })
	t.Run("refusals", func(t *testing.T) { refusalsAreRecorded(t, g, log) })
	t.Run("log-ins", func(t *testing.T) { logInsAreRecorded(t, g, log) })
	t.Run("directory", func(t *testing.T) { directoryChangesAreRecorded(t, g, log) })
	t.Run("ledger", func(t *testing.T) { ledgerIsTold(t, g, log) })
	g.end(t)
	t.Run("after a restart", func(t *testing.T) { withheldIsReleased(t, home, url) })
	events := map[string]int{}
	for _, f := range find(t, log) {
		if f.Type == "event" {
			events[f.Event]++
		}
	}
	for kind, n := range map[string]int{"start": 2, "config": 2, "stop": 2, "audit_subject": 5} {
		if events[kind] != n {
			t.Errorf("%d events %q, want %d", events[kind], kind, n)
		}
	}
	if events["directory"] == 0 || events["directory_refused"] == 0 {
		t.Errorf("changes of the directory: %v", events)
	}
	if code, out := runToEnd(t, "audit", "verify", log); code != 0 {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	exportsAlike(t, log)
	lostKeyIsTold(t, home)
}

// lostKeyIsTold takes the key away that people are hidden under: who searches is told what could not be searched.
func lostKeyIsTold(t *testing.T, home string) {
	t.Helper()
	if err := os.Remove(filepath.Join(home, "keys", "audit", "epoch-0001.key")); err != nil {
		t.Fatal(err)
	}
	log, id := filepath.Join(home, "audit"), samples(t, "by_id", 1, 26)[0].ID
	code, out := runToEnd(t, "audit", "subject", log, id, "--format", "json")
	if code != 1 || !strings.Contains(out, `"complete": false`) || !strings.Contains(out, `"epochs_not_searched"`) || !strings.Contains(out, `"epoch": 1`) {
		t.Errorf("a ledger without the key: exit code %d:\n%s", code, out)
	}
	code, out = runToEnd(t, "audit", "find", log, "--subject", id)
	if code != 1 || strings.Count(out, "epoch 1 (key ") != 1 || !strings.Contains(out, "its key is missing") {
		t.Errorf("a search without the key: exit code %d:\n%s", code, out)
	}
}

// freshFor returns the command with records fresh for a time, whatever the feed does; what is small is searched quickly.
func freshFor(span string, more ...string) []string {
	return with(append(more, "VERIGATE_AUDIT_SEGMENT_SIZE=1MiB", "VERIGATE_CACHE_RULES_LIVE_PRESENT="+span, "VERIGATE_CACHE_RULES_LAGGING_PRESENT="+span,
		"VERIGATE_CACHE_RULES_LOST_PRESENT="+span)...)
}

// answersAreRecorded asks for an answer of every source but what others left in Redis.
func answersAreRecorded(t *testing.T, g *gateway, log string) {
	known := samples(t, "by_id", 1, 21)[0]
	unknown := known
	unknown.ID = neverIssued(known.ID)
	answerIsRecorded(t, g, log, "registry", known)
	answerIsRecorded(t, g, log, "local", known)
	answerIsRecorded(t, g, log, "filter", unknown)
	g.faults(t, map[string]any{"error_rate": 1})
	staleIsRecorded(t, g, log, known)
	a, err := g.lookup(samples(t, "by_id", 1, 22)[0])
	g.heal(t)
	if err != nil || a.Code != "unavailable" {
		t.Errorf("without the registry: %v %s", err, a.Code)
	} else if list := find(t, log, "--request-id", a.RequestID); len(list) != 1 || list[0].Outcome != "unavailable" {
		t.Errorf("without the registry: %+v", list)
	}
	rowsAreRecorded(t, g, log)
}

// staleIsRecorded asks for somebody who was answered before, without the registry, until the record in memory is too old
// to be believed alone.
func staleIsRecorded(t *testing.T, g *gateway, log string, s sample) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(300 * time.Millisecond) {
		a, err := g.lookup(s)
		if err != nil {
			t.Fatal(err)
		}
		if a.Source != "local" {
			recorded(t, log, "stale", a)
			return
		}
	}
	t.Error("an old record is still answered as a fresh one")
}

// answerIsRecorded asks, and finds the answer from that source once, with all that belongs to it.
func answerIsRecorded(t *testing.T, g *gateway, log, source string, s sample) {
	t.Helper()
	a, err := g.lookup(s)
	if err != nil {
		t.Error(err)
		return
	}
	recorded(t, log, source, a)
}

// recorded holds an answer to its source, and to the one record of it.
func recorded(t *testing.T, log, source string, a nativeAnswer) {
	t.Helper()
	if a.Source != source {
		t.Errorf("from %q, want %q: %s", a.Source, source, a.Outcome+a.Code)
		return
	}
	list := find(t, log, "--request-id", a.RequestID)
	if len(list) != 1 {
		t.Errorf("%s: found %d times", source, len(list))
		return
	}
	f := list[0]
	if f.Type != "decision" || f.Outcome != a.Outcome || f.Source != source || f.Call != "lookup" || f.Kind != "id" || f.Caller == "" || f.Key == "" ||
		f.Facility == "" || f.Purpose == "" || len(f.Subject) != 32 || f.AsOf == "" || f.Version == 0 && source != "filter" {
		t.Errorf("%s: %+v", source, f)
	}
	if (source != "filter") != slices.Contains(f.Released, "coverage") {
		t.Errorf("%s: released %v", source, f.Released)
	}
}

// neverIssued makes a well-formed number of one that nobody has: the filter knows.
func neverIssued(id string) string { return id[:6] + "999999" }

func rowsAreRecorded(t *testing.T, g *gateway, log string) {
	t.Helper()
	var lines bytes.Buffer
	for _, s := range samples(t, "by_id", 5, 23) {
		lines.Write(append(s.native(), '\n'))
	}
	lines.WriteString("not a question\n")
	r, err := g.post(g.Gateway+"/v1/verify", "application/x-ndjson", g.AgencyKey, lines.Bytes())
	if err != nil || r.status != http.StatusOK {
		t.Fatalf("%d %v", r.status, err)
	}
	list := find(t, log, "--request-id", r.header.Get("X-Request-Id"))
	rows := map[int]found{}
	for _, f := range list {
		rows[f.Row] = f
	}
	if len(list) != 6 || len(rows) != 6 || rows[1].Outcome == "" || rows[6].Code == "" || rows[6].Subject != "" {
		t.Errorf("a stream of six lines: %+v", list)
	}
}

func refusalsAreRecorded(t *testing.T, g *gateway, log string) {
	s := samples(t, "by_id", 1, 24)[0]
	s.ID = "12"
	a, err := g.lookup(s)
	if err != nil || a.status != http.StatusBadRequest {
		t.Fatalf("%d %v", a.status, err)
	}
	if list := find(t, log, "--request-id", a.RequestID); len(list) != 1 || list[0].Code != "identifier_malformed" {
		t.Errorf("a malformed number: %+v", list)
	}
	for range 20 {
		if r, err := g.post(g.Gateway+"/v1/lookup", "application/json", "vg_nobody", s.native()); err != nil || r.status != http.StatusUnauthorized {
			t.Fatalf("%d %v", r.status, err)
		}
	}
	awaitFound(t, log, "twenty unknown keys, counted", func(list []found) bool {
		n := 0
		for _, f := range list {
			if f.Type == "count" && f.Code == "key_malformed" {
				n += f.Number
			}
		}
		return n >= 20
	})
}

func logInsAreRecorded(t *testing.T, g *gateway, log string) {
	g.logIn(t)
	awaitFound(t, log, "a log-in", func(list []found) bool {
		return slices.ContainsFunc(list, func(f found) bool { return f.Call == "login" && f.Code == "200" && f.Caller != "" })
	})
	r, err := g.post(g.Gateway+"/api/token/take", "application/x-www-form-urlencoded", "", []byte("username="+g.PortalUsername+"&password=00000000000000000000000000000000"))
	if err != nil || !strings.Contains(string(r.body), `"401"`) {
		t.Fatalf("a wrong password: %s %v", r.body, err)
	}
	awaitFound(t, log, "a failed log-in", func(list []found) bool {
		return slices.ContainsFunc(list, func(f found) bool { return f.Type == "count" && f.Code == "key_unknown" })
	})
	a, err := g.portal(samples(t, "by_id", 1, 25)[0])
	if err != nil || a.MaKetQua != "000" {
		t.Fatalf("%s %v", a.MaKetQua, err)
	}
	awaitFound(t, log, "a portal lookup", func(list []found) bool {
		return slices.ContainsFunc(list, func(f found) bool { return f.Call == "portal" && f.Code == "000" && f.Outcome == "match" })
	})
}

// awaitFound waits for what is recorded within a second or so: counts, changes of the directory.
func awaitFound(t *testing.T, log, what string, ok func([]found) bool) {
	t.Helper()
	var list []found
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(300 * time.Millisecond) {
		if list = find(t, log); ok(list) {
			return
		}
	}
	t.Errorf("not in the log: %s; it ends with %+v", what, list[max(0, len(list)-8):])
}

func directoryChangesAreRecorded(t *testing.T, g *gateway, log string) {
	path := filepath.Join(g.Dir, "clients.ndjson")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	put := func(b []byte) {
		if err := os.WriteFile(path+".new", b, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	put(append(bytes.Clone(good), "{broken\n"...))
	awaitFound(t, log, "a refused directory", func(list []found) bool {
		return slices.ContainsFunc(list, func(f found) bool { return f.Event == "directory_refused" && f.Detail["reason"] != "" })
	})
	put(good)
	code, out := runToEnd(t, "clients", "add", "clinic-new", "--kind", "clinic", "--file", path, "--key-file", filepath.Join(g.Dir, "keys", "clients.key"))
	if code != 0 {
		t.Fatalf("adding a caller: %d\n%s", code, out)
	}
	awaitFound(t, log, "a changed directory", func(list []found) bool {
		return slices.ContainsFunc(list, func(f found) bool { return f.Event == "directory" })
	})
}

// ledgerIsTold asks for a person's ledger as an operator, who alone may, and finds that in the ledger as well.
func ledgerIsTold(t *testing.T, g *gateway, log string) {
	s := samples(t, "by_id", 1, 26)[0]
	for range 2 {
		if f := holdNative(g, s); f != "" {
			t.Fatal(f)
		}
	}
	body := func(form string) []byte {
		b, _ := json.Marshal(map[string]any{"identifiers": []string{s.ID}, "lang": "vi", "format": form}) // strings always marshal
		return b
	}
	url := g.Admin + "/audit/subject"
	for key, want := range map[string]int{"": http.StatusUnauthorized, g.ClinicKey: http.StatusForbidden} {
		if r, err := g.post(url, "application/json", key, body("json")); err != nil || r.status != want {
			t.Errorf("without the right: %d %v", r.status, err)
		}
	}
	r, err := g.post(url, "application/json", g.OperatorKey, body("json"))
	var told struct {
		Complete bool
		Entries  []struct{ Caller, Call, Outcome string }
	}
	if err != nil || r.status != http.StatusOK || json.Unmarshal(r.body, &told) != nil || !told.Complete || len(told.Entries) != 3 || told.Entries[2].Call != "ledger" {
		t.Errorf("%d %v: %s", r.status, err, r.body)
	}
	r, err = g.post(url, "application/json", g.OperatorKey, body("text"))
	if err != nil || !strings.Contains(string(r.body), "Các lượt tra cứu thông tin của Ông/Bà") || strings.Count(string(r.body), "tra cứu thẻ") != 2 ||
		strings.Count(string(r.body), "xem danh sách lượt tra cứu") != 2 {
		t.Errorf("%d %v: %s", r.status, err, r.body)
	}
	if r, err := g.post(url, "application/json", g.OperatorKey, []byte(`{"identifiers":["12"]}`)); err != nil || r.status != http.StatusBadRequest || strings.Contains(string(r.body), `"12"`) {
		t.Errorf("a malformed identifier: %d %v: %s", r.status, err, r.body)
	}
	code, out := runToEnd(t, "audit", "subject", log, s.ID, "--lang", "en")
	if code != 0 || strings.Count(out, "card looked up") != 2 || strings.Count(out, "this list was asked for") != 2 {
		t.Errorf("exit code %d:\n%s", code, out)
	}
}

// withheldIsReleased holds entries back by rule and releases them: what is told then is what was committed to, and
// anybody can see that.
func withheldIsReleased(t *testing.T, home, redis string) {
	rules := filepath.Join(t.TempDir(), "rules.yaml")
	hold := func(span string) {
		if err := os.WriteFile(rules, []byte("withhold:\n  - {caller_kind: clinic, for: "+span+", basis: Điều 1}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	hold("90d")
	g := startAs(t, freshFor("10m", "VERIGATE_AUDIT_WITHHOLD="+rules, "VERIGATE_CACHE_REDIS_TIMEOUT=2s"), home, "--people", people, "--today", today, "--redis", redis)
	defer g.end(t)
	// The memory of the gateway before is gone with it; what it left in Redis is not.
	t.Run("shared", func(t *testing.T) {
		answerIsRecorded(t, g, filepath.Join(home, "audit"), "shared", samples(t, "by_id", 1, 21)[0])
	})
	s := samples(t, "by_id", 1, 26)[0]
	body, _ := json.Marshal(map[string][]string{"identifiers": {s.ID}}) // strings always marshal
	ask := func() (told struct {
		Entries  []struct{ Call, Nonce, Record, Commitment string }
		Withheld []struct{ Basis, Commitment string }
	}) {
		r, err := g.post(g.Admin+"/audit/subject", "application/json", g.OperatorKey, body)
		if err != nil || r.status != http.StatusOK || json.Unmarshal(r.body, &told) != nil {
			t.Fatalf("%d %v: %s", r.status, err, r.body)
		}
		return told
	}
	early := ask()
	if len(early.Withheld) != 2 || early.Withheld[0].Basis != "Điều 1" || slices.ContainsFunc(early.Entries, func(e struct{ Call, Nonce, Record, Commitment string }) bool { return e.Call == "lookup" }) {
		t.Fatalf("while the rule holds: %+v", early)
	}
	hold("1ms")
	proven := 0
	for _, e := range ask().Entries {
		record, err := hex.DecodeString(e.Nonce + e.Record)
		sum := sha256.Sum256(record)
		if err == nil && e.Call == "lookup" && slices.ContainsFunc(early.Withheld, func(h struct{ Basis, Commitment string }) bool { return h.Commitment == hex.EncodeToString(sum[:]) }) {
			proven++
		}
	}
	if proven != 2 {
		t.Errorf("%d of 2 released entries prove what was held back", proven)
	}
}

// exportsAlike holds both forms of export to find.
func exportsAlike(t *testing.T, log string) {
	t.Helper()
	want := len(find(t, log))
	out := filepath.Join(t.TempDir(), "out.csv")
	if code, text := runToEnd(t, "audit", "export", log, "--format", "csv", "-o", out); code != 0 {
		t.Fatalf("exit code %d: %s", code, text)
	}
	f, err := os.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) != want+1 || rows[0][0] != "seq" {
		t.Errorf("%d rows of %d records, %v", len(rows), want, err)
	}
	if code, text := runToEnd(t, "audit", "export", log, "--format", "csv", "-o", out); code != 2 || !strings.Contains(text, "exists") {
		t.Errorf("over a file that is there: exit code %d: %s", code, text)
	}
	code, text := runToEnd(t, "audit", "export", log, "--until", "2000-01-01")
	if code != 0 || text != "" {
		t.Errorf("before everything: exit code %d: %q", code, text)
	}
}
