package portaltest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// The programs of this file parse.

type tokenAnswer struct {
	MaKetQua string `json:"maKetQua"`
	APIKey   *struct {
		AccessToken string  `json:"access_token"`
		IDToken     string  `json:"id_token"`
		TokenType   string  `json:"token_type"`
		Username    *string `json:"username"`
		ExpiresIn   string  `json:"expires_in"`
	} `json:"APIKey"`
}

// typedLogin reads the answer into a strict type. It sends the pseudo-JSON of a program that writes its own.
func typedLogin(ctx context.Context, s *Site) (k Session, err error) {
	text, err := s.must200(ctx, tokenPath, "application/json; charset=utf-8", `{'username': '`+s.Username+`', 'password':'`+s.PasswordMD5+`'}`)
	if err != nil {
		return k, err
	}
	return readToken(text)
}

func readToken(text string) (k Session, err error) {
	var a tokenAnswer
	if err := strict(text, &a); err != nil {
		return k, err
	}
	if a.MaKetQua != "200" || a.APIKey == nil {
		return k, fmt.Errorf("logging in: %s", a.MaKetQua)
	}
	expires, err := time.Parse(time.RFC3339Nano, a.APIKey.ExpiresIn)
	switch {
	case err != nil:
		return k, fmt.Errorf("reading expires_in: %w", err)
	case !strings.HasSuffix(a.APIKey.ExpiresIn, "Z"):
		return k, errors.New("expires_in is not in UTC")
	case time.Until(expires) < 7*time.Hour:
		return k, errors.New("the token has expired for a program that compares with Vietnamese time")
	case a.APIKey.Username == nil:
		return k, errors.New("username is null, and this program uses it from now on")
	case strings.Trim(a.APIKey.AccessToken, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") != "":
		return k, errors.New("the token needs encoding")
	}
	return Session{Token: a.APIKey.AccessToken, IDToken: a.APIKey.IDToken, Username: *a.APIKey.Username, Expires: a.APIKey.ExpiresIn}, nil
}

func strict(text string, into any) error {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	return nil
}

// replaceLogin turns the object into a list by replacing text, then parses that.
func replaceLogin(ctx context.Context, s *Site) (k Session, err error) {
	text, err := s.must200(ctx, tokenPath, formType, "username="+s.Username+"&password="+s.PasswordMD5)
	if err != nil {
		return k, err
	}
	text = strings.Replace(strings.Replace(text, `"APIKey":{`, `"APIKey":[{`, 1), "}}", "}]}", 1)
	var a struct {
		MaKetQua string
		APIKey   []map[string]string
	}
	if err := json.Unmarshal([]byte(text), &a); err != nil || len(a.APIKey) != 1 {
		return k, fmt.Errorf("reading the answer as a list: %w", err)
	}
	return Session{Token: a.APIKey[0]["access_token"], IDToken: a.APIKey[0]["id_token"], Username: s.Username}, nil
}

// answer is the strict type of a large hospital system: strings that may be null, in the order of the document.
type answer struct {
	MaKetQua        string           `json:"maKetQua"`
	GhiChu          *string          `json:"ghiChu"`
	MaThe           *string          `json:"maThe"`
	HoTen           *string          `json:"hoTen"`
	NgaySinh        *string          `json:"ngaySinh"`
	GioiTinh        *string          `json:"gioiTinh"`
	DiaChi          *string          `json:"diaChi"`
	MaDKBD          *string          `json:"maDKBD"`
	CqBHXH          *string          `json:"cqBHXH"`
	GtTheTu         *string          `json:"gtTheTu"`
	GtTheDen        *string          `json:"gtTheDen"`
	MaKV            *string          `json:"maKV"`
	NgayDu5Nam      *string          `json:"ngayDu5Nam"`
	MaSoBHXH        *string          `json:"maSoBHXH"`
	MaTheCu         *string          `json:"maTheCu"`
	MaTheMoi        *string          `json:"maTheMoi"`
	GtTheTuMoi      *string          `json:"gtTheTuMoi"`
	GtTheDenMoi     *string          `json:"gtTheDenMoi"`
	MaDKBDMoi       *string          `json:"maDKBDMoi"`
	TenDKBDMoi      *string          `json:"tenDKBDMoi"`
	DsLichSuKCB2018 []map[string]any `json:"dsLichSuKCB2018"`
	DsLichSuKT2018  []map[string]any `json:"dsLichSuKT2018"`
}

func typedLookup(ctx context.Context, s *Site, k Session, call string, p Patient) (out Seen, err error) {
	body := map[string]any{"maThe": p.MaThe, "hoTen": p.HoTen, "ngaySinh": p.NgaySinh, "username": s.Username, "password": s.PasswordMD5, "ghiChu": nil}
	if namesOfficer(call) {
		body["hoTenCb"], body["cccdCb"] = s.OfficerName, s.OfficerID
	}
	b, err := json.Marshal(body)
	if err != nil {
		return out, fmt.Errorf("writing the question: %w", err)
	}
	text, err := s.must200(ctx, base+call+k.query(s), "application/json", string(b))
	if err != nil {
		return out, err
	}
	return readAnswer(text)
}

func readAnswer(text string) (out Seen, err error) {
	var a answer
	if err := strict(text, &a); err != nil {
		return out, err
	}
	if err := a.newCard(); err != nil {
		return out, err
	}
	if err := a.dates(); err != nil {
		return out, err
	}
	return Seen{a.MaKetQua, text1(a.GhiChu), text1(a.MaThe), text1(a.HoTen), text1(a.NgaySinh), text1(a.GioiTinh), text1(a.GtTheTu), text1(a.GtTheDen), text1(a.MaTheMoi)}, nil
}

func text1(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// newCard is a large system's rule for "there is a new card", with the places where it does not expect null.
func (a *answer) newCard() error {
	if text1(a.MaTheMoi) == "" || text1(a.MaTheCu) != "" {
		return nil
	}
	if a.MaThe == nil {
		return errors.New("maThe is null while maTheMoi is set")
	}
	if *a.MaThe != *a.MaTheMoi || a.MaKetQua == "003" || a.MaKetQua == "004" {
		if _, err := time.Parse("02/01/2006", text1(a.GtTheTuMoi)); err != nil {
			return fmt.Errorf("reading gtTheTuMoi: %w", err)
		}
	}
	return nil
}

// dates are read exactly, when the card is good.
func (a *answer) dates() error {
	if a.MaKetQua != "000" && a.MaKetQua != "004" {
		return nil
	}
	if _, err := time.Parse("02/01/2006", text1(a.GtTheTu)); err != nil {
		return fmt.Errorf("reading gtTheTu: %w", err)
	}
	if a.GtTheDen == nil {
		return nil
	}
	if _, err := time.Parse("02/01/2006", *a.GtTheDen); err != nil {
		return fmt.Errorf("reading gtTheDen: %w", err)
	}
	return nil
}

func keysLogin(ctx context.Context, s *Site) (k Session, err error) {
	text, err := s.must200(ctx, "/API/Token/Take", formType, "\xef\xbb\xbf {\"username\":\""+s.Username+"\",\"password\":\""+s.PasswordMD5+"\"}")
	if err != nil {
		return k, err
	}
	return readToken(text)
}

// Keys are the members of an answer, in order.
var Keys = []string{
	"maKetQua", "ghiChu", "maThe", "hoTen", "ngaySinh", "gioiTinh", "diaChi", "maDKBD", "cqBHXH", "gtTheTu", "gtTheDen", "maKV",
	"ngayDu5Nam", "maSoBHXH", "maTheCu", "maTheMoi", "gtTheTuMoi", "gtTheDenMoi", "maDKBDMoi", "tenDKBDMoi",
	"dsLichSuKCB2018", "dsLichSuKT2018",
}

// keysLookup indexes every key, with a missing one being the end of the job, calls string methods on the note without
// looking, and takes the first of a list that is there.
func keysLookup(ctx context.Context, s *Site, k Session, call string, p Patient) (out Seen, err error) {
	text, err := s.must200(ctx, "/api/egw/api/egw/"+strings.ToUpper(call)+k.query(s), formType, s.form(call, p))
	if err != nil {
		return out, err
	}
	r, order, err := members(text)
	if err != nil {
		return out, err
	}
	if strings.Join(order, " ") != strings.Join(Keys, " ") {
		return out, fmt.Errorf("the keys are %v", order)
	}
	note, ok := r["ghiChu"].(string)
	if !ok || note == "" {
		return out, errors.New("ghiChu is null or empty")
	}
	valid := strings.Contains(note, "Thẻ còn giá trị sử dụng") // one program knows validity by nothing else
	if valid != (r["maKetQua"] == "000") && r["maKetQua"] != "004" && r["maKetQua"] != "130" {
		return out, fmt.Errorf("code %v with the note %q", r["maKetQua"], note)
	}
	if strings.Contains(note, "Token") != (r["maKetQua"] == "401") {
		return out, fmt.Errorf("code %v with the note %q", r["maKetQua"], note)
	}
	for _, list := range Keys[20:] {
		if l, ok := r[list].([]any); ok {
			_ = l[0]
		}
	}
	get := func(key string) string { v, _ := r[key].(string); return v }
	return Seen{get("maKetQua"), note, get("maThe"), get("hoTen"), get("ngaySinh"), get("gioiTinh"), get("gtTheTu"), get("gtTheDen"), get("maTheMoi")}, nil
}

// members reads an object with the order of its keys.
func members(text string) (map[string]any, []string, error) {
	dec := json.NewDecoder(bytes.NewReader([]byte(text)))
	if _, err := dec.Token(); err != nil {
		return nil, nil, fmt.Errorf("reading the answer: %w", err)
	}
	r, order := map[string]any{}, []string{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, nil, fmt.Errorf("reading a key: %w", err)
		}
		var v any
		if err := dec.Decode(&v); err != nil {
			return nil, nil, fmt.Errorf("reading a value: %w", err)
		}
		name, _ := key.(string)
		r[name] = v
		order = append(order, name)
	}
	return r, order, nil
}

// againLookup keeps a token for ever, takes a new one when the lookup says 401, by status or in the body, and repeats
// once. It must be told of a bad token at once, so its session here begins with one.
func againLookup(ctx context.Context, s *Site, k Session, call string, p Patient) (Seen, error) {
	stale := k
	stale.Token = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB"
	status, text, err := s.post(ctx, base+call+stale.query(s), formType, s.form(call, p))
	if err != nil {
		return Seen{}, err
	}
	if status != http.StatusUnauthorized {
		seen, err := readAnswer(text)
		if err != nil {
			return seen, err
		}
		if seen.Code != "401" || !strings.Contains(strings.ToLower(seen.Note), "token không đúng") {
			return seen, fmt.Errorf("a bad token is answered %s %q", seen.Code, seen.Note)
		}
	}
	fresh, err := typedLogin(ctx, s)
	if err != nil {
		return Seen{}, err
	}
	return typedLookup(ctx, s, fresh, call, p)
}
