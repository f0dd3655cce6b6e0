package gateway_test

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

type reply struct {
	status int
	header http.Header
	body   string
}

func send(t *testing.T, method, url, contentType, body string, header ...string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, string(b)}
}

func ask(t *testing.T, base, call, key, body string, header ...string) reply {
	t.Helper()
	return send(t, http.MethodPost, base+call, "application/json", body, append([]string{"Authorization", "Bearer " + key}, header...)...)
}

var requestIDs = regexp.MustCompile(`"request_id":"[0-9a-f]{32}"`)
var asOf = regexp.MustCompile(`"as_of":"20[0-9-]+T[0-9:]+Z"`)

func settled(s string) string {
	return asOf.ReplaceAllString(requestIDs.ReplaceAllString(s, `"request_id":"…"`), `"as_of":"…"`)
}

func TestLookupAnswersByteForByte(t *testing.T) {
	w := newWorld()
	w.putSample(sample())
	base := start(t, w, nil)
	got := ask(t, base, "/v1/lookup", clinicKey, `{"id":"001080000000","name":"Nguyễn Văn Mẫu","dob":"1980-02-01"}`)
	want := `{"outcome":"match","fields":{"name":"match","dob":"match"},"coverage":{"card":"GD4010000000001","code":"0000000001","valid_from":"2026-01-01","valid_to":"2026-12-31","facility":"01000","benefit":4,"area":null,"five_years_from":"2020-01-01"},"successor":null,"reason":null,"portal_code":"000","message":"Thẻ còn giá trị sử dụng!","source":"registry","as_of":"…","max_age_s":900,"request_id":"…"}`
	if got.status != 200 || settled(got.body) != want {
		t.Errorf("status %d\n got %s\nwant %s", got.status, settled(got.body), want)
	}
}
