package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/config"
)

type clientsAddCmd struct {
	ID       string          `arg:"" help:"Short stable name: a–z, 0–9, dot, underscore, hyphen."`
	Kind     string          `required:"" help:"clinic, agency, laboratory or operator." placeholder:"KIND"`
	Name     string          `help:"The organisation, for people." placeholder:"TEXT"`
	Facility string          `help:"Facility code, five characters." placeholder:"CODE"`
	Contact  string          `help:"Whom the caller is told to talk to when it is suspended." placeholder:"TEXT"`
	Scopes   []string        `help:"What its keys may be used for: lookup, verify, batch, admin; default that of the kind." placeholder:"S"`
	Purposes []string        `help:"Why it may ask; the first is the default; default those of the kind." placeholder:"P"`
	Policy   map[string]bool `help:"Deviations from the default policy, such as show_deceased=true." placeholder:"NAME=BOOL"`
	Portal   string          `help:"Also make a portal account with this user name." placeholder:"USER"`
	Valid    config.Duration `help:"How long the API key is good for; default without end." placeholder:"90d"`
	NoKey    bool            `help:"Make no API key."`
	limitFlags
}

// Run adds a caller.
func (c *clientsAddCmd) Run(ctx context.Context, parent *clientsCmd) error {
	n := clients.Newcomer{
		ID: c.ID, Kind: c.Kind, Name: c.Name, Facility: c.Facility, Contact: c.Contact, Scopes: c.Scopes, Purposes: c.Purposes,
		Policy: c.Policy, Portal: c.Portal, NoKey: c.NoKey, Valid: c.Valid.Std(),
	}
	c.apply(&n.Limits)
	var made clients.Issued
	err := parent.update(ctx, func(f *clients.File, s *clients.Secrets) (err error) {
		made, err = f.AddNew(&n, s, time.Now())
		return err
	})
	if err != nil {
		return err
	}
	return parent.issued(made)
}

type clientsImportCmd struct {
	CSV     string `arg:"" help:"CSV with a header row; docs/callers.md lists the columns."`
	Secrets string `required:"" help:"File for the secrets made, CSV; must not exist." placeholder:"FILE"`
}

// Run imports. The secrets file is made first: secrets that nobody could read would have to be made again.
func (c *clientsImportCmd) Run(ctx context.Context, parent *clientsCmd) error {
	in, err := os.ReadFile(c.CSV)
	if err != nil {
		return usage(fmt.Errorf("reading the CSV: %w", err))
	}
	out, err := os.OpenFile(c.Secrets, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return usage(fmt.Errorf("making --secrets: %w", err))
	}
	var issued []clients.Issued
	err = parent.update(ctx, func(f *clients.File, s *clients.Secrets) error {
		var err error
		if issued, err = f.Import(bytes.NewReader(in), s, time.Now()); err != nil {
			return fmt.Errorf("importing %s: nothing was added: %w", c.CSV, err)
		}
		return writeSecrets(out, issued)
	})
	if err = errors.Join(err, out.Close()); err != nil {
		os.Remove(c.Secrets)
		return err
	}
	fmt.Printf("%d callers added; their secrets are in %s and nowhere else\n", len(issued), c.Secrets)
	return nil
}

// writeSecrets replaces what an earlier try wrote.
func writeSecrets(f *os.File, issued []clients.Issued) error {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := f.Truncate(0); err != nil {
		return err
	}
	w := csv.NewWriter(f)
	_ = w.Write([]string{"caller", "key", "portal_username", "portal_password"})
	for _, i := range issued {
		_ = w.Write([]string{i.Caller, i.Key, i.Username, i.Password})
	}
	w.Flush()
	return errors.Join(w.Error(), f.Sync())
}

type clientsRotateCmd struct {
	ID      string          `arg:"" help:"The caller."`
	Overlap config.Duration `help:"How long the old keys work on." default:"24h"`
	Valid   config.Duration `help:"How long the new key is good for; default without end." placeholder:"90d"`
	Portal  string          `help:"Make a new password for this portal account instead; its tokens end at once." placeholder:"USER"`
}

// Run rotates.
func (c *clientsRotateCmd) Run(ctx context.Context, parent *clientsCmd) error {
	var made clients.Issued
	err := parent.change(ctx, c.ID, func(e *clients.Entry, s *clients.Secrets) (err error) {
		if c.Portal == "" {
			made = e.Rotate(time.Now(), c.Overlap.Std(), c.Valid.Std())
			return nil
		}
		made, err = e.RotatePassword(s, c.Portal)
		return err
	})
	if err != nil {
		return err
	}
	return parent.issued(made)
}

type clientsRevokeCmd struct {
	ID     string `arg:"" help:"The caller."`
	Key    string `name:"key-id" help:"Only this API key, by its 8-character id." placeholder:"ID" xor:"what"`
	Portal string `help:"Only this portal account." placeholder:"USER" xor:"what"`
}

// Run revokes.
func (c *clientsRevokeCmd) Run(ctx context.Context, parent *clientsCmd) error {
	what := "the caller " + c.ID
	err := parent.change(ctx, c.ID, func(e *clients.Entry, _ *clients.Secrets) error {
		switch {
		case c.Key != "":
			what = "key " + c.Key
			return e.RevokeKey(time.Now(), c.Key)
		case c.Portal != "":
			what = "account " + c.Portal
			return e.RevokeAccount(c.Portal)
		}
		e.Revoke()
		return nil
	})
	if err == nil {
		fmt.Printf("revoked %s\n", what)
	}
	return err
}

type clientsSuspendCmd struct {
	ID      string `arg:"" help:"The caller."`
	Contact string `help:"Whom it is told to talk to; default as it was." placeholder:"TEXT"`
}

// Run suspends.
func (c *clientsSuspendCmd) Run(ctx context.Context, parent *clientsCmd) error {
	return parent.change(ctx, c.ID, func(e *clients.Entry, _ *clients.Secrets) error {
		return e.Suspend(c.Contact)
	})
}

type clientsResumeCmd struct {
	ID string `arg:"" help:"The caller."`
}

// Run resumes.
func (c *clientsResumeCmd) Run(ctx context.Context, parent *clientsCmd) error {
	return parent.change(ctx, c.ID, func(e *clients.Entry, _ *clients.Secrets) error {
		return e.Resume()
	})
}

type clientsStaffCmd struct {
	Add    clientsStaffAddCmd    `cmd:"" help:"Register somebody."`
	Remove clientsStaffRemoveCmd `cmd:"" help:"Take somebody off the list."`
}

type clientsStaffAddCmd struct {
	ID     string `arg:"" help:"The caller."`
	Number string `required:"" help:"The person's ID number; kept as a keyed hash." placeholder:"DIGITS"`
	Name   string `required:"" help:"The person's name; kept sealed." placeholder:"NAME"`
}

// Run registers an officer.
func (c *clientsStaffAddCmd) Run(ctx context.Context, parent *clientsCmd) error {
	return parent.change(ctx, c.ID, func(e *clients.Entry, s *clients.Secrets) error { return e.AddOfficer(s, c.Number, c.Name) })
}

type clientsStaffRemoveCmd struct {
	ID     string `arg:"" help:"The caller."`
	Number string `required:"" help:"The person's ID number." placeholder:"DIGITS"`
}

// Run removes an officer.
func (c *clientsStaffRemoveCmd) Run(ctx context.Context, parent *clientsCmd) error {
	return parent.change(ctx, c.ID, func(e *clients.Entry, s *clients.Secrets) error { return e.RemoveOfficer(s, c.Number) })
}
