package portal_test

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/verigate/verigate/gateway/portal"
)

func TestRoute(t *testing.T) {
	for path, want := range map[string]portal.Call{
		"/api/token/take":                         portal.CallToken,
		"/API/Token/Take/":                        portal.CallToken,
		"/api/token/api/token/take":               portal.CallToken,
		"/api/egw/nhanLichSuKCB":                  portal.CallLookup2017,
		"/api/egw/KQNhanLichSuKCB595":             portal.CallLookup595,
		"/api/egw/KQnhanLichSuKCB595":             portal.CallLookup595,
		"/api/egw/NhanLichSuKCB2018":              portal.CallLookup2018,
		"/api/egw/nhanLichSuKCB2018":              portal.CallLookup2018,
		"/api/egw/KQNhanLichSuKCB2018":            portal.CallLookup2018,
		"/api/egw/api/egw/NhanLichSuKCB2018":      portal.CallLookup2018,
		"/api/egw/KQnhanLichSuKCB2019":            portal.CallLookup2019,
		"/api/egw/KQNhanLichSuKCB2024":            portal.CallLookup2024,
		"/api/egw/Lskcb2025":                      portal.CallHistory,
		"/api/egw/nhanHoSoKCBChiTiet":             portal.CallDetail,
		"/api/egw/guiHoSoGiamDinh":                portal.CallNone,
		"/api/egw/KQNhanLichSuKCB2019/x":          portal.CallNone,
		"/x/api/egw/KQNhanLichSuKCB2019":          portal.CallNone,
		"/api/token":                              portal.CallNone,
		"/api/":                                   portal.CallNone,
		"/":                                       portal.CallNone,
		"":                                        portal.CallNone,
		"/api/" + strings.Repeat("api/egw/", 100): portal.CallNone,
	} {
		if got := portal.Route([]byte(path)); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
}

func TestBodyShapes(t *testing.T) {
	want := map[portal.Field]string{portal.FieldMaThe: "GD4010000000001", portal.FieldHoTen: "NGUYỄN VĂN MẪU", portal.FieldNgaySinh: "1980"}
	for name, body := range map[string]string{
		"form":             `maThe=GD4010000000001&hoTen=NGUY%E1%BB%84N+V%C4%82N+M%E1%BA%AAU&ngaySinh=1980`,
		"form, small hex":  `maThe=GD4010000000001&hoTen=NGUY%e1%bb%84N+V%c4%82N%20M%e1%ba%aaU&ngaySinh=1980`,
		"form, raw":        `hoTen=NGUYỄN VĂN MẪU&ngaySinh=1980&maThe=GD4010000000001&x`,
		"form, other case": `MATHE=GD4010000000001&hoten=NGUYỄN VĂN MẪU&NgaySinh=1980&&=`,
		"JSON":             `{"maThe":"GD4010000000001","hoTen":"NGUYỄN VĂN MẪU","ngaySinh":"1980"}`,
		"JSON, escaped":    `{"maThe":"GD4010000000001","hoTen":"NGUY\u1ec4N V\u0102N M\u1eaaU","ngaySinh":"1980"}`,
		"JSON, number":     "\r\n {\"maThe\" : \"GD4010000000001\" , \"hoTen\":\"NGUYỄN VĂN MẪU\", \"ngaySinh\":1980}\r\n",
		"JSON, extras":     `{"x":null,"y":{"maThe":"no","z":[1,"]",{}]},"w":true,"maThe":"GD4010000000001","hoTen":"NGUYỄN VĂN MẪU","ngaySinh":"1980","gioiTinh":null}`,
		"JSON, BOM":        "\xef\xbb\xbf" + `{"maThe":"GD4010000000001","hoTen":"NGUYỄN VĂN MẪU","ngaySinh":"1980"}`,
		"JSON, last wins":  `{"maThe":"1","maThe":"GD4010000000001","hoTen":"NGUYỄN VĂN MẪU","ngaySinh":"1980",}`,
		"pseudo-JSON":      `{'maThe': 'GD4010000000001', 'hoTen':'NGUYỄN VĂN MẪU','ngaySinh':'1980'}`,
		"names bare":       `{maThe: 'GD4010000000001', hoTen:"NGUYỄN VĂN MẪU", ngaySinh: 1980}`,
	} {
		t.Run(name, func(t *testing.T) {
			var f portal.Fields
			if !f.Body([]byte(body)) {
				t.Fatal("not understood")
			}
			for field, text := range f {
				if string(text) != want[portal.Field(field)] {
					t.Errorf("field %d is %q, want %q", field, text, want[portal.Field(field)])
				}
			}
		})
	}
}

func TestBrokenObjectsAreRefused(t *testing.T) {
	for _, body := range []string{
		`{`, `{"maThe"`, `{"maThe":`, `{"maThe":"1`, `{"maThe":"1"`, `{"maThe":"1"} x`, `{"maThe":"1" "hoTen":"2"}`,
		`{"hoTen":"A "B" C"}`, `{"hoTen":"A\"}`, `{"hoTen":"\ud800"}`, `{"hoTen":"\udc00\ud800"}`, `{"hoTen":"\u12"}`, `{"hoTen":"\x"}`,
		`{'hoTen':'K'Brơi'}`, `{"x":[}`, `{"x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, `{:1}`, `{"a":}`, `{"a";1}`,
	} {
		var f portal.Fields
		if f.Body([]byte(body)) {
			t.Errorf("%s is understood", body)
		}
	}
}

func TestQueryWinsAndIsTakenAsItComes(t *testing.T) {
	var f portal.Fields
	f.Body([]byte(`{"username":"body","token":"body","id_token":"x"}`))
	f.Query([]byte("password=%41b+c&TOKEN=a+b/c==&username=Tên%20&x=%"))
	for field, want := range map[portal.Field]string{
		portal.FieldUsername: "Tên ", portal.FieldToken: "a+b/c==", portal.FieldPassword: "Ab+c", portal.FieldIDToken: "x",
	} {
		if string(f[field]) != want {
			t.Errorf("field %d is %q, want %q", field, f[field], want)
		}
	}
}

// FuzzBody feeds bodies of every shape. What encoding/json takes for an object of strings must be understood the same.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{
		`maThe=GD4010000000001&hoTen=NGUY%E1%BB%84N+V%C4%82N&ngaySinh=1980`, `{"maThe":"1","hoTen":"A\u1ec4\ud83d\ude00","ngaySinh":1}`,
		`{'maThe': 'GD4010000000001', 'hoTen':'K\'Brơi',}`, "\xef\xbb\xbf{maThe:null,x:{y:[\"]\"]}}", `{"a":"`, "%", "{\"hoTen\":\"\xff\"}", "a=%zz&%41=%41",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var fields portal.Fields
		ok := fields.Body(bytes.Clone(body))
		var want map[string]string
		if json.Unmarshal(body, &want) != nil || want == nil || !utf8.Valid(body) || bytes.Contains(bytes.ToLower(body), []byte(`\ud`)) {
			return
		}
		if !ok {
			t.Fatalf("encoding/json understands %q", body)
		}
		if text, has := want["maThe"]; has && !otherCase(want, "maThe") && string(fields[portal.FieldMaThe]) != text && !bytes.Contains(body, []byte("null")) {
			t.Fatalf("maThe is %q, want %q", fields[portal.FieldMaThe], text)
		}
	})
}

func otherCase(m map[string]string, key string) bool {
	for k := range m {
		if k != key && strings.EqualFold(k, key) {
			return true
		}
	}
	return false
}

// FuzzForm holds the reader of forms to net/url's.
func FuzzForm(f *testing.F) {
	f.Add("maThe=GD4010000000001&hoTen=NGUY%E1%BB%84N+V%C4%82N&ngaySinh=1980")
	f.Add("hoten=%4&x=+%20")
	f.Fuzz(func(t *testing.T, form string) {
		var fields portal.Fields
		if !fields.Body([]byte(form)) {
			return
		}
		want, err := url.ParseQuery(form)
		if err != nil || strings.ContainsAny(form, ";{") || strings.TrimLeft(form, " \t\r\n\ufeff") != form {
			return
		}
		values := want["maThe"]
		if len(values) == 0 || len(want) != 1 {
			return
		}
		if got := string(fields[portal.FieldMaThe]); got != values[len(values)-1] {
			t.Fatalf("maThe is %q, net/url has %q", got, values)
		}
	})
}

func FuzzQuery(f *testing.F) {
	f.Add([]byte("token=a-b_c&id_token=00000000-0000-4000-8000-000000000000&username=00000_BV&password=0123456789ABCDEF0123456789ABCDEF"))
	f.Add([]byte("TOKEN=%&&=&username=Nguyễn+%4"))
	f.Fuzz(func(t *testing.T, query []byte) {
		var fields portal.Fields
		before := len(query)
		fields.Query(query)
		total := 0
		for _, text := range fields {
			total += len(text)
		}
		if total > before {
			t.Fatalf("%d bytes out of %d", total, before)
		}
	})
}

func FuzzRoute(f *testing.F) {
	f.Add([]byte("/api/egw/api/egw/KQNhanLichSuKCB2019/"))
	f.Fuzz(func(t *testing.T, path []byte) {
		if c := portal.Route(path); c >= portal.Calls {
			t.Fatalf("call %d", c)
		}
	})
}
