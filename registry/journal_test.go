package registry_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/verigate/verigate/registry"
	"github.com/verigate/verigate/registry/nation"
)

// inFolder runs a registry whose changes are kept in dir.
func inFolder(t *testing.T, dir string) *running {
	t.Helper()
	return start(t, func(c *registry.Config) { c.Data = dir })
}

func changeFile(t *testing.T, dir string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "changes-*.ndjson"))
	if err != nil || len(found) != 1 {
		t.Fatalf("change files: %v, %v", found, err)
	}
	return found[0]
}

func TestChangesSurviveARestart(t *testing.T) {
	dir := t.TempDir()
	x := inFolder(t, dir)
	born := x.births(3, "048")
	recalled, issued, corrected := withEnd(t, 0), withEnd(t, 1), withEnd(t, 2)
	x.do(map[string]any{"op": "recall", "id": recalled.ID})
	after := x.do(map[string]any{"op": "issue", "id": issued.ID})
	fresh := last(&after.Record)
	x.do(map[string]any{"op": "correct", "id": corrected.ID, "new_id": "001180999998", "name": "Lê Thị Mẫu"})
	keys := []keyed{{"id", born[0].ID}, {"card", born[2].Card}, {"id", recalled.ID}, {"card", fresh.Number},
		{"id", corrected.ID}, {"id", "001180999998"}, {"code", issued.Code}}
	before := x.ask(keys...)
	feed := x.lines("/changes?wait=0s")
	token := feed[2].Token // the third birth
	id := x.reg.ID()
	x.stop()

	y := inFolder(t, dir)
	again := y.ask(keys...)
	for i := range keys {
		b, a := before.Answers[i], again.Answers[i]
		if a.Status != "record" || a.Version != b.Version || a.Record.Name != b.Record.Name || len(a.Record.Cards) != len(b.Record.Cards) {
			t.Errorf("key %d after the restart: version %d %+v, before: version %d %+v", i, a.Version, a.Record, b.Version, b.Record)
		}
	}
	if y.reg.ID() != id {
		t.Errorf("the registry calls itself %s, before %s", y.reg.ID(), id)
	}
	if more := y.births(1, "048")[0]; more.ID == born[0].ID || more.ID == born[2].ID {
		t.Error("a number was given twice")
	} else if _, version := y.record(keyed{"id", more.ID}); version != 8 {
		t.Errorf("the counter went on at %d, want 8", version)
	}
	var versions []uint64
	for _, l := range y.lines("/changes?wait=0s&after=" + token) {
		if l.Op != "" {
			versions = append(versions, l.Version)
		}
	}
	if want := []uint64{5, 6, 7, 8}; !equal(versions, want) {
		t.Errorf("resumed with versions %v, want %v", versions, want)
	}
}

