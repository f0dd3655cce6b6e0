package gateway_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/verigate/verigate/verify"
)

// read is what a reply told.
type read struct {
	outcome string // "" with a refusal
	code    string // a problem's, or maKetQua
	left    words
	implied words // what the wording gives away, though no value of it is there
}

// nativeParts says which part each member of a native reply belongs to; "" is the envelope. A member that is not here
// fails the test: whoever adds one says what it tells.
var nativeParts = map[string]string{
	"outcome": "", "source": "", "as_of": "", "max_age_s": "", "request_id": "", "row": "", "portal_code": "", "message": "",
	"fields.name": "results", "fields.dob": "results", "fields.sex": "results", "fields.facility": "results",
	"coverage": "", "coverage.card": "card", "coverage.code": "code", "coverage.valid_from": "validity", "coverage.valid_to": "validity",
	"coverage.facility": "facility", "coverage.benefit": "benefit", "coverage.area": "area", "coverage.five_years_from": "five_years",
	"successor": "", "successor.id": "successor", "successor.code": "successor", "successor.card": "successor", "successor.valid_from": "successor",
	"successor.valid_to": "successor", "successor.facility": "successor", "reason": "reason",
	"type": "", "title": "", "status": "", "detail": "", "code": "", "side": "", "retryable": "", "field": "",
}

// portalParts is the same for the portal's replies.
var portalParts = map[string]string{
	"maKetQua": "", "ghiChu": "", "maThe": "card", "hoTen": "name", "ngaySinh": "dob", "gioiTinh": "sex", "diaChi": "address", "maDKBD": "facility",
	"cqBHXH": "office", "gtTheTu": "validity", "gtTheDen": "validity", "maKV": "area", "ngayDu5Nam": "five_years", "maSoBHXH": "code",
	"maTheCu": "successor", "maTheMoi": "successor", "gtTheTuMoi": "successor", "gtTheDenMoi": "successor", "maDKBDMoi": "successor", "tenDKBDMoi": "successor",
	"dsLichSuKCB": "", "dsLichSuKCB2018": "", "dsLichSuKT2018": "", "dsLichSuKCB2025": "",
}

// impliedBy is what a result code gives away.
func impliedBy(code, sentence string) words {
	out := words{}
	switch code {
	case "060", "061", "070", "080", "090":
		out["results"] = true
	case "110", "120", "121", "122", "123", "124", "130":
		out["reason"] = true
	case "004":
		out["successor"] = true
	case "001":
		out["holder"] = true
	case "002":
		out["holder"] = strings.Contains(sentence, "Công an")
	}
	return out
}

// readNative reads a native reply or a line of a stream.
func readNative(t *testing.T, body []byte) read {
	t.Helper()
	var top map[string]any
	if err := json.Unmarshal(body, &top); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	r := read{left: words{}}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		if inside, ok := v.(map[string]any); ok {
			for k, v := range inside {
				walk(strings.TrimPrefix(path+"."+k, "."), v)
			}
			return
		}
		part, known := nativeParts[path]
		if !known {
			t.Errorf("%s: nobody has said which part of the policy this is", path)
		}
		if v != nil && part != "" {
			r.left[part] = true
		}
	}
	walk("", top)
	r.outcome, _ = top["outcome"].(string)
	r.code, _ = top["code"].(string)
	if top["reason"] == "deceased" {
		r.left["deceased"] = true
	}
	code, _ := top["portal_code"].(string)
	message, _ := top["message"].(string)
	r.implied = impliedBy(code, message)
	for s := range verify.Status500 { // a verification has no code, but its sentence could say as much
		if s.Vietnamese() == message && code == "" {
			r.implied = impliedBy(s.Code(), message)
		}
	}
	return r
}

// readPortal reads a reply of the portal's contract to the question m.
func readPortal(t *testing.T, body []byte, m *mark) read {
	t.Helper()
	var top map[string]any
	if err := json.Unmarshal(body, &top); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	r := read{left: words{}}
	r.code, _ = top["maKetQua"].(string)
	echo := map[string]string{"maThe": m.id, "hoTen": m.hoTe, "ngaySinh": m.ngay}
	for k, v := range top {
		part, known := portalParts[k]
		if !known {
			t.Errorf("%s: nobody has said which part of the policy this is", k)
		}
		if text := fmt.Sprint(v); part != "" && v != nil && text != "" && text != echo[k] {
			r.left[part] = true
		}
	}
	sentence, _ := top["ghiChu"].(string)
	if sentence == markNote {
		r.left["note"] = true
	}
	r.implied = impliedBy(r.code, sentence)
	for s := range verify.Status500 {
		if s.Vietnamese() == sentence {
			for w, told := range impliedBy(s.Code(), sentence) {
				r.implied[w] = r.implied[w] || told
			}
		}
	}
	return r
}

// released is the audit log's word for what left.
func released(left words) (r verify.Released) {
	for bit, parts := range map[verify.Released][]string{
		verify.ReleasedCoverage: coverageWords, verify.ReleasedPerson: append([]string{"note"}, personWords...),
		verify.ReleasedSuccessor: {"successor"}, verify.ReleasedDetails: {"results"}, verify.ReleasedReason: {"reason", "deceased"},
	} {
		if left.only(parts).String() != "" {
			r |= bit
		}
	}
	return r
}

// forbidden finds a value of the record's in a reply that no part allows, wherever it may stand.
func forbidden(body string, allowed words, m *mark) string {
	for value, parts := range map[string][]string{
		markName: {"name", "note"}, "01/02/1980": {"dob"}, "1980-02-01": {"dob"}, markAddress: {"address"}, markOffice: {"office"}, "Trạm Kín": {"successor"},
		"01C54": {"facility", "successor"}, "01C55": {"successor"}, "Kế Tiếp": {"successor"}, "HT30177": {"successor"}, "GD40100": {"card", "successor"},
		"04/03/2019": {"five_years"}, "2019-03-04": {"five_years"}, `"K2"`: {"area"}, `"Nữ"`: {"sex"}, `"77000`: {"code"},
		"25/12/20": {"validity", "successor"}, "-12-25": {"validity", "successor"}, "deceased": {"deceased"},
	} {
		if strings.Contains(body, value) && len(allowed.only(parts)) == 0 && !strings.Contains(m.id, value) {
			return value
		}
	}
	return ""
}
