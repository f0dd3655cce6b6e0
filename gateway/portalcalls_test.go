package gateway_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/verigate/verigate/gateway"
	"github.com/verigate/verigate/verify"
)

func TestGenerations(t *testing.T) {
	w := newWorld()
	w.putSample(sample())
	base := start(t, w, nil)
	s := login(t, base)
	seven := url.Values{"maThe": {"GD4010000000001"}, "hoTen": {"Nguyễn Văn Mẫu"}, "ngaySinh": {"01/02/1980"}, "gioiTinh": {"1"}, "maCSKCB": {"01000"},
		"ngayBD": {"01/01/2026"}, "ngayKT": {"31/12/2026"}, "hoTenCb": {officerName}, "cccdCb": {officerID}}
	with := func(key, value string) url.Values {
		v := url.Values{}
		for k := range seven {
			v.Set(k, seven.Get(k))
		}
		v.Set(key, value)
		return v
	}
	full, err := readGolden("000")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		call string
		form url.Values
		want string
	}{
		"2017":                     {"nhanLichSuKCB", seven, `{"maKetQua":"00","dsLichSuKCB":null}`},
		"2017, wrong name":         {"nhanLichSuKCB", with("hoTen", "Trần Văn Mẫu"), `{"maKetQua":"06","dsLichSuKCB":null}`},
		"2017, wrong birth date":   {"nhanLichSuKCB", with("ngaySinh", "1981"), `{"maKetQua":"07","dsLichSuKCB":null}`},
		"2017, wrong sex":          {"nhanLichSuKCB", with("gioiTinh", "2"), `{"maKetQua":"08","dsLichSuKCB":null}`},
		"2017, wrong facility":     {"nhanLichSuKCB", with("maCSKCB", "01001"), `{"maKetQua":"09","dsLichSuKCB":null}`},
		"2017, never issued":       {"nhanLichSuKCB", with("maThe", "GD4010000000002"), `{"maKetQua":"05","dsLichSuKCB":null}`},
		"2017, malformed":          {"nhanLichSuKCB", with("maThe", "x"), `{"maKetQua":"05","dsLichSuKCB":null}`},
		"595":                      {"KQNhanLichSuKCB595", seven, `{"maKetQua":"000","hoTen":"Nguyễn Văn Mẫu","gioiTinh":"Nam","diaChi":"Xã Mẫu, Tỉnh Mẫu","maDKBD":"01000","cqBHXH":"Bảo hiểm xã hội mẫu","gtTheTu":"01/01/2026","gtTheDen":"31/12/2026","maKV":"","ngayDu5Nam":"01/01/2020","dsLichSuKCB":null}`},
		"595, wrong sex":           {"kqnhanlichsukcb595", with("gioiTinh", "Nữ"), `{"maKetQua":"080","hoTen":"Nguyễn Văn Mẫu","gioiTinh":"","diaChi":"","maDKBD":"","cqBHXH":"","gtTheTu":"","gtTheDen":"","maKV":"","ngayDu5Nam":"","dsLichSuKCB":null}`},
		"595, wrong facility":      {"KQNhanLichSuKCB595", with("maCSKCB", "79001"), `{"maKetQua":"090","hoTen":"Nguyễn Văn Mẫu","gioiTinh":"","diaChi":"","maDKBD":"","cqBHXH":"","gtTheTu":"","gtTheDen":"","maKV":"","ngayDu5Nam":"","dsLichSuKCB":null}`},
		"595, malformed sex":       {"KQNhanLichSuKCB595", with("gioiTinh", "x"), `{"maKetQua":"205","hoTen":null,"gioiTinh":null,"diaChi":null,"maDKBD":null,"cqBHXH":null,"gtTheTu":null,"gtTheDen":null,"maKV":null,"ngayDu5Nam":null,"dsLichSuKCB":null}`},
		"2018":                     {"NhanLichSuKCB2018", seven, full},
		"2018, small":              {"nhanLichSuKCB2018", seven, full},
		"2018, alias":              {"KQNhanLichSuKCB2018", seven, full},
		"2018 claims no sex":       {"NhanLichSuKCB2018", with("gioiTinh", "2"), full},
		"2019":                     {"KQnhanLichSuKCB2019", seven, full},
		"2019, doubled":            {"api/egw/KQNhanLichSuKCB2019", seven, full},
		"2024":                     {"KQNhanLichSuKCB2024", seven, full},
		"2024, other spelling":     {"KQNhanLichSuKCB2024", with("hotenCb", officerName), full},
		"history":                  {"Lskcb2025", seven, `{"maKetQua":"000","ghiChu":"Thẻ còn giá trị sử dụng!","dsLichSuKCB2025":null}`},
		"history, officer unknown": {"Lskcb2025", with("cccdCb", "001199000009"), `{"maKetQua":"054","ghiChu":"Số CCCD của cán bộ thực hiện tra cứu không có trong danh sách do cơ sở KCB đăng ký!","dsLichSuKCB2025":null}`},
		"detail":                   {"nhanHoSoKCBChiTiet", url.Values{}, `{"maKetQua":"050","hoSoKCB":{"xml1":{},"dsXml2":[],"dsXml3":[],"dsXml4":[],"dsXml5":[]}}`},
	} {
		t.Run(name, func(t *testing.T) {
			got := send(t, http.MethodPost, base+"/api/egw/"+c.call+s.query(), formType, c.form.Encode())
			if got.status != 200 || got.body != c.want {
				t.Errorf("%d\n got %s\nwant %s", got.status, got.body, c.want)
			}
		})
	}
}

