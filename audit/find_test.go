package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/verigate/verigate/audit"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

func find(t testing.TB, dir string, f audit.Filter) (found []string, problems []error) {
	t.Helper()
	s := audit.Search{Dir: dir, Filter: f, Problem: func(err error) { problems = append(problems, err) }, Visit: func(f *audit.Found) error {
		if f.Decision != nil {
			found = append(found, fmt.Sprintf("%s %x", f.Decision.Caller, f.Decision.RequestID[15]))
		}
		return nil
	}}
	if err := s.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	return found, problems
}

// person is what the gateway knows somebody by, before the log hashes it again.
func person(n byte) verify.Subject { return verify.Subject{n, n, n} }

// asked records one decision a minute: caller, person and outcome vary.
func asked(t testing.TB, cfg audit.Config) {
	t.Helper()
	var clock clockAt
	clock.put(noon)
	l, err := audit.Open(cfg, audit.Deps{Clock: clock.now})
	if err != nil {
		t.Fatal(err)
	}
	other := *caller
	other.ID = "agency-1"
	for i := range byte(12) {
		at := noon.Add(time.Duration(i) * time.Minute)
		clock.put(at)
		d := verify.Decision{
			At: clock.now(), RequestID: verify.RequestID{15: i}, Caller: caller, Kind: identity.KindCard, Subject: person(i%4 + 1),
			Outcome: verify.OutcomeMatch, Code: "000",
		}
		if i%3 == 0 {
			d.Caller = &other
		}
		if i%2 == 0 {
			d.Outcome, d.Code = verify.OutcomeNotFound, "050"
		}
		if err := l.Record(context.Background(), []verify.Decision{d}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func epochs(t testing.TB, cfg audit.Config) []*audit.Epoch {
	t.Helper()
	e, err := audit.LoadEpochs(cfg.Keys)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestFind(t *testing.T) {
	cfg := settings(t, quick)
	asked(t, cfg)
	cases := map[string]struct {
		filter audit.Filter
		want   string
	}{
		"everything":   {audit.Filter{}, "0 1 2 3 4 5 6 7 8 9 a b"},
		"a request":    {audit.Filter{RequestID: verify.RequestID{15: 7}}, "7"},
		"a caller":     {audit.Filter{Caller: "agency-1"}, "0 3 6 9"},
		"a stretch":    {audit.Filter{Since: noon.Add(3 * time.Minute), Until: noon.Add(6 * time.Minute)}, "3 4 5"},
		"an outcome":   {audit.Filter{Outcome: "not_found"}, "0 2 4 6 8 a"},
		"a code":       {audit.Filter{Outcome: "050"}, "0 2 4 6 8 a"},
		"a person":     {audit.Filter{Subjects: []verify.Subject{person(2)}, Epochs: epochs(t, cfg)}, "1 5 9"},
		"two of hers":  {audit.Filter{Subjects: []verify.Subject{person(2), person(4)}, Epochs: epochs(t, cfg)}, "1 3 5 7 9 b"},
		"all at once":  {audit.Filter{Caller: "agency-1", Outcome: "match", Since: noon.Add(4 * time.Minute)}, "9"},
		"nobody":       {audit.Filter{Subjects: []verify.Subject{person(9)}, Epochs: epochs(t, cfg)}, ""},
		"another time": {audit.Filter{Since: noon.Add(24 * time.Hour)}, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			found, problems := find(t, cfg.Dir, c.filter)
			var ids []string
			for _, f := range found {
				ids = append(ids, f[strings.IndexByte(f, ' ')+1:])
			}
			if got := strings.Join(ids, " "); got != c.want || len(problems) > 0 {
				t.Errorf("found %q, want %q; %v", got, c.want, problems)
			}
		})
	}
}

// The log knows a person by nothing that the gateway knows, and by another hash in every epoch; a search spans the
// epochs whose keys are there and says which it could not.
func TestEpochs(t *testing.T) {
	cfg := settings(t, quick)
	asked(t, cfg)
	if err := audit.AddEpoch(cfg.Keys, 2); err != nil {
		t.Fatal(err)
	}
	asked(t, cfg)

	hashes := map[verify.Subject]bool{}
	s := audit.Search{Dir: cfg.Dir, Visit: func(f *audit.Found) error {
		if f.Decision != nil {
			hashes[f.Decision.Subject] = true
		}
		return nil
	}}
	if err := s.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if len(hashes) != 8 || hashes[person(1)] {
		t.Errorf("four people in two epochs have %d hashes, want 8", len(hashes))
	}
	both := epochs(t, cfg)
	filter := audit.Filter{Subjects: []verify.Subject{person(1)}, Epochs: both}
	if found, problems := find(t, cfg.Dir, filter); len(found) != 6 || len(problems) != 0 {
		t.Errorf("with both keys: %v, %v", found, problems)
	}
	filter.Epochs = both[1:]
	found, problems := find(t, cfg.Dir, filter)
	if len(found) != 3 || len(problems) != 1 || !strings.Contains(problems[0].Error(), "epoch 1") {
		t.Errorf("with the second only: %v, %v", found, problems)
	}
}

// A new epoch key is taken into use by a log that is running.
func TestNewEpochWhileRunning(t *testing.T) {
	cfg := settings(t, quick)
	var clock clockAt
	clock.put(noon)
	l, err := audit.Open(cfg, audit.Deps{Clock: clock.now})
	if err != nil {
		t.Fatal(err)
	}
	fill(t, l, 3)
	if err := audit.AddEpoch(cfg.Keys, 7); err != nil {
		t.Fatal(err)
	}
	clock.put(noon.Add(time.Minute))
	eventually(t, "the next segment", func() bool { return l.Status().Segment == 2 })
	fill(t, l, 3)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	filter := audit.Filter{Subjects: []verify.Subject{decision(0).Subject}, Epochs: epochs(t, cfg)[1:]}
	if found, problems := find(t, cfg.Dir, filter); len(found) != 1 || len(problems) != 1 {
		t.Errorf("with the new key only: %v, %v", found, problems)
	}
}

func TestEpochKeysRefused(t *testing.T) {
	for name, text := range map[string]string{"epoch-0.key": strings.Repeat("a", 40), "epoch-x.key": strings.Repeat("a", 40), "epoch-2.key": "short"} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, name), text)
		if _, err := audit.LoadEpochs(dir); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	dir := t.TempDir()
	if err := audit.EnsureKeys(dir); err != nil {
		t.Fatal(err)
	}
	before := snapshot(t, dir)
	if err := audit.EnsureKeys(dir); err != nil || fmt.Sprint(snapshot(t, dir)) != fmt.Sprint(before) {
		t.Errorf("keys were made anew (%v)", err)
	}
	if err := audit.AddEpoch(dir, 1); err != nil {
		t.Fatal(err)
	}
	if err := audit.AddEpoch(dir, 1); err == nil {
		t.Error("a key was replaced")
	}
}

// Everything a decision carries comes back, and reads as it is called on the wire.
func TestRoundTrip(t *testing.T) {
	cfg := settings(t, quick)
	l := open(t, cfg)
	d := verify.Decision{
		At: verify.Instant{Wall: noon.UnixNano()}, RequestID: verify.RequestID{0: 0xab, 15: 1}, Row: 12, Caller: caller,
		Call: verify.CallPortal, Purpose: verify.PurposeClaim, Staff: verify.Subject{7}, Kind: identity.KindCode, Subject: person(3),
		Outcome: verify.OutcomeMismatch, Reason: verify.ReasonExpired, Trouble: verify.TroubleTimeout, Code: "061",
		Fields:   verify.Fields{Name: verify.FieldMismatch, DOB: verify.FieldMatchCoarse, Sex: verify.FieldNotGiven, Facility: verify.FieldNotOnRecord, Initials: true},
		Released: verify.ReleasedDetails | verify.ReleasedReason, Source: verify.SourceStale, AsOf: noon.Add(-time.Hour).UnixNano(), Version: 42,
	}
	if err := l.Record(context.Background(), []verify.Decision{d}); err != nil {
		t.Fatal(err)
	}
	if err := l.Event("directory", "operator-1", "version", "abc", "callers", "13000"); err != nil {
		t.Fatal(err)
	}
	var out, text bytes.Buffer
	s := audit.Search{Dir: cfg.Dir, Visit: func(f *audit.Found) error {
		if err := audit.WriteText(&text, f); err != nil {
			return err
		}
		return audit.WriteNDJSON(&out, f)
	}}
	if err := s.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 3 || strings.Count(text.String(), "\n") != 3 {
		t.Fatalf("%d lines: %s", len(lines), &out)
	}
	if !strings.HasSuffix(text.String(), "directory by operator-1 callers=13000 version=abc\n") {
		t.Errorf("as text: %s", &text)
	}
	e := epochs(t, cfg)[0]
	hex := func(s verify.Subject) string { return fmt.Sprintf("%x", s[:]) }
	want := fmt.Sprintf(`{"seq":2,"segment":1,"type":"decision","at":"2026-11-21T05:00:00Z","request_id":"ab000000000000000000000000000001","row":12,
		"caller":"clinic-01000","caller_kind":"clinic","key":"k3yid0ab","facility":"01000","staff":%q,"call":"portal","purpose":"claim","kind":"code",
		"subject":%q,"outcome":"mismatch","reason":"expired","trouble":"timeout","code":"061",
		"fields":{"name":"mismatch","dob":"match_coarse","sex":"not_given","facility":"not_on_record","initials":true},
		"released":["details","reason"],"source":"stale","as_of":"2026-11-21T04:00:00Z","version":42,"rules":%d}`,
		hex(e.Staff(d.Staff)), hex(e.Subject(d.Subject)), verify.RulesVersion)
	if got := compact(t, lines[1]); got != compact(t, want) {
		t.Errorf("got  %s\nwant %s", got, compact(t, want))
	}
	if !strings.Contains(lines[2], `"event":"directory","actor":"operator-1","detail":{"callers":"13000","version":"abc"}`) {
		t.Error(lines[2])
	}
}

func compact(t testing.TB, s string) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(s)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
