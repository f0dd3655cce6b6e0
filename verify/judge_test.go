package verify_test

import (
	"testing"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

const (
	oldCard = "GD4010000000001"
	newCard = "HT3010000000001"
)

func card(t testing.TB, number, from, to string) verify.Card {
	t.Helper()
	return verify.Card{Number: mustKey(t, identity.KindCard, number), From: day(from), To: day(to),
		Facility: identity.Facility{'0', '1', '0', '0', '0'}, Benefit: 4}
}

func ended(c verify.Card, s verify.Status, from string) verify.Card {
	c.Status, c.StatusFrom = s, day(from)
	return c
}

func TestJudgeStatus(t *testing.T) {
	const today = "2026-11-21"
	lastYear, thisYear, nextYear := card(t, oldCard, "2025-01-01", "2025-12-31"), card(t, oldCard, "2026-01-01", "2026-12-31"), card(t, oldCard, "2027-01-01", "2027-12-31")
	byID, byCode, byOld, byNew := mustKey(t, identity.KindID, "001080000000"), mustKey(t, identity.KindCode, "0000000001"),
		mustKey(t, identity.KindCard, oldCard), mustKey(t, identity.KindCard, newCard)
	tests := []struct {
		name      string
		cards     []verify.Card
		key       identity.Key
		on        string
		outcome   verify.Outcome
		reason    verify.Reason
		code      string
		card      string // valid_from of the deciding card
		successor string // valid_from of the successor
	}{
		{"in force", []verify.Card{lastYear, thisYear}, byID, today, verify.OutcomeMatch, 0, "000", "2026-01-01", ""},
		{"first day", []verify.Card{thisYear}, byID, "2026-01-01", verify.OutcomeMatch, 0, "000", "2026-01-01", ""},
		{"last day", []verify.Card{thisYear}, byID, "2026-12-31", verify.OutcomeMatch, 0, "000", "2026-01-01", ""},
		{"open end", []verify.Card{card(t, oldCard, "2020-01-01", "")}, byID, today, verify.OutcomeMatch, 0, "000", "2020-01-01", ""},
		{"renewed in advance", []verify.Card{thisYear, nextYear}, byCode, today, verify.OutcomeMatch, 0, "004", "2026-01-01", "2027-01-01"},
		{"overlapping, by id", []verify.Card{thisYear, card(t, newCard, "2026-06-01", "2027-05-31")}, byID, today, verify.OutcomeMatch, 0, "000", "2026-06-01", ""},
		{"overlapping, by the old card", []verify.Card{thisYear, card(t, newCard, "2026-06-01", "2027-05-31")}, byOld, today, verify.OutcomeMatch, 0, "004", "2026-01-01", "2026-06-01"},
		{"overlapping, on a day before the new one", []verify.Card{thisYear, card(t, newCard, "2026-06-01", "2027-05-31")}, byID, "2026-03-01", verify.OutcomeMatch, 0, "004", "2026-01-01", "2026-06-01"},
		{"replaced card", []verify.Card{lastYear, card(t, newCard, "2026-01-01", "2026-12-31")}, byOld, today, verify.OutcomeSuperseded, 0, "003", "2025-01-01", "2026-01-01"},
		{"recalled and replaced", []verify.Card{ended(thisYear, verify.StatusRecalled, "2026-03-01"), card(t, newCard, "2026-03-01", "")}, byOld, today, verify.OutcomeSuperseded, 0, "003", "2026-01-01", "2026-03-01"},
		{"the new card, before it begins", []verify.Card{thisYear, card(t, newCard, "2027-01-01", "2027-12-31")}, byNew, today, verify.OutcomeInactive, verify.ReasonNotYetValid, "010", "2027-01-01", ""},
		{"the new card itself", []verify.Card{lastYear, card(t, newCard, "2026-01-01", "2026-12-31")}, byNew, today, verify.OutcomeMatch, 0, "000", "2026-01-01", ""},
		{"expired", []verify.Card{lastYear}, byID, today, verify.OutcomeInactive, verify.ReasonExpired, "010", "2025-01-01", ""},
		{"not yet valid", []verify.Card{nextYear}, byID, today, verify.OutcomeInactive, verify.ReasonNotYetValid, "010", "2027-01-01", ""},
		{"a gap", []verify.Card{lastYear, nextYear}, byID, today, verify.OutcomeInactive, verify.ReasonExpired, "010", "2025-01-01", ""},
		{"recalled", []verify.Card{ended(thisYear, verify.StatusRecalled, "2026-03-01")}, byID, today, verify.OutcomeInactive, verify.ReasonRecalled, "110", "2026-01-01", ""},
		{"recalled, asked for a day before", []verify.Card{ended(thisYear, verify.StatusRecalled, "2026-03-01")}, byID, "2026-02-28", verify.OutcomeMatch, 0, "000", "2026-01-01", ""},
		{"decreased", []verify.Card{ended(thisYear, verify.StatusDecreased, "2026-03-01")}, byID, today, verify.OutcomeInactive, verify.ReasonDecreased, "120", "2026-01-01", ""},
		{"moved province", []verify.Card{ended(thisYear, verify.StatusMovedProvince, "2026-03-01")}, byID, today, verify.OutcomeInactive, verify.ReasonMovedProvince, "121", "2026-01-01", ""},
		{"moved within province", []verify.Card{ended(thisYear, verify.StatusMovedWithinProvince, "2026-03-01")}, byID, today, verify.OutcomeInactive, verify.ReasonMovedWithinProvince, "122", "2026-01-01", ""},
		{"re-enrolled", []verify.Card{ended(thisYear, verify.StatusReEnrolled, "2026-03-01")}, byID, today, verify.OutcomeInactive, verify.ReasonReEnrolled, "123", "2026-01-01", ""},
		{"left the scheme", []verify.Card{ended(thisYear, verify.StatusLeftScheme, "2026-03-01")}, byID, today, verify.OutcomeInactive, verify.ReasonLeftScheme, "124", "2026-01-01", ""},
		{"no card at all", nil, byID, today, verify.OutcomeInactive, verify.ReasonLeftScheme, "124", "", ""},
	}
	policy := verify.DefaultPolicy()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rec := fullRecord(t)
			rec.Died, rec.Cards = identity.Date{}, tt.cards
			q := verify.Query{Key: tt.key, Claims: verify.Claims{Name: rec.Name, DOB: rec.DOB}}
			a := verify.Judge(&verify.Held{State: verify.StatePresent}, &rec, &q, day(tt.on), &policy)
			if a.Outcome != tt.outcome || a.Reason != tt.reason || a.Status.Code() != tt.code {
				t.Errorf("got %v %v %s, want %v %v %s", a.Outcome, a.Reason, a.Status.Code(), tt.outcome, tt.reason, tt.code)
			}
			if got := from(a.Card); got != tt.card {
				t.Errorf("deciding card from %q, want %q", got, tt.card)
			}
			if got := from(a.Successor); got != tt.successor {
				t.Errorf("successor from %q, want %q", got, tt.successor)
			}
		})
	}
}

