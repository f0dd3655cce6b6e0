package portal

import (
	"context"
	"crypto/md5" //nolint:gosec // the portal's contract asks for it
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/upstream"
	"github.com/verigate/verigate/verify"
)

// Config is the account at the other portal and the call to use.
type Config struct {
	Username     string            `yaml:"username" help:"Account at the portal, for instance 01000_BV."`
	PasswordFile config.SecretFile `yaml:"password_file" help:"File with the account's clear password; only its MD5 is sent."`
	Call         string            `yaml:"call" default:"KQNhanLichSuKCB2019" oneof:"NhanLichSuKCB2018 KQNhanLichSuKCB2019 KQNhanLichSuKCB2024" help:"Lookup call of the portal; KQNhanLichSuKCB2024 needs an officer."`
	OfficerName  string            `yaml:"officer_name" help:"Name of the officer registered at the portal, for KQNhanLichSuKCB2024."`
	OfficerFile  config.SecretFile `yaml:"officer_id_file" help:"File with that officer's 12-digit ID number."`
}

// Faults tells what [New] would refuse, one line each, beginning with the setting.
func (c *Config) Faults() error {
	var faults []error
	if c.Username == "" || c.PasswordFile == "" {
		faults = append(faults, errors.New("portal.username and portal.password_file: must be set with dialect portal"))
	}
	if c.Call == "KQNhanLichSuKCB2024" && (c.OfficerFile == "" || c.OfficerName == "") {
		faults = append(faults, fmt.Errorf("portal.call %s: needs officer_name and officer_id_file", c.Call))
	}
	return errors.Join(faults...)
}

// Client implements upstream.Fetcher for one query a call: set batch_size to 1. It is safe for concurrent use.
type Client struct {
	cfg       Config
	transport *upstream.Transport
	clock     verify.Clock
	password  string // MD5 in upper-case hexadecimal
	officer   string
	sessions
}

// New reads the secrets and makes a client; it does not connect. Errors name the setting.
func New(e upstream.Endpoint, cfg Config, clock verify.Clock) (*Client, error) {
	t, err := e.Transport()
	if err != nil {
		return nil, err
	}
	if cfg.Username == "" || cfg.PasswordFile == "" {
		return nil, errors.New("reading registry.portal: username and password_file must be set")
	}
	password, err := cfg.PasswordFile.Read()
	if err != nil {
		return nil, fmt.Errorf("reading registry.portal.password_file: %w", err)
	}
	c := &Client{cfg: cfg, transport: t, clock: clock}
	sum := md5.Sum(password) //nolint:gosec // see the import
	c.password = strings.ToUpper(hex.EncodeToString(sum[:]))
	if cfg.Call != "KQNhanLichSuKCB2024" {
		return c, nil
	}
	officer, err := cfg.OfficerFile.Read()
	if err != nil || cfg.OfficerName == "" {
		return nil, fmt.Errorf("reading registry.portal: call %s needs officer_name and officer_id_file: %w", cfg.Call, err)
	}
	c.officer = string(officer)
	return c, nil
}

// Close closes idle connections.
func (c *Client) Close() { c.transport.Close() }

// question is a lookup's body.
type question struct {
	MaThe    string `json:"maThe"`
	HoTen    string `json:"hoTen"`
	NgaySinh string `json:"ngaySinh"`
	HoTenCb  string `json:"hoTenCb,omitempty"`
	CccdCb   string `json:"cccdCb,omitempty"`
}

// Fetch implements upstream.Fetcher. A refused token is renewed and the question put once more.
func (c *Client) Fetch(ctx context.Context, l *verify.Lookup) error {
	for i, q := range l.Queries {
		if len(q.Claims.Name) == 0 || q.Claims.DOB.IsZero() {
			return fail(verify.TroubleRefused, errors.New("the portal answers no question without name and birth date"))
		}
		held, err := c.lookup(ctx, q, nil)
		if refused := new(refusedToken); errors.As(err, &refused) {
			held, err = c.lookup(ctx, q, refused.session)
		}
		if errors.As(err, new(*refusedToken)) {
			return fail(verify.TroubleRefused, errors.New("the portal refuses a token it has just given"))
		}
		if err != nil {
			return err
		}
		l.Held[i] = held
	}
	return nil
}

// refusedToken means that the portal does not accept the session's token any more.
type refusedToken struct{ session *session }

func (*refusedToken) Error() string { return "asking the portal: token refused" }

func (c *Client) lookup(ctx context.Context, q *verify.Query, bad *session) (verify.Held, error) {
	s, err := c.current(ctx, c, bad)
	if err != nil {
		return verify.Held{}, err
	}
	body, err := json.Marshal(question{
		MaThe: q.Key.Value(), HoTen: string(q.Claims.Name), NgaySinh: string(q.Claims.DOB.AppendPortal(nil)),
		HoTenCb: c.officerName(), CccdCb: c.officer,
	})
	if err != nil {
		return verify.Held{}, fail(verify.TroubleGarbled, errors.New("writing the question failed"))
	}
	asked := c.clock()
	status, reply, err := c.post(ctx, "api/egw/"+c.cfg.Call, s.query, "application/json; charset=utf-8", body)
	switch {
	case err != nil:
		return verify.Held{}, err
	case status == fasthttp.StatusUnauthorized, status == fasthttp.StatusForbidden:
		return verify.Held{}, &refusedToken{s}
	case status != fasthttp.StatusOK:
		return verify.Held{}, fail(verify.TroubleRefused, fmt.Errorf("the portal answered status %d", status))
	}
	told, code, err := decodeAnswer(reply)
	if err != nil {
		return verify.Held{}, fail(verify.TroubleGarbled, err)
	}
	switch told.Status {
	case verify.Status401:
		return verify.Held{}, &refusedToken{s}
	case verify.Status100, verify.Status101, verify.Status500, verify.Status205, verify.Status054, verify.Status055:
		return verify.Held{}, fail(verify.TroubleRefused, fmt.Errorf("the portal answered %s", code))
	}
	encoded, err := told.AppendBinary(nil)
	if err != nil {
		return verify.Held{}, fail(verify.TroubleGarbled, err)
	}
	return verify.Held{State: verify.StateTold, AsOf: asked.Wall, Record: encoded}, nil
}

func (c *Client) officerName() string {
	if c.officer == "" {
		return ""
	}
	return c.cfg.OfficerName
}

// post makes one call and returns a copy of the reply, a leading BOM taken off.
func (c *Client) post(ctx context.Context, path, query, contentType string, body []byte) (status int, reply []byte, err error) {
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(resp)
	req.SetRequestURI(c.transport.Path(path) + query)
	req.Header.SetMethod(fasthttp.MethodPost)
	req.Header.SetContentType(contentType)
	req.SetBodyRaw(body)
	if err := c.transport.Do(ctx, req, resp); err != nil {
		return 0, nil, err
	}
	return resp.StatusCode(), []byte(strings.TrimPrefix(string(resp.Body()), "\ufeff")), nil
}

func fail(t verify.Trouble, err error) error { return &upstream.Failure{Trouble: t, Err: err} }

func lookupQuery(access, id, username, password string) string {
	v := url.Values{"token": {access}, "id_token": {id}, "username": {username}, "password": {password}}
	return "?" + v.Encode()
}