func TestTwoDigitCodes(t *testing.T) {
	for _, c := range codes() {
		if c.call != "" {
			continue
		}
		want := map[string]string{
			"000": "00", "001": "10", "002": "10", "003": "01", "004": "00", "010": "01", "050": "05", "051": "05", "052": "05", "053": "05",
			"060": "06", "061": "06", "070": "07", "100": "10", "101": "10", "110": "01", "120": "01", "121": "01", "122": "01", "123": "01",
			"124": "01", "130": "00", "205": "09", "500": "10",
		}[c.name[:3]]
		if c.name == "010-not-yet" {
			want = "02"
		}
		site, p, _ := c.play(t)
		form := url.Values{"maThe": {p.MaThe}, "hoTen": {p.HoTen}, "ngaySinh": {p.NgaySinh}}
		got := send(t, http.MethodPost, site.Base+"/api/egw/nhanLichSuKCB"+login(t, site.Base).query(), formType, form.Encode())
		if got.body != `{"maKetQua":"`+want+`","dsLichSuKCB":null}` {
			t.Errorf("%s is %s, want %s", c.name, got.body, want)
		}
	}
}

func TestScannedTextAsCard(t *testing.T) {
	w := newWorld()
	w.putSample(sample())
	base := start(t, w, nil)
	s := login(t, base)
	const chip = `001080000000||Nguyễn Văn Mẫu|01021980|Nam|Xã Mẫu, Tỉnh Mẫu|01012022`
	const paper = `GD4010000000001|4e677579e1bb856e2056c4836e204de1baab75|01/02/1980|1|58c3a3204de1baab75|01 - 000|01/01/2026|31/12/2026|01/01/2026|$`
	for name, c := range map[string]struct{ maThe, hoTen, ngaySinh, want string }{
		"chip card":               {chip, "", "", `{"maKetQua":"000",`},
		"chip card, name as well": {chip, "NGUYỄN VĂN MẪU", "1980", `{"maKetQua":"000",`},
		"paper card":              {paper, "", "", `{"maKetQua":"000",`},
		"chip card, wrong name":   {strings.Replace(chip, "Mẫu|", "Sai|", 1), "", "", `{"maKetQua":"060","ghiChu":"Thẻ sai họ tên!","maThe":"001080000000","hoTen":"Nguyễn Văn Sai","ngaySinh":"01/02/1980",`},
		"not readable":            {"a|b|c", "A", "1980", `{"maKetQua":"051",`},
	} {
		body := marshal(t, map[string]string{"maThe": c.maThe, "hoTen": c.hoTen, "ngaySinh": c.ngaySinh})
		got := send(t, http.MethodPost, base+"/api/egw/KQNhanLichSuKCB2019"+s.query(), jsonType, body)
		if !strings.HasPrefix(got.body, c.want) {
			t.Errorf("%s: got %s, want %s…", name, got.body, c.want)
		}
	}
}

