package audit_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/verigate/verigate/audit"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/verify"
)

// ledger asks for one person's ledger at a time.
func ledger(t testing.TB, cfg audit.Config, now time.Time, rules ...audit.WithholdingRule) *audit.Ledger {
	t.Helper()
	b := &audit.LedgerBuilder{Rules: rules, Now: now, Key: []byte("the subject key")}
	s := audit.Search{
		Dir: cfg.Dir, Visit: b.Add, Problem: func(err error) { t.Error(err) },
		Filter: audit.Filter{Subjects: []verify.Subject{person(2)}, Epochs: epochs(t, cfg)},
	}
	if err := s.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	return b.Ledger()
}

// A person is told of every answer about them. What a rule holds back is told later, and can then be shown to be what
// was held back.
func TestLedger(t *testing.T) {
	cfg := settings(t, quick)
	asked(t, cfg) // person 2 is asked about three times, once by the agency
	all := ledger(t, cfg, noon)
	if len(all.Entries) != 3 || len(all.Withheld) != 0 || all.Withheld == nil { // nil would be null as JSON
		t.Fatalf("%+v", all)
	}
	rule := audit.WithholdingRule{Caller: "agency-1", For: config.Duration(90 * 24 * time.Hour), Basis: "Article 1"}
	early := ledger(t, cfg, noon.Add(time.Hour), rule)
	if len(early.Entries) != 2 || len(early.Withheld) != 1 || early.Withheld[0].Basis != "Article 1" {
		t.Fatalf("while it is withheld: %+v", early)
	}
	late := ledger(t, cfg, noon.Add(91*24*time.Hour), rule)
	if len(late.Entries) != 3 || len(late.Withheld) != 0 {
		t.Fatalf("afterwards: %+v", late)
	}
	proven := 0
	for i := range late.Entries {
		e := &late.Entries[i]
		if e.Seq != early.Withheld[0].Seq {
			if e.Commitment != "" {
				t.Errorf("entry %d was never withheld", e.Seq)
			}
			continue
		}
		if !e.CheckCommitment(early.Withheld[0].Commitment) || e.Caller != "agency-1" {
			t.Errorf("%+v does not prove %+v", e, early.Withheld[0])
		}
		proven++
		forged := *e
		forged.Record = strings.Replace(e.Record, e.Record[:2], "ff", 1)
		if forged.CheckCommitment(early.Withheld[0].Commitment) {
			t.Error("another record proves the commitment too")
		}
		for what, lie := range map[string]func(*audit.LedgerEntry){
			"caller":  func(e *audit.LedgerEntry) { e.Caller = "clinic-01000" },
			"time":    func(e *audit.LedgerEntry) { e.At = e.At.Add(time.Hour) },
			"outcome": func(e *audit.LedgerEntry) { e.Outcome = "unavailable" },
			"given":   func(e *audit.LedgerEntry) { e.Released = []string{"coverage"} },
		} {
			told := *e
			if lie(&told); told.CheckCommitment(early.Withheld[0].Commitment) {
				t.Errorf("the record proves an entry with another %s", what)
			}
		}
	}
	if proven != 1 {
		t.Errorf("%d entries were proven", proven)
	}
}

func TestLedgerText(t *testing.T) {
	cfg := settings(t, quick)
	asked(t, cfg)
	rule := audit.WithholdingRule{CallerKind: "clinic", For: config.Duration(time.Hour), Basis: "Điều 1"}
	l := ledger(t, cfg, noon.Add(time.Hour+time.Minute), rule)
	for language, want := range map[string][]string{
		"vi": {"Các lượt tra cứu", "21/11/2026 12:01:00", "Cơ sở khám chữa bệnh Bệnh viện Mẫu (01000)", "thẻ còn giá trị", "trước đây chưa được thông báo", "căn cứ: Điều 1"},
		"en": {"Who asked about you", "Clinic Bệnh viện Mẫu (01000)", "card in force", "nothing was given", "was not told before", "basis: Điều 1"},
	} {
		var b strings.Builder
		if err := (audit.LedgerText{Language: language, Names: map[string]string{"clinic-01000": "Bệnh viện Mẫu"}}).Write(&b, l); err != nil {
			t.Fatal(err)
		}
		for _, w := range want {
			if !strings.Contains(b.String(), w) {
				t.Errorf("%s: does not say %q:\n%s", language, w, &b)
			}
		}
	}
	var held strings.Builder
	if err := (audit.LedgerText{Language: "en"}).Write(&held, &audit.Ledger{Withheld: []audit.Withheld{{Seq: 1}}}); err != nil || strings.Contains(held.String(), "Nobody") {
		t.Errorf("%v; of a person whose only entry is held back: %s", err, &held)
	}
	if err := (audit.LedgerText{Language: "fr"}).Write(new(strings.Builder), l); err == nil {
		t.Error("French was written")
	}
}

func TestWithholdingRules(t *testing.T) {
	for text, want := range map[string]string{
		"withhold:\n  - {caller: a, for: 90d, basis: x}\n":              "",
		"withhold:\n  - {for: 90d, basis: x}\n":                         "must name",
		"withhold:\n  - {caller: a, basis: x}\n":                        "for: must be set",
		"withhold:\n  - {caller: a, for: 90d}\n":                        "basis: must be set",
		"withhold:\n  - {purpose: spying, for: 90d, basis: x}\n":        "purpose \"spying\"",
		"withhold:\n  - {caller_kind: bank, for: 90d, basis: x}\n":      "caller_kind \"bank\"",
		"withhold:\n  - {caller: a, for: 90d, basis: x, colour: red}\n": "colour",
	} {
		var w audit.Withholding
		err := config.Parse("rules.yaml", []byte(text), nil, &w)
		if want == "" && (err != nil || len(w.Rules) != 1) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
