package gateway_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/gateway"
	"github.com/verigate/verigate/verify"
)

func TestTokenCallTakesEveryShape(t *testing.T) {
	base := start(t, newWorld(), nil)
	low := strings.ToLower(portalMD5)
	for name, c := range map[string]struct{ path, kind, body string }{
		"form":                {"/api/token/take", formType, "username=00000_BV&password=" + portalMD5},
		"form, small":         {"/api/token/take", formType + "; charset=UTF-8", "password=" + low + "&username=00000_bv"},
		"JSON":                {"/api/token/take", jsonType, `{"username":"00000_BV","password":"` + low + `"}`},
		"JSON, other case":    {"/api/token/take", "application/json", `{"UserName":"00000_BV","Password":"` + portalMD5 + `"}`},
		"pseudo-JSON":         {"/api/token/take", "application/json", `{'username': '00000_BV', 'password':'` + low + `'}`},
		"byte order mark":     {"/api/token/take", jsonType, "\xef\xbb\xbf" + `{"username":"00000_BV","password":"` + low + `"}`},
		"blanks":              {"/api/token/take", jsonType, " \r\n" + `{"username":"00000_BV","password":"` + low + `"}` + "\n"},
		"JSON as form":        {"/api/token/take", formType, `{"username":"00000_BV","password":"` + low + `"}`},
		"form as JSON":        {"/api/token/take", jsonType, "username=00000_BV&password=" + portalMD5},
		"no type":             {"/api/token/take", "", "username=00000_BV&password=" + portalMD5},
		"in the query":        {"/api/token/take?username=00000_BV&password=" + portalMD5, jsonType, ""},
		"path in small":       {"/api/token/TAKE", formType, "username=00000_BV&password=" + portalMD5},
		"path doubled":        {"/api/token/api/token/take", formType, "username=00000_BV&password=" + portalMD5},
		"further members":     {"/api/token/take", jsonType, `{"username":"00000_BV","password":"` + low + `","remember":true,"x":{"y":[]}}`},
		"name in small":       {"/api/token/take", formType, "username=00000_bv&password=" + portalMD5},
		"slash at the end":    {"/api/token/take/", formType, "username=00000_BV&password=" + portalMD5},
		"two slashes in path": {"//api//token/take", formType, "username=00000_BV&password=" + portalMD5},
	} {
		t.Run(name, func(t *testing.T) {
			got := send(t, http.MethodPost, base+c.path, c.kind, c.body)
			if got.status != 200 || !strings.HasPrefix(got.body, `{"maKetQua":"200","APIKey":{"access_token":"`) || !strings.HasSuffix(got.body, `Z"}}`) {
				t.Errorf("%d %s", got.status, got.body)
			}
			if got.header.Get("Content-Length") != fmt.Sprint(len(got.body)) {
				t.Errorf("Content-Length %s for %d bytes", got.header.Get("Content-Length"), len(got.body))
			}
		})
	}
}

func TestTokenCallRefuses(t *testing.T) {
	w := newWorld()
	w.accounts["SLOW_BV"] = &account{md5: portalMD5, refusal: verify.RefusalRate}
	base := start(t, w, nil)
	for name, c := range map[string]struct{ body, code string }{
		"wrong password":  {"username=00000_BV&password=" + strings.Repeat("0", 32), "401"},
		"unknown account": {"username=99999_BV&password=" + portalMD5, "401"},
		"no password":     {"username=00000_BV", "401"},
		"nothing":         {"", "401"},
		"broken JSON":     {`{"username":"00000_BV","password":"` + portalMD5, "401"},
		"a list":          {`[]`, "401"},
		"too many tries":  {"username=slow_BV&password=" + portalMD5, "500"},
		"long name":       {"username=" + strings.Repeat("x", 5000) + "&password=" + portalMD5, "401"},
		"1 MB":            {strings.Repeat("x", 1<<20), "401"},
	} {
		t.Run(name, func(t *testing.T) {
			got := send(t, http.MethodPost, base+"/api/token/take", formType, c.body)
			if got.status != 200 || got.body != `{"maKetQua":"`+c.code+`","APIKey":null}` {
				t.Errorf("%d %s", got.status, got.body)
			}
			if (got.header.Get("Retry-After") != "") != (c.code == "500") {
				t.Errorf("Retry-After %q", got.header.Get("Retry-After"))
			}
		})
	}
}

func lookup2019(t *testing.T, base, query string) reply {
	t.Helper()
	return send(t, http.MethodPost, base+"/api/egw/KQNhanLichSuKCB2019"+query, jsonType, `{"maThe":"GD4010000000001","hoTen":"Nguyễn Văn Mẫu","ngaySinh":"1980"}`)
}

func codeOf(t *testing.T, r reply) string {
	t.Helper()
	var a struct {
		MaKetQua string `json:"maKetQua"`
	}
	if err := json.Unmarshal([]byte(r.body), &a); err != nil {
		t.Fatalf("%v: %s", err, r.body)
	}
	return a.MaKetQua
}