func TestPortalBodiesAsTheyCome(t *testing.T) {
	w := newWorld()
	w.putSample(sample())
	base := start(t, w, nil)
	s := login(t, base)
	creds := "token=" + s.Token + "&id_token=" + s.ID + "&username=" + portalUser + "&password=" + portalMD5
	const person = `"maThe":"gd4-01-00-000-00001_","hoTen":" nguyễn  văn   mẫu ","ngaySinh":"1/2/1980"`
	for name, c := range map[string]struct{ query, body, want string }{
		"creds in the form":        {"", creds + "&maThe=GD4010000000001&hoTen=Nguyen Van Mau&ngaySinh=02/1980", "000"},
		"creds in the JSON":        {"", `{"token":"` + s.Token + `","id_token":"` + s.ID + `",` + person + `}`, "000"},
		"creds twice":              {"?" + creds, "username=x&token=y&maThe=GD4010000000001&hoTen=Nguyen Van Mau&ngaySinh=01021980", "000"},
		"separators, small, blank": {"?" + creds, `{` + person + `}`, "000"},
		"single quotes":            {"?" + creds, `{` + strings.ReplaceAll(person, `"`, `'`) + `}`, "000"},
		"an ID number as a number": {"?" + creds, `{"maThe":"001080000000","hoTen":"Nguyễn Văn Mẫu","ngaySinh":1980}`, "000"},
		"a quote in the name":      {"?" + creds, `{"maThe":"001080000000","hoTen":"Nguyễn "Văn" Mẫu","ngaySinh":"1980"}`, "205"},
		"a backslash at the end":   {"?" + creds, `{"maThe":"001080000000","hoTen":"Nguyễn Văn Mẫu\","ngaySinh":"1980"}`, "205"},
		"half a surrogate":         {"?" + creds, `{"maThe":"001080000000","hoTen":"\ud83d","ngaySinh":"1980"}`, "205"},
		"not UTF-8":                {"?" + creds, "maThe=001080000000&hoTen=Nguy\xea\xben&ngaySinh=1980", "205"},
		"nothing":                  {"?" + creds, "", "051"},
		"an empty object":          {"?" + creds, "{}", "051"},
		"null for a name":          {"?" + creds, `{"maThe":"001080000000","hoTen":null,"ngaySinh":"1980"}`, "205"},
		"a long name":              {"?" + creds, `{"maThe":"001080000000","hoTen":"` + strings.Repeat("A", 10_000) + `","ngaySinh":"1980"}`, "205"},
		"a name of 1 MB":           {"?" + creds, `{"maThe":"001080000000","hoTen":"` + strings.Repeat("A", 1<<20) + `","ngaySinh":"1980"}`, "205"},
		"an empty birth date":      {"?" + creds, `{"maThe":"001080000000","hoTen":"A","ngaySinh":""}`, "205"},
		"a birth date to come":     {"?" + creds, `{"maThe":"001080000000","hoTen":"A","ngaySinh":"2030"}`, "205"},
		"UTF-8 in the query":       {"?x=Nguyễn Văn&y=%&" + creds, `{` + person + `}`, "000"},
		"a doubled apostrophe":     {"?" + creds, `{"maThe":"001080000000","hoTen":"Nguyễn Văn Mẫu''","ngaySinh":"1980"}`, "000"},
	} {
		t.Run(name, func(t *testing.T) {
			statuses, all := raw(t, base, fmt.Sprintf("POST /api/egw/KQNhanLichSuKCB2019%s HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s",
				strings.ReplaceAll(c.query, " ", "%20"), len(c.body), c.body))
			if len(statuses) != 1 || statuses[0] != 200 || !strings.Contains(all, `{"maKetQua":"`+c.want+`",`) {
				t.Errorf("got %v %s, want %s", statuses, all, c.want)
			}
		})
	}
}

func TestOfficerRuleCanBeSwitchedOff(t *testing.T) {
	w := newWorld()
	w.putSample(sample())
	base := start(t, w, func(cfg *gateway.Config, _ *gateway.Deps) { cfg.Portal.OfficerRule = false })
	s := login(t, base)
	got := send(t, http.MethodPost, base+"/api/egw/KQNhanLichSuKCB2024"+s.query(), formType, "maThe=001080000000&hoTen=Nguyễn Văn Mẫu&ngaySinh=1980")
	if code := codeOf(t, got); code != "000" {
		t.Errorf("got %s", code)
	}
}

func TestOfficerIsKeptAsAHash(t *testing.T) {
	w := newWorld()
	w.putSample(sample())
	base := start(t, w, nil)
	s := login(t, base)
	form := url.Values{"maThe": {"001080000000"}, "hoTen": {"Nguyễn Văn Mẫu"}, "ngaySinh": {"1980"}, "hoTenCb": {officerName}, "cccdCb": {officerID}}
	send(t, http.MethodPost, base+"/api/egw/KQNhanLichSuKCB2024"+s.query(), formType, form.Encode())
	ask(t, base, "/v1/lookup", clinicKey, `{"id":"001080000000","name":"Nguyễn Văn Mẫu","dob":"1980","staff":{"id":"`+officerID+`","name":"T"}}`)
	log := w.recorded()
	if len(log) != 3 || log[1].Staff == (verify.Subject{}) || log[1].Staff != log[2].Staff || log[1].Subject != log[2].Subject {
		t.Errorf("recorded %+v", log)
	}
}

func TestStaffPolicyHoldsInEveryGeneration(t *testing.T) {
	w := newWorld()
	w.putSample(sample())
	w.keys[clinicKey].Policy.StaffRequired = true
	base := start(t, w, func(cfg *gateway.Config, _ *gateway.Deps) { cfg.Portal.OfficerRule = false })
	s := login(t, base)
	const person = "maThe=001080000000&hoTen=Nguyễn Văn Mẫu&ngaySinh=1980"
	for body, want := range map[string]string{
		person: "205", person + "&hoTenCb=" + officerName + "&cccdCb=" + officerID: "000", person + "&hoTenCb=X&cccdCb=1": "054",
	} {
		if got := codeOf(t, send(t, http.MethodPost, base+"/api/egw/NhanLichSuKCB2018"+s.query(), formType, body)); got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
}
