package gateway_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/valyala/fasthttp"

	"github.com/verigate/verigate/gateway"
	"github.com/verigate/verigate/resolve"
)

var longNumber = regexp.MustCompile(`[0-9]{9,}`)

// FuzzEdge sends bodies of any kind to every call, through everything but the wire. Whatever comes in, the answer is
// a 4xx or the portal's code, well-formed, and a refusal repeats nothing that could be a number of somebody's.
func FuzzEdge(f *testing.F) {
	w := newWorld()
	w.putSample(sample())
	deps := testDeps(w)
	deps.Recorder = quiet{}
	deps.Resolver = resolve.New(resolve.Deps{Hasher: deps.Hasher, Policy: deps.Policy, Asker: asker{w}, Recorder: deps.Recorder})
	s, err := gateway.New(testConfig(), deps)
	if err != nil {
		f.Fatal(err)
	}
	sess := sessionOf(f, s)
	calls := []struct{ path, auth string }{
		{"/v1/lookup", "Bearer " + clinicKey}, {"/v1/verify", "Bearer " + agencyKey}, {"/api/token/take", ""},
		{"/api/egw/nhanLichSuKCB" + sess.query(), ""}, {"/api/egw/KQNhanLichSuKCB595" + sess.query(), ""},
		{"/api/egw/KQNhanLichSuKCB2019" + sess.query(), ""}, {"/api/egw/KQNhanLichSuKCB2024" + sess.query(), ""},
		{"/api/egw/Lskcb2025" + sess.query(), ""}, {"/api/egw/nhanHoSoKCBChiTiet" + sess.query(), ""},
	}
	for _, seed := range []string{
		goodQuestion, `{"card":"GD4010000000001","name":"\ud83d","dob":"31/02"}`, `{"qr":"GD4010000000001|4e67|01/02/1980|1|","staff":{"id":"1"}}`,
		`maThe=GD4010000000001&hoTen=%4&ngaySinh=01/02/1980`, `{'maThe':'001080000000;GD4010000000001','hoTen':'K'Brơi','ngaySinh':1980}`,
		`{"maThe":"GD4010000000001","hoTen":"NGUYỄN VĂN MẪU","ngaySinh":"01/02/1980","hoTenCb":"x","cccdCb":"y","gioiTinh":9}`, "", "{",
	} {
		for i := range calls {
			f.Add(byte(i), []byte(seed))
		}
	}
	f.Fuzz(func(t *testing.T, n byte, body []byte) {
		call := calls[int(n)%len(calls)]
		rc := request(call.path, call.auth, "application/json", string(body))
		s.Handle(rc)
		status, out := rc.Response.StatusCode(), rc.Response.Body()
		if status >= http.StatusInternalServerError || !json.Valid(out) || !utf8.Valid(out) {
			t.Fatalf("%s: status %d: %q", call.path, status, out)
		}
		if strings.HasPrefix(call.path, "/api/") && (status != http.StatusOK || !bytes.HasPrefix(out, []byte(`{"maKetQua":"`)) || bytes.HasPrefix(out, []byte(`{"maKetQua":"500"`))) {
			t.Fatalf("%s: status %d: %s", call.path, status, out)
		}
		if status != http.StatusOK {
			plain := requestIDs.ReplaceAll(out, nil)
			if found := longNumber.Find(plain); found != nil {
				t.Fatalf("%s: the refusal repeats %s", call.path, found)
			}
		}
	})
}

// sessionOf logs in without a connection.
func sessionOf(tb testing.TB, s *gateway.Server) session {
	tb.Helper()
	rc := request("/api/token/take", "", formType, "username="+portalUser+"&password="+portalMD5)
	s.Handle(rc)
	var a struct {
		APIKey struct {
			Token string `json:"access_token"`
			ID    string `json:"id_token"`
		}
	}
	if err := json.Unmarshal(rc.Response.Body(), &a); err != nil || a.APIKey.Token == "" {
		tb.Fatalf("logging in: %v %s", err, rc.Response.Body())
	}
	return session{a.APIKey.Token, a.APIKey.ID}
}

func request(path, auth, contentType, body string) *fasthttp.RequestCtx {
	rc := new(fasthttp.RequestCtx)
	rc.Init(&fasthttp.Request{}, nil, nil)
	rc.Request.Header.SetMethod(fasthttp.MethodPost)
	rc.Request.SetRequestURI(path)
	rc.Request.Header.SetContentType(contentType)
	rc.Request.Header.Set("Authorization", auth)
	rc.Request.Header.Set("Accept-Language", "en-GB,en;q=0.9,vi;q=0.8")
	rc.Request.SetBodyString(body)
	rc.Response.KeepBodyBuffer = true
	return rc
}