func TestTokensOfOneAccountDoNotDisturbEachOther(t *testing.T) {
	w := newWorld()
	w.putSample(sample())
	base := start(t, w, nil)
	var all []session
	for range 5 {
		all = append(all, login(t, base))
	}
	for i, s := range all {
		if code := codeOf(t, lookup2019(t, base, s.query())); code != "000" {
			t.Errorf("token %d: %s", i, code)
		}
	}
	if code := codeOf(t, lookup2019(t, base, session{all[0].Token, all[1].ID}.query())); code != "401" {
		t.Errorf("one's token with another's id_token: %s", code)
	}
}

func TestBadTokens(t *testing.T) {
	w := newWorld()
	w.putSample(sample())
	w.accounts["11111_BV"] = &account{caller: w.keys[clinicKey], md5: portalMD5}
	base := start(t, w, nil)
	s := login(t, base)
	queries := map[string]string{
		"none":             "",
		"garbage":          "?token=x&id_token=y&username=00000_BV",
		"no id_token":      "?token=" + s.Token + "&username=00000_BV",
		"another's name":   "?token=" + s.Token + "&id_token=" + s.ID + "&username=11111_BV",
		"nobody's name":    "?token=" + s.Token + "&id_token=" + s.ID + "&username=x",
		"authorization":    "?username=00000_BV&password=" + portalMD5,
		"a card for token": "?token=GD4010000000001&id_token=x&username=00000_BV",
	}
	for name, q := range queries {
		got := lookup2019(t, base, q)
		if got.status != 200 || !strings.HasPrefix(got.body, `{"maKetQua":"401","ghiChu":"Token không đúng.","maThe":null,`) {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	if code := codeOf(t, lookup2019(t, base, "?token="+s.Token+"&id_token="+s.ID)); code != "000" {
		t.Errorf("without the name beside it: %s", code)
	}
	if code := codeOf(t, lookup2019(t, base, "?password=x&id_token="+strings.ToUpper(s.ID)+"&username=00000_bv&token="+s.Token)); code != "000" {
		t.Errorf("in another order and letter case: %s", code)
	}

	w.keys[clinicKey].Policy.BadTokenStatus401 = true
	for _, name := range []string{"garbage", "no id_token"} {
		if got := lookup2019(t, base, queries[name]); got.status != 401 || codeOf(t, got) != "401" {
			t.Errorf("%s, for an account that wants the status: %d %s", name, got.status, got.body)
		}
	}
	if got := lookup2019(t, base, queries["none"]); got.status != 200 {
		t.Errorf("from nobody in particular: %d", got.status)
	}

	w.accounts[portalUser].epoch++
	if code := codeOf(t, lookup2019(t, base, s.query())); code != "401" {
		t.Errorf("after the password changed: %s", code)
	}
}

func TestTokensExpire(t *testing.T) {
	w := newWorld()
	base := start(t, w, func(cfg *gateway.Config, _ *gateway.Deps) {
		cfg.Portal.TokenLife, cfg.Portal.TokenGrace = config.Duration(-2*time.Second), 0
	})
	if code := codeOf(t, lookup2019(t, base, login(t, base).query())); code != "401" {
		t.Errorf("an expired token: %s", code)
	}
}

func TestSuspendedAccountIsToldSoAtTheLookup(t *testing.T) {
	w := newWorld()
	w.accounts[portalUser].refusal = verify.RefusalSuspended
	w.limit = func(*verify.Caller, int) verify.Verdict { return verify.Verdict{Refusal: verify.RefusalSuspended} }
	base := start(t, w, nil)
	got := lookup2019(t, base, login(t, base).query())
	if want := `{"maKetQua":"101","ghiChu":"Hệ thống đang bận, đề nghị thử lại sau! Liên hệ: 1900 0000",`; got.status != 200 || !strings.HasPrefix(got.body, want) {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestCrossOrigin(t *testing.T) {
	w := newWorld()
	w.putSample(sample())
	base := start(t, w, nil)
	got := send(t, http.MethodOptions, base+"/api/egw/KQNhanLichSuKCB2019", "", "", "Origin", "https://his.example", "Access-Control-Request-Method", "POST")
	h := got.header
	if got.status != 204 || h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Access-Control-Allow-Methods") != "POST, OPTIONS" || !strings.Contains(h.Get("Access-Control-Allow-Headers"), "Content-Type") {
		t.Errorf("preflight: %d %v", got.status, h)
	}
	if got := lookup2019(t, base, login(t, base).query()); got.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("answer: %v", got.header)
	}
	if got := ask(t, base, "/v1/lookup", clinicKey, goodQuestion); got.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("native answer: %v", got.header)
	}
	off := start(t, w, func(cfg *gateway.Config, _ *gateway.Deps) { cfg.Portal.CORSOrigin = "" })
	if got := send(t, http.MethodOptions, off+"/api/egw/KQNhanLichSuKCB2019", "", ""); got.status != 405 {
		t.Errorf("switched off: %d", got.status)
	}
}
