package portaltest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// The programs of this file never parse: they know where in the text things stand.

// between returns what stands between two marks, which must both be there, in order, once.
func between(text, before, after string) (string, string, error) {
	_, rest, ok := strings.Cut(text, before)
	if !ok {
		return "", "", fmt.Errorf("the mark %s is missing", before)
	}
	value, _, ok := strings.Cut(rest, after)
	if !ok {
		return "", "", fmt.Errorf("the mark %s is missing", after)
	}
	return value, rest, nil
}

func cutLogin(ctx context.Context, s *Site) (k Session, err error) {
	text, err := s.must200(ctx, tokenPath, formType, "username="+s.Username+"&password="+strings.ToUpper(s.PasswordMD5))
	if err != nil {
		return k, err
	}
	code, rest, err := between(text, `{"maKetQua":"`, `",`) // a comma must follow the code, whatever it is
	if err != nil {
		return k, err
	}
	if code != "200" {
		return k, fmt.Errorf("logging in: %s", code)
	}
	if k.Token, rest, err = between(rest, `"APIKey":{"access_token":"`, `","id_token":"`); err != nil {
		return k, err
	}
	if k.IDToken, rest, err = between(rest, `","id_token":"`, `","token_type":"Bearer","username":"`); err != nil {
		return k, err
	}
	if k.Username, rest, err = between(rest, `","username":"`, `","expires_in":"`); err != nil {
		return k, err
	}
	k.Expires, _, err = between(rest, `","expires_in":"`, `"}}`)
	if err == nil && !strings.HasSuffix(text, `"}}`) {
		err = errors.New("something follows APIKey")
	}
	return k, err
}

// splitLogin strips quotes and braces and counts pieces between commas and colons; it takes the time of expiry up to
// its last dot and reads it as UTC.
func splitLogin(ctx context.Context, s *Site) (k Session, err error) {
	text, err := s.must200(ctx, tokenPath, "application/json", `{"UserName":"`+strings.ToUpper(s.Username)+`","Password":"`+s.PasswordMD5+`"}`)
	if err != nil {
		return k, err
	}
	parts := strings.Split(strings.NewReplacer(`"`, "", "{", "", "}", "").Replace(text), ",")
	if len(parts) != 6 || parts[0] != "maKetQua:200" {
		return k, fmt.Errorf("counting pieces: %d, the first %s", len(parts), parts[0])
	}
	token := strings.Split(parts[1], ":")
	id := strings.Split(parts[2], ":")
	if len(token) != 3 || len(id) != 2 {
		return k, errors.New("a comma or colon where none was expected")
	}
	_, expires, _ := strings.Cut(parts[5], ":")
	dot := strings.LastIndex(expires, ".")
	if dot < 0 {
		return k, errors.New("expires_in has no fraction")
	}
	if _, err := time.Parse("2006-01-02T15:04:05", expires[:dot]); err != nil {
		return k, fmt.Errorf("reading expires_in: %w", err)
	}
	return Session{Token: token[2], IDToken: id[1], Username: s.Username, Expires: expires}, nil
}

// cutLookup takes twelve fields by the marks between them. A null makes the marks disappear, which the real programs
// run into with the real portal too: with the codes that carry nothing they get as far as code and note.
func cutLookup(ctx context.Context, s *Site, k Session, call string, p Patient) (out Seen, err error) {
	text, err := s.must200(ctx, base+call+k.query(s), formType, s.form(call, p))
	if err != nil {
		return out, err
	}
	if out.Code, _, err = between(text, `{"maKetQua":"`, `","ghiChu":"`); err != nil {
		return out, err
	}
	_, rest, _ := strings.Cut(text, `","ghiChu":"`)
	if note, _, ok := strings.Cut(rest, `","maThe":null,`); ok {
		out.Note = note
		return out, ends(text)
	}
	fields := []struct {
		mark string
		into *string
	}{
		{`","maThe":"`, &out.Note}, {`","hoTen":"`, &out.Card}, {`","ngaySinh":"`, &out.Name}, {`","gioiTinh":"`, &out.DOB},
		{`","diaChi":"`, &out.Sex}, {`","maDKBD":"`, nil}, {`","cqBHXH":"`, nil}, {`","gtTheTu":"`, nil},
	}
	for _, f := range fields {
		value, after, ok := strings.Cut(rest, f.mark)
		if !ok {
			return out, fmt.Errorf("the mark %s is missing in %s", f.mark, text)
		}
		if f.into != nil {
			*f.into = value
		}
		rest = after
	}
	out.From, rest, _ = strings.Cut(rest, `"`)
	_, rest, _ = strings.Cut(rest, `,"gtTheDen":`)
	to, _, ok := strings.Cut(rest, `,"maKV":"`)
	if !ok {
		return out, errors.New("the mark maKV is missing")
	}
	if out.To = strings.Trim(to, `"`); to == "null" { // one program compares with this very word
		out.To = ""
	}
	out.NewCard, err = cutChange(rest)
	if err != nil {
		return out, err
	}
	return out, ends(text)
}

func cutChange(rest string) (string, error) {
	card, _, err := between(rest, `,"maTheMoi":`, `,"gtTheTuMoi":`)
	if card == "null" {
		card = ""
	}
	return strings.Trim(card, `"`), err
}

// ends checks the two lists, from which the programs cut a fixed number of characters, and that nothing comes after.
func ends(text string) error {
	visits, _, err := between(text, `dsLichSuKCB2018":`, `,"dsLichSuKT2018":`)
	if err != nil {
		return err
	}
	if visits == "[]" {
		return errors.New("an empty list of visits instead of null")
	}
	if !strings.HasSuffix(text, `,"dsLichSuKT2018":null}`) && !strings.HasSuffix(text, `]}`) {
		return errors.New("something follows the last list")
	}
	return nil
}
