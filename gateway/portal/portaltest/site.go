package portaltest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Site is a server that speaks the contract, and an account there.
type Site struct {
	Base        string // scheme and host, no slash at the end
	Username    string
	PasswordMD5 string // 32 hexadecimal digits
	OfficerID   string // for the calls that name an officer
	OfficerName string
	Client      *http.Client // nil: http.DefaultClient
}

// Patient is what a receptionist types.
type Patient struct{ MaThe, HoTen, NgaySinh string }

// Session is a token as a client keeps it.
type Session struct{ Token, IDToken, Username, Expires string }

// Seen is what a client made of an answer: the fields that its family shows or works with. What the answer left null
// is empty.
type Seen struct {
	Code, Note, Card, Name, DOB, Sex, From, To, NewCard string
}

// Family is a kind of client program: it logs in and looks a patient up by the call named, and fails the way the
// program would.
type Family struct {
	Name   string
	Login  func(ctx context.Context, s *Site) (Session, error)
	Lookup func(ctx context.Context, s *Site, k Session, call string, p Patient) (Seen, error)
}

// Families are all of them.
func Families() []Family {
	return []Family{
		{"cutting at marks", cutLogin, cutLookup},
		{"splitting at commas", splitLogin, cutLookup},
		{"replacing braces", replaceLogin, typedLookup},
		{"strict types", typedLogin, typedLookup},
		{"every key", keysLogin, keysLookup},
		{"logging in again", typedLogin, againLookup},
	}
}

// calls that name the officer.
func namesOfficer(call string) bool {
	return strings.HasSuffix(call, "2024") || strings.HasSuffix(call, "2025")
}

// post sends a body and returns the reply's status and text. Every family but the one that logs in again throws away
// what is not 200, as most programs do.
func (s *Site) post(ctx context.Context, path, contentType, body string) (int, string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Base+path, strings.NewReader(body))
	if err != nil {
		return 0, "", fmt.Errorf("making a request: %w", err)
	}
	req.Header.Set("Content-Type", contentType)
	client := s.Client
	if client == nil {
		client = http.DefaultClient
	}
	res, err := client.Do(req)
	if err != nil {
		return 0, "", fmt.Errorf("calling the portal: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.ContentLength < 0 {
		return 0, "", errors.New("the reply has no Content-Length")
	}
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, "", fmt.Errorf("reading the reply: %w", err)
	}
	return res.StatusCode, string(text), nil
}

func (s *Site) must200(ctx context.Context, path, contentType, body string) (string, error) {
	status, text, err := s.post(ctx, path, contentType, body)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("the reply has status %d", status)
	}
	return text, err
}

// query pastes the credentials into the address without encoding them, as most programs do.
func (k Session) query(s *Site) string {
	return "?token=" + k.Token + "&id_token=" + k.IDToken + "&username=" + s.Username + "&password=" + s.PasswordMD5
}

func (s *Site) form(call string, p Patient) string {
	v := url.Values{"maThe": {p.MaThe}, "hoTen": {p.HoTen}, "ngaySinh": {p.NgaySinh}}
	if namesOfficer(call) {
		v.Set("hoTenCb", s.OfficerName)
		v.Set("cccdCb", s.OfficerID)
	}
	return v.Encode()
}

const (
	formType  = "application/x-www-form-urlencoded"
	tokenPath = "/api/token/take"
	base      = "/api/egw/"
)