func TestATornLastLineIsDroppedAndReported(t *testing.T) {
	dir := t.TempDir()
	x := inFolder(t, dir)
	born := x.births(2, "001")
	x.stop()
	path := changeFile(t, dir)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(whole, []byte("\n"))
	lastLine := lines[len(lines)-2]
	for cut := 1; cut < len(lastLine); cut += 97 {
		if err := os.WriteFile(path, whole[:len(whole)-cut], 0o600); err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		r, err := registry.New(registry.Config{People: 20_000, Seed: 1, Today: today, Data: dir},
			registry.Deps{Log: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatalf("cut by %d bytes: %v", cut, err)
		}
		if !strings.Contains(log.String(), "incomplete last line") || strings.Contains(log.String(), born[1].ID) {
			t.Errorf("cut by %d bytes, the log says: %s", cut, &log)
		}
		if err := r.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	y := inFolder(t, dir)
	y.record(keyed{"id", born[0].ID})
	if a := y.ask(keyed{"id", born[1].ID}).Answers[0]; a.Status != "absent" {
		t.Errorf("the torn birth is %s", a.Status)
	}
	if again := y.births(1, "001")[0]; again.ID != born[1].ID {
		t.Error("the torn birth's place was not used again")
	}
}

func TestATornHeadIsABeginning(t *testing.T) {
	dir := t.TempDir()
	inFolder(t, dir).stop()
	path := changeFile(t, dir)
	if err := os.Truncate(path, 10); err != nil {
		t.Fatal(err)
	}
	x := inFolder(t, dir)
	x.births(1, "001")
	x.stop()
	inFolder(t, dir)
}

func TestADamagedChangeFileStopsTheStart(t *testing.T) {
	dir := t.TempDir()
	x := inFolder(t, dir)
	born := x.births(3, "001")
	x.stop()
	path := changeFile(t, dir)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(whole), "\n")
	cases := []struct{ name, content, want string }{
		{"line of nonsense", lines[0] + "nonsense\n" + lines[1], "line 2 is damaged"},
		{"line missing", lines[0] + lines[1] + lines[3], "line 3 is damaged: version 4 where 3 must follow"},
		{"unknown field", lines[0] + strings.Replace(lines[1], `{"version"`, `{"more":1,"version"`, 1), "line 2 is damaged"},
		{"two values", lines[0] + strings.TrimSpace(lines[1]) + lines[2], "line 2 is damaged"},
		{"head missing", lines[1] + lines[2], "line 1 is damaged"},
		{"later format", strings.Replace(lines[0], `"format":1`, `"format":9`, 1), "format 9 is not known"},
		{"another nation", strings.Replace(lines[0], "people20000", "people30000", 1), "belongs to nation"},
		{"no epoch", strings.Replace(lines[0], `"epoch":"`, `"epoch":"","x":"`, 1), "line 1 is damaged"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := registry.New(registry.Config{People: 20_000, Seed: 1, Today: today, Data: dir}, registry.Deps{})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) {
				t.Fatalf("error %v, want one with %q and the folder", err, c.want)
			}
			for _, p := range born {
				if strings.Contains(err.Error(), p.ID) || strings.Contains(err.Error(), p.Name) {
					t.Errorf("the error gives a person away: %v", err)
				}
			}
		})
	}
}

func TestWhatCannotBeWrittenIsNotDone(t *testing.T) {
	x := inFolder(t, t.TempDir())
	born := x.births(1, "001")[0]
	if err := x.reg.FailWrites(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		x.refused(500, "internal", "POST", "/lab/people", `{"op":"recall","id":"`+born.ID+`"}`)
	}
	if r, version := x.record(keyed{"id", born.ID}); version != 2 || last(r).Status != "active" {
		t.Errorf("a change that was not written shows: version %d, %+v", version, r)
	}
	if lines := x.lines("/changes?wait=0s"); len(lines) != 2 {
		t.Errorf("a change that was not written is in the feed: %+v", lines)
	}
}

func TestAFolderServesOneRegistryAtATime(t *testing.T) {
	dir := t.TempDir()
	x := inFolder(t, dir)
	if _, err := registry.New(registry.Config{People: 20_000, Seed: 1, Today: today, Data: dir}, registry.Deps{}); err == nil ||
		!strings.Contains(err.Error(), "another registry is using it") {
		t.Errorf("a second registry in the folder: %v", err)
	}
	x.stop()
	inFolder(t, dir)
}

func TestNationsShareAFolder(t *testing.T) {
	dir := t.TempDir()
	small := start(t, func(c *registry.Config) { c.Data, c.People = dir, 5000 })
	small.births(4, "001")
	large := inFolder(t, dir)
	if mark := large.ask(keyed{"id", "001080999999"}).Watermark; mark.Version != 1 {
		t.Errorf("one nation's changes reached another: version %d", mark.Version)
	}
	if small.reg.ID() == large.reg.ID() {
		t.Errorf("two nations call themselves %s", small.reg.ID())
	}
}

// TestChangeFileOfFormat1 holds the format still: a file written by an earlier version must go on being read.
func TestChangeFileOfFormat1(t *testing.T) {
	const name = "changes-seed1-people20000-2026.ndjson"
	golden, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), golden, 0o600); err != nil {
		t.Fatal(err)
	}
	x := inFolder(t, dir)
	p := somebody(t, nation.RenewedInAdvance)
	r, version := x.record(keyed{"id", p.ID})
	if version != 3 || r.Died != "2026-11-21" || r.Sex != "female" || r.DOB != "1950" || last(r).Status != "active" {
		t.Errorf("version %d: %+v", version, r)
	}
}

func equal(a, b []uint64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
