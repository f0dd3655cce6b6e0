package gateway_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
)

const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json; charset=utf-8"
)

type session struct{ Token, ID string }

func (s session) query() string {
	return "?token=" + s.Token + "&id_token=" + s.ID + "&username=" + portalUser + "&password=" + portalMD5
}

func login(t *testing.T, base string) session {
	t.Helper()
	got := send(t, http.MethodPost, base+"/api/token/take", formType, url.Values{"username": {portalUser}, "password": {portalMD5}}.Encode())
	var answer struct {
		MaKetQua string `json:"maKetQua"`
		APIKey   struct {
			AccessToken string `json:"access_token"`
			IDToken     string `json:"id_token"`
		} `json:"APIKey"`
	}
	if err := json.Unmarshal([]byte(got.body), &answer); err != nil || answer.MaKetQua != "200" {
		t.Fatalf("logging in: %v %s", err, got.body)
	}
	return session{answer.APIKey.AccessToken, answer.APIKey.IDToken}
}

func TestPortalAnswersByteForByte(t *testing.T) {
	w := newWorld()
	w.putSample(sample())
	base := start(t, w, nil)
	s := login(t, base)
	const person = `{"maThe":"GD4010000000001","hoTen":"NGUYỄN VĂN MẪU","ngaySinh":"01/02/1980"}`
	const want = `{"maKetQua":"000","ghiChu":"Thẻ còn giá trị sử dụng!","maThe":"GD4010000000001","hoTen":"Nguyễn Văn Mẫu","ngaySinh":"01/02/1980","gioiTinh":"Nam","diaChi":"Xã Mẫu, Tỉnh Mẫu","maDKBD":"01000","cqBHXH":"Bảo hiểm xã hội mẫu","gtTheTu":"01/01/2026","gtTheDen":"31/12/2026","maKV":"","ngayDu5Nam":"01/01/2020","maSoBHXH":"0000000001","maTheCu":null,"maTheMoi":null,"gtTheTuMoi":null,"gtTheDenMoi":null,"maDKBDMoi":null,"tenDKBDMoi":null,"dsLichSuKCB2018":null,"dsLichSuKT2018":null}`
	got := send(t, http.MethodPost, base+"/api/egw/KQNhanLichSuKCB2019"+s.query(), jsonType, person)
	if got.status != 200 || got.body != want {
		t.Errorf("status %d\n got %s\nwant %s", got.status, got.body, want)
	}
}

func marshal(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
