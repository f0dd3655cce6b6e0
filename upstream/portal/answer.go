package portal

import (
	"encoding/json"
	"errors"
	"slices"
	"unicode/utf8"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

// answer is a lookup's answer; what is null or missing is "".
type answer struct {
	MaKetQua    string `json:"maKetQua"`
	GhiChu      string `json:"ghiChu"`
	MaThe       string `json:"maThe"`
	HoTen       string `json:"hoTen"`
	NgaySinh    string `json:"ngaySinh"`
	GioiTinh    string `json:"gioiTinh"`
	DiaChi      string `json:"diaChi"`
	MaDKBD      string `json:"maDKBD"`
	CqBHXH      string `json:"cqBHXH"`
	GtTheTu     string `json:"gtTheTu"`
	GtTheDen    string `json:"gtTheDen"`
	MaKV        string `json:"maKV"`
	NgayDu5Nam  string `json:"ngayDu5Nam"`
	MaSoBHXH    string `json:"maSoBHXH"`
	MaTheMoi    string `json:"maTheMoi"`
	GtTheTuMoi  string `json:"gtTheTuMoi"`
	GtTheDenMoi string `json:"gtTheDenMoi"`
	MaDKBDMoi   string `json:"maDKBDMoi"`
	TenDKBDMoi  string `json:"tenDKBDMoi"`
}

// decodeAnswer reads an answer. Only the code must be there and known; of the rest, what cannot be read is taken as not
// said, because it does not decide anything here. The code is returned as it came, for error texts.
func decodeAnswer(body []byte) (*verify.Told, string, error) {
	if !utf8.Valid(body) {
		return nil, "", errors.New("the portal's answer is not UTF-8")
	}
	var a answer
	if err := json.Unmarshal(body, &a); err != nil {
		return nil, "", errors.New("the portal's answer is not JSON of its contract") // the cause may quote data
	}
	status, ok := verify.PortalStatusOf(a.MaKetQua)
	if !ok {
		return nil, "", errors.New("the portal's answer has an unknown maKetQua")
	}
	t := &verify.Told{Status: status, Note: []byte(a.GhiChu)}
	r := &t.Record
	r.Code, _ = identity.ParseCode([]byte(a.MaSoBHXH))
	r.Name, r.Address, r.Office = []byte(a.HoTen), []byte(a.DiaChi), []byte(a.CqBHXH)
	r.DOB = day(a.NgaySinh)
	r.Sex, _ = identity.ParsePortalSex([]byte(a.GioiTinh))
	if number, f := identity.ParseCard([]byte(a.MaThe)); f == identity.FaultNone {
		card := newCard(number, a.GtTheTu, a.GtTheDen, a.MaDKBD)
		card.Area = uint8(max(0, slices.Index(areas[:], a.MaKV)))
		card.FiveYears = day(a.NgayDu5Nam)
		r.Cards = append(r.Cards, card)
	}
	if number, f := identity.ParseCard([]byte(a.MaTheMoi)); f == identity.FaultNone {
		if len(r.Cards) == 0 {
			r.Cards = append(r.Cards, verify.Card{})
		}
		card := newCard(number, a.GtTheTuMoi, a.GtTheDenMoi, a.MaDKBDMoi)
		card.FacilityName = []byte(a.TenDKBDMoi)
		r.Cards = append(r.Cards, card)
	}
	return t, a.MaKetQua, nil
}

var areas = [...]string{"", "K1", "K2", "K3"}

func newCard(number identity.Key, from, to, facility string) verify.Card {
	c := verify.Card{Number: number, From: day(from), To: day(to), Benefit: number.Value()[2] - '0'}
	c.Facility, _ = identity.ParseFacility([]byte(facility))
	return c
}

// latest is a bound for the portal's dates: cards are issued into the future.
var latest = identity.Date{Year: 2200, Month: 12, Day: 31}

func day(s string) identity.Date {
	d, _ := identity.ParsePortalDOB([]byte(s), latest)
	return d
}