func from(c *verify.Card) string {
	if c == nil {
		return ""
	}
	return c.From.String()
}

func TestJudgeOrder(t *testing.T) {
	rec := fullRecord(t)
	rec.Died = identity.Date{}
	rec.Cards = []verify.Card{ended(card(t, oldCard, "2026-01-01", "2026-12-31"), verify.StatusRecalled, "2026-03-01")}
	right := verify.Claims{Name: rec.Name, DOB: rec.DOB, Sex: identity.Male, Facility: identity.Facility{'0', '1', '0', '0', '0'}}
	tests := []struct {
		name   string
		change func(*verify.Claims)
		want   string
	}{
		{"everything wrong: name first", func(c *verify.Claims) {
			*c = verify.Claims{Name: []byte("Trần Thị Thử"), DOB: day("1999"), Sex: identity.Female, Facility: identity.Facility{'9'}}
		}, "060"},
		{"same initials", func(c *verify.Claims) { c.Name, c.DOB = []byte("Nông Văn Mạnh"), day("1999") }, "061"},
		{"birth date before sex", func(c *verify.Claims) { c.DOB, c.Sex = day("1999"), identity.Female }, "070"},
		{"sex before facility", func(c *verify.Claims) { c.Sex, c.Facility = identity.Female, identity.Facility{'9'} }, "080"},
		{"facility before status", func(c *verify.Claims) { c.Facility = identity.Facility{'9'} }, "090"},
		{"status last", func(*verify.Claims) {}, "110"},
	}
	policy := verify.DefaultPolicy()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q := verify.Query{Key: rec.ID, Claims: right}
			tt.change(&q.Claims)
			a := verify.Judge(&verify.Held{State: verify.StatePresent}, &rec, &q, day("2026-11-21"), &policy)
			if a.Status.Code() != tt.want {
				t.Errorf("code %s, want %s", a.Status.Code(), tt.want)
			}
			if a.Outcome == verify.OutcomeMismatch && (a.Card != nil || a.Successor != nil || a.Reason != 0) {
				t.Errorf("a mismatch carries registry data: %+v", a)
			}
		})
	}
}

