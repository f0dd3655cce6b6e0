package v1_test

import (
	"encoding/json"
	"testing"
	"unicode"

	v1 "github.com/verigate/verigate/gateway/v1"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

func TestEveryRefusalHasAMeaning(t *testing.T) {
	status := map[string]int{
		"key_missing": 401, "key_unknown": 401, "key_expired": 401, "key_revoked": 401, "certificate_mismatch": 401,
		"key_malformed": 401, "token_expired": 401, "token_revoked": 401, "assertion_replayed": 401, "certificate_revoked": 401,
		"scope_missing": 403, "purpose_not_allowed": 403, "caller_suspended": 403, "staff_missing": 403,
		"rate_limited": 429, "quota_exhausted": 429, "overloaded": 503, "unavailable": 503,
		"identifier_missing": 400, "identifier_ambiguous": 400, "claims_missing": 400, "body_malformed": 400, "field_unknown": 400,
		"body_too_large": 413, "header_too_large": 431, "media_type_unsupported": 415, "method_not_allowed": 405,
		"path_unknown": 404, "request_timeout": 408, "internal": 500, "outcome_withheld": 403,
	}
	all := v1.Meanings()
	if want := int(verify.Refusals) - 1 + int(identity.FaultOn); len(all) != want {
		t.Errorf("the table has %d rows, want %d", len(all), want)
	}
	for _, m := range all {
		want, listed := status[m.Code]
		if !listed && m.Code != "harvest_suspected" {
			want = 400 // a structural refusal
		}
		if m.Code == "" || (m.Status != want && m.Code != "harvest_suspected") {
			t.Errorf("%q has status %d, want %d", m.Code, m.Status, want)
		}
		if m.Retryable != (m.Status == 429 || m.Status >= 500 || m.Status == 408) {
			t.Errorf("%q (%d): retryable is %v", m.Code, m.Status, m.Retryable)
		}
		for lang := v1.Vietnamese; lang <= v1.English; lang++ {
			if m.Title[lang] == "" || m.Fix[lang] == "" {
				t.Errorf("%q has no text in %s", m.Code, lang.Tag())
			}
		}
		if !marked(m.Title[v1.Vietnamese]) || marked(m.Title[v1.English]) {
			t.Errorf("%q: are the languages mixed up? %q", m.Code, m.Title)
		}
	}
}

func marked(s string) bool {
	for _, r := range s {
		if r > unicode.MaxASCII {
			return true
		}
	}
	return false
}

func TestProblemOnTheWire(t *testing.T) {
	p := v1.Problem{Fault: identity.FaultMalformed, Field: "id"}
	got := string(p.Append(nil, v1.English, verify.RequestID{1}, ""))
	const want = `{"type":"urn:verigate:problem:identifier_malformed","title":"The identifier is malformed","status":400,"detail":"id has 12 digits, code 10 digits, card 15 (or 17) characters; check the number on the document.","code":"identifier_malformed","side":"caller","retryable":false,"request_id":"01000000000000000000000000000000","field":"id"}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	p = v1.Problem{Refusal: verify.RefusalSuspended}
	var back struct{ Detail string }
	if err := json.Unmarshal(p.Append(nil, v1.Vietnamese, verify.RequestID{}, `gọi "1900"`), &back); err != nil || back.Detail != `Liên hệ đầu mối hỗ trợ để được mở lại. gọi "1900"` {
		t.Errorf("%v: %q", err, back.Detail)
	}
	got = string(v1.Problem{Refusal: verify.RefusalBody}.AppendLine(nil, v1.Vietnamese, verify.RequestID{}, 12))
	const line = `{"code":"body_malformed","side":"caller","retryable":false,"request_id":"00000000000000000000000000000000","message":"Nội dung yêu cầu sai định dạng","row":12}`
	if got != line {
		t.Errorf("got  %s\nwant %s", got, line)
	}
	if m := (v1.Problem{Refusal: verify.Refusals, Field: "x"}).Meaning(); m.Code != "internal" {
		t.Errorf("a refusal nobody knows is %q", m.Code)
	}
}

func TestAcceptLanguage(t *testing.T) {
	for header, want := range map[string]string{
		"": "vi", "en": "en", "EN-gb": "en", "vi": "vi", "fr": "vi", "*": "vi", "english": "vi",
		"vi,en": "vi", "en,vi": "vi", "en;q=0.9,vi;q=0.8": "en", "vi;q=0.1, en;q=0.2": "en", "en;q=0": "vi", "en;q=0.000": "vi",
		"fr, en;q=0.5": "en", "en; q=1.0": "en", "en;q=x": "vi", ",,;q=,en": "en", "en;q=.5,vi;q=.4": "en",
	} {
		if got := v1.AcceptLanguage([]byte(header)).Tag(); got != want {
			t.Errorf("%q is %s, want %s", header, got, want)
		}
	}
}

func FuzzAcceptLanguage(f *testing.F) {
	f.Add([]byte("en;q=0.9,vi;q=0.8, *"))
	f.Fuzz(func(t *testing.T, header []byte) {
		if tag := v1.AcceptLanguage(header).Tag(); tag != "vi" && tag != "en" {
			t.Fatal(tag)
		}
	})
}
