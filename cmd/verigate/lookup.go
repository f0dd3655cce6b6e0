package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/verigate/verigate/internal/demofile"
)

type lookupCmd struct {
	Server  string `help:"Base URL of the gateway; default: the demo's." placeholder:"URL"`
	KeyFile string `help:"File with the API key." type:"existingfile" placeholder:"FILE"`
	Demo    string `help:"Data folder of a running demo; its demo.json gives address and key." default:"./data/demo" placeholder:"DIR"`

	ID       string `help:"12-digit ID number." xor:"identifier" required:""`
	Code     string `help:"10-digit social-insurance number." xor:"identifier" required:""`
	Card     string `help:"Health-insurance card number." xor:"identifier" required:""`
	QR       string `help:"Scanned text of a QR code (chip card, paper card, VNeID)." name:"qr" xor:"identifier" required:""`
	Name     string `help:"Full name; with --qr taken from the code."`
	DOB      string `help:"Birth date: YYYY, YYYY-MM or YYYY-MM-DD; with --qr taken from the code." name:"dob"`
	Sex      string `help:"male or female."`
	Facility string `help:"Facility of first registration, 5 characters."`
	On       string `help:"Day of service, YYYY-MM-DD; default today."`
	Purpose  string `help:"Purpose of the question; default the caller's."`
	Lang     string `help:"Language of messages." enum:"vi,en" default:"vi"`
	JSON     bool   `help:"Print the answer as it came." name:"json"`

	Timeout time.Duration `help:"How long to wait for the answer." default:"10s"`
}

// Help shows examples below the flags.
func (*lookupCmd) Help() string {
	return `Asks one question and prints the answer. Exit code 0: answered, whatever the outcome; 1: refused or unavailable.

  verigate lookup --id 001080000000 --name 'Nguyễn Văn Mẫu' --dob 1980-02-01
  verigate lookup --qr '001080000000||Nguyễn Văn Mẫu|01021980|Nam|Xã Mẫu, Tỉnh Mẫu|01012022'
  verigate lookup --server https://gateway.example --key-file key.txt --card GD4010000000001 --name … --dob 1980`
}

// Run asks and prints.
func (c *lookupCmd) Run(ctx context.Context) error {
	server, key, err := c.target()
	if err != nil {
		return usage(err)
	}
	body, err := c.body()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, server+"/v1/lookup", bytes.NewReader(body))
	if err != nil {
		return usage(fmt.Errorf("reading --server: %w", err))
	}
	req.Header.Set("Accept-Language", c.Lang)
	status, reply, err := send(req, key)
	if err != nil {
		return err
	}
	if c.JSON {
		fmt.Println(string(reply))
	}
	if status != http.StatusOK {
		return problemError(status, reply)
	}
	if c.JSON {
		return nil
	}
	return printAnswer(os.Stdout, reply)
}

// target finds the gateway's address and the key: flags first, then the demo's files.
func (c *lookupCmd) target() (server, key string, err error) {
	server = strings.TrimRight(c.Server, "/")
	if c.KeyFile != "" {
		b, err := os.ReadFile(c.KeyFile)
		if err != nil {
			return "", "", fmt.Errorf("reading --key-file: %w", err)
		}
		key = strings.TrimSpace(string(b))
	}
	if server != "" && key != "" {
		return server, key, nil
	}
	d, err := demofile.Read(c.Demo)
	if errors.Is(err, fs.ErrNotExist) {
		return "", "", fmt.Errorf("finding a gateway: no demo runs in %s (start `verigate demo`, or give --server and --key-file): %w", c.Demo, err)
	}
	if err != nil {
		return "", "", err
	}
	if server == "" {
		server = d.Gateway
	}
	if key == "" {
		key = d.ClinicKey
	}
	return server, key, nil
}

func (c *lookupCmd) body() ([]byte, error) {
	fields := map[string]string{
		"id": c.ID, "code": c.Code, "card": c.Card, "qr": c.QR, "name": c.Name, "dob": c.DOB, "sex": c.Sex,
		"facility": c.Facility, "on": c.On, "purpose": c.Purpose,
	}
	for name, value := range fields {
		if value == "" {
			delete(fields, name)
		}
	}
	return json.Marshal(fields)
}

func problemError(status int, reply []byte) error {
	var p struct{ Code, Title, Detail, Field string }
	if json.Unmarshal(reply, &p) != nil || p.Code == "" {
		return fmt.Errorf("the gateway answered status %d", status)
	}
	text := p.Detail
	if text == "" {
		text = p.Title
	}
	if p.Field != "" {
		text = p.Field + ": " + text
	}
	return fmt.Errorf("%s: %s", p.Code, text)
}

// answerCard is a card as the native API shows it.
type answerCard struct {
	Card      string  `json:"card"`
	ValidFrom string  `json:"valid_from"`
	ValidTo   *string `json:"valid_to"`
	Facility  string  `json:"facility"`
	Benefit   int     `json:"benefit"`
	Area      *string `json:"area"`
	FiveYears *string `json:"five_years_from"`
}

func printAnswer(w io.Writer, reply []byte) error {
	var a struct {
		Outcome    string
		Reason     *string
		PortalCode *string `json:"portal_code"`
		Message    string
		Fields     map[string]string
		Coverage   *answerCard
		Successor  map[string]any
		Source     string
		AsOf       string `json:"as_of"`
		MaxAge     int    `json:"max_age_s"`
		RequestID  string `json:"request_id"`
	}
	if err := json.Unmarshal(reply, &a); err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) {
		fmt.Fprintf(t, "  %s\t"+format+"\n", append([]any{name}, args...)...)
	}
	fmt.Fprintf(t, "%s\t%s\n", a.Outcome, a.Message)
	if a.PortalCode != nil {
		row("portal code", "%s", *a.PortalCode)
	}
	if a.Reason != nil {
		row("reason", "%s", *a.Reason)
	}
	if c := a.Coverage; c != nil {
		row("card", "%s  benefit %d  area %s", c.Card, c.Benefit, orDash(c.Area))
		row("valid", "%s … %s", c.ValidFrom, orDash(c.ValidTo))
		row("facility", "%s", c.Facility)
		row("five years", "%s", orDash(c.FiveYears))
	}
	for _, name := range []string{"card", "id", "code", "valid_from", "valid_to"} {
		if v, ok := a.Successor[name]; ok && v != nil {
			row("successor "+name, "%v", v)
		}
	}
	for _, name := range []string{"name", "dob", "sex", "facility"} {
		if r, ok := a.Fields[name]; ok {
			row(name, "%s", r)
		}
	}
	row("known from", "%s, as of %s, at most %d s old", a.Source, a.AsOf, a.MaxAge)
	row("request", "%s", a.RequestID)
	return t.Flush()
}

func orDash(s *string) string {
	if s == nil || *s == "" {
		return "–"
	}
	return *s
}