func TestJudgePeople(t *testing.T) {
	const today = "2026-11-21"
	valid := []verify.Card{card(t, oldCard, "2026-01-01", "2026-12-31")}
	former := mustKey(t, identity.KindID, "001080000001")
	tests := []struct {
		name   string
		change func(*verify.Record, *verify.Query, *verify.Policy)
		want   verify.Outcome
		reason verify.Reason
		code   string
	}{
		{"dead", func(r *verify.Record, _ *verify.Query, _ *verify.Policy) { r.Died = day("2026-11-21") }, verify.OutcomeInactive, verify.ReasonDecreased, "120"},
		{"dead, told to whom may know", func(r *verify.Record, _ *verify.Query, p *verify.Policy) {
			r.Died, p.ShowDeceased = day("2026-11-01"), true
		}, verify.OutcomeInactive, verify.ReasonDeceased, "120"},
		{"alive on the day asked", func(r *verify.Record, _ *verify.Query, _ *verify.Policy) { r.Died = day("2026-11-22") }, verify.OutcomeMatch, 0, "000"},
		{"replaced ID number", func(_ *verify.Record, q *verify.Query, _ *verify.Policy) { q.Key = former }, verify.OutcomeSuperseded, 0, "003"},
		{"child without a card", func(r *verify.Record, _ *verify.Query, _ *verify.Policy) {
			r.Cards, r.DOB = nil, day("2022-01-01")
		}, verify.OutcomeMatch, 0, "130"},
		{"six today, without a card", func(r *verify.Record, _ *verify.Query, _ *verify.Policy) {
			r.Cards, r.DOB = nil, day("2020-11-21")
		}, verify.OutcomeInactive, verify.ReasonLeftScheme, "124"},
		{"maybe under six", func(r *verify.Record, _ *verify.Query, _ *verify.Policy) { r.Cards, r.DOB = nil, day("2020") }, verify.OutcomeMatch, 0, "130"},
		{"strict about coarse dates", func(r *verify.Record, q *verify.Query, p *verify.Policy) {
			q.Claims.DOB = day("1980")
			p.Accept &^= 1 << verify.FieldMatchCoarse
		}, verify.OutcomeMismatch, 0, "070"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rec, policy := fullRecord(t), verify.DefaultPolicy()
			rec.Died, rec.Cards = identity.Date{}, valid
			q := verify.Query{Key: rec.ID}
			tt.change(&rec, &q, &policy)
			a := verify.Judge(&verify.Held{State: verify.StatePresent}, &rec, &q, day(today), &policy)
			if a.Outcome != tt.want || a.Reason != tt.reason || a.Status.Code() != tt.code {
				t.Errorf("got %v %v %s, want %v %v %s", a.Outcome, a.Reason, a.Status.Code(), tt.want, tt.reason, tt.code)
			}
			if a.Outcome == verify.OutcomeSuperseded && a.NewKey != rec.ID {
				t.Error("the successor of a replaced number is not the current one")
			}
		})
	}
}

func TestJudgeWithoutARecord(t *testing.T) {
	tests := []struct {
		held verify.Held
		want verify.Outcome
		code string
	}{
		{verify.Held{State: verify.StateAbsent}, verify.OutcomeNotFound, "050"},
		{verify.Held{State: verify.StateElsewhere, Holder: verify.HolderDefence}, verify.OutcomeOutOfRegister, "001"},
		{verify.Held{State: verify.StateElsewhere, Holder: verify.HolderPublicSecurity}, verify.OutcomeOutOfRegister, "002"},
		{verify.Held{State: verify.StateElsewhere, Holder: verify.HolderOther}, verify.OutcomeOutOfRegister, "002"},
		{verify.Held{Trouble: verify.TroubleTimeout}, verify.OutcomeUnavailable, "100"},
		{verify.Held{Trouble: verify.TroubleBusy}, verify.OutcomeUnavailable, "101"},
		{verify.Held{Trouble: verify.TroubleUnlogged}, verify.OutcomeUnavailable, "500"},
		{verify.Held{}, verify.OutcomeUnavailable, "100"},
	}
	policy := verify.DefaultPolicy()
	for _, tt := range tests {
		q := verify.Query{Key: mustKey(t, identity.KindID, "001080000000")}
		a := verify.Judge(&tt.held, nil, &q, day("2026-11-21"), &policy)
		if a.Outcome != tt.want || a.Status.Code() != tt.code {
			t.Errorf("%+v: got %v %s, want %v %s", tt.held, a.Outcome, a.Status.Code(), tt.want, tt.code)
		}
	}
}
