package v1_test

import (
	"testing"

	v1 "github.com/verigate/verigate/gateway/v1"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/resolve"
	"github.com/verigate/verigate/verify"
)

func key(t *testing.T, kind identity.Kind, s string) identity.Key {
	t.Helper()
	k, ok := identity.NewKey(kind, s)
	if !ok {
		t.Fatal(s)
	}
	return k
}

func day(y, m, d int) identity.Date {
	return identity.Date{Year: uint16(y), Month: uint8(m), Day: uint8(d)}
}

const (
	tail = `"as_of":"2026-11-21T01:02:03Z","max_age_s":900,"request_id":"01000000000000000000000000000000"}`
	all  = verify.PartsCoverage | verify.PartSuccessor | verify.PartResults | verify.PartReason
)

func TestAnswers(t *testing.T) {
	old := &verify.Card{Number: key(t, identity.KindCard, "GD4010000000001"), From: day(2025, 1, 1), Area: 2, Benefit: 4}
	next := &verify.Card{Number: key(t, identity.KindCard, "GD4010000000002"), From: day(2026, 1, 1), To: day(2026, 12, 31), Facility: identity.Facility([]byte("01C54"))}
	wrong := verify.Fields{Name: verify.FieldMismatch, DOB: verify.FieldMatchCoarse}
	for name, c := range map[string]struct {
		answer   verify.Answer
		parts    verify.Parts
		lang     v1.Language
		lookup   string // up to source
		verified string
	}{
		"open-ended card": {
			verify.Answer{Outcome: verify.OutcomeMatch, Status: verify.Status000, Card: old, Fields: verify.Fields{Sex: verify.FieldMatch, Facility: verify.FieldNotOnRecord}}, all, v1.English,
			`{"outcome":"match","fields":{"sex":"match","facility":"not_on_record"},"coverage":{"card":"GD4010000000001","code":null,"valid_from":"2025-01-01","valid_to":null,"facility":null,"benefit":4,"area":"K2","five_years_from":null},"successor":null,"reason":null,"portal_code":"000","message":"The card is in force.",`,
			`{"outcome":"match","fields":{"sex":"match","facility":"not_on_record"},"message":"The card is in force.",`,
		},
		"superseded card": {
			verify.Answer{Outcome: verify.OutcomeSuperseded, Status: verify.Status003, Card: old, Successor: next}, verify.PartSuccessor, v1.English,
			`{"outcome":"superseded","fields":{},"coverage":null,"successor":{"id":null,"code":null,"card":"GD4010000000002","valid_from":"2026-01-01","valid_to":"2026-12-31","facility":"01C54"},"reason":null,"portal_code":"003","message":"The old card is no longer valid; a new one was issued.",`,
			`{"outcome":"superseded","fields":{},"message":"The old card is no longer valid; a new one was issued.",`,
		},
		"superseded number, no card": {
			verify.Answer{Outcome: verify.OutcomeSuperseded, Status: verify.Status003, NewKey: key(t, identity.KindID, "001080000001")}, all, v1.English,
			`{"outcome":"superseded","fields":{},"coverage":null,"successor":{"id":"001080000001","code":null,"card":null,"valid_from":null,"valid_to":null,"facility":null},"reason":null,"portal_code":"003","message":"The old card is no longer valid; a new one was issued.",`,
			`{"outcome":"superseded","fields":{},"message":"The old card is no longer valid; a new one was issued.",`,
		},
		"inactive": {
			verify.Answer{Outcome: verify.OutcomeInactive, Status: verify.Status121, Reason: verify.ReasonMovedProvince}, all, v1.Vietnamese,
			`{"outcome":"inactive","fields":{},"coverage":null,"successor":null,"reason":"moved_province","portal_code":"121","message":"Thẻ đã báo giảm, chuyển ngoại tỉnh!",`,
			`{"outcome":"inactive","fields":{},"message":"Thẻ hết giá trị sử dụng!",`,
		},
		"elsewhere": {
			verify.Answer{Outcome: verify.OutcomeOutOfRegister, Status: verify.Status001, Holder: verify.HolderDefence}, 0, v1.English,
			`{"outcome":"out_of_register","fields":{},"coverage":null,"successor":null,"reason":null,"portal_code":"001","message":"The card is kept by the Ministry of National Defence; check the card and the identity papers.",`,
			`{"outcome":"out_of_register","fields":{},"message":"The card is kept in another register; check the card and the identity papers.",`,
		},
		"mismatch": {
			verify.Answer{Outcome: verify.OutcomeMismatch, Status: verify.Status060, Fields: wrong, Card: old}, verify.PartResults, v1.English,
			`{"outcome":"mismatch","fields":{"name":"mismatch","dob":"match_coarse"},"coverage":null,"successor":null,"reason":null,"portal_code":"060","message":"The name does not agree.",`,
			`{"outcome":"mismatch","fields":{"name":"mismatch","dob":"match_coarse"},"message":"The name does not agree.",`,
		},
		"mismatch, which one being hidden": {
			verify.Answer{Outcome: verify.OutcomeMismatch, Status: verify.Status060, Fields: wrong, Card: old}, 0, v1.English,
			`{"outcome":"mismatch","fields":{},"coverage":null,"successor":null,"reason":null,"portal_code":null,"message":"The details given do not agree with the register.",`,
			`{"outcome":"mismatch","fields":{},"message":"The details given do not agree with the register.",`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			item := &resolve.Item{Answer: c.answer, Parts: c.parts}
			item.Answer.Source, item.Answer.AsOf, item.Answer.MaxAge = verify.SourceStale, 1_795_222_923e9, 900e9
			if got, want := string(v1.AppendLookup(nil, item, c.lang, verify.RequestID{1})), c.lookup+`"source":"stale",`+tail; got != want {
				t.Errorf("lookup\n got %s\nwant %s", got, want)
			}
			if got, want := string(v1.AppendVerification(nil, item, c.lang, verify.RequestID{1}, 0)), c.verified+`"source":"stale",`+tail; got != want {
				t.Errorf("verification\n got %s\nwant %s", got, want)
			}
		})
	}
}

func TestAnswerWithoutATimeSaysSo(t *testing.T) {
	item := &resolve.Item{Answer: verify.Answer{Outcome: verify.OutcomeNotFound, Status: verify.Status050, Source: verify.SourceFilter}}
	want := `{"outcome":"not_found","fields":{},"message":"Thẻ không tồn tại!","source":"filter","as_of":null,"max_age_s":0,"request_id":"01000000000000000000000000000000","row":7}`
	if got := string(v1.AppendVerification(nil, item, v1.Vietnamese, verify.RequestID{1}, 7)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
