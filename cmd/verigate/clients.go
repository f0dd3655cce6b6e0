package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/config"
)

type clientsCmd struct {
	Config string            `help:"The gateway's configuration: work on the directory that its section clients names." placeholder:"FILE" xor:"where"`
	File   string            `help:"The directory file; default DIR/clients.ndjson of --data." placeholder:"FILE" xor:"where"`
	Redis  string            `help:"The directory in this Redis, redis://host:port/db; one behind Sentinel, a Cluster or a password need --config." placeholder:"URL" xor:"where"`
	Key    config.SecretFile `name:"key-file" help:"The directory's secret; default DIR/keys/clients.key of --data." placeholder:"FILE"`
	Data   string            `help:"A demo's data folder, for the two defaults." default:"./data/demo" placeholder:"DIR"`
	Format string            `help:"Form of the output." enum:"text,json" default:"text"`

	Add         clientsAddCmd         `cmd:"" help:"Add a caller; its secrets are shown once."`
	Import      clientsImportCmd      `cmd:"" help:"Add many callers from a CSV file."`
	List        clientsListCmd        `cmd:"" help:"List callers."`
	Show        clientsShowCmd        `cmd:"" help:"Show one caller."`
	Rotate      clientsRotateCmd      `cmd:"" help:"Give a caller a new API key or portal password; the old key works on for a while."`
	Revoke      clientsRevokeCmd      `cmd:"" help:"End one key, one portal account, or a caller altogether, at once."`
	Suspend     clientsSuspendCmd     `cmd:"" help:"Stop answering a caller, which is told whom to talk to."`
	Resume      clientsResumeCmd      `cmd:"" help:"Answer a suspended caller again."`
	Limits      clientsLimitsCmd      `cmd:"" help:"Change a caller's limits."`
	Staff       clientsStaffCmd       `cmd:"" help:"Change who may look people up in the portal's contract for a caller."`
	PublicKey   clientsPublicKeyCmd   `cmd:"" help:"Change the public keys that a caller takes access tokens with."`
	Certificate clientsCertificateCmd `cmd:"" help:"Change the client certificates of a caller."`

	Push clientsPushCmd `cmd:"" help:"Bring a directory file into Redis."`
	Pull clientsPullCmd `cmd:"" help:"Write the directory into a file, for a backup or to leave Redis."`
}

// Help shows examples below the flags.
func (*clientsCmd) Help() string {
	return `Works on the directory of callers, in a file or in Redis; running gateways see a change within seconds. Keys and passwords
are shown once and kept only as hashes. docs/callers.md describes the directory, docs/backup.md how to keep it.

  verigate clients list
  verigate clients add clinic-01001 --kind clinic --facility 01001 --portal 01001_BV
  verigate clients rotate clinic-01001 --overlap 7d
  verigate clients public-key add clinic-01001 --pem public.pem
  verigate clients certificate add clinic-01001 --pem client.pem --required
  verigate clients --config /etc/verigate/verigate.yaml import callers.csv --secrets out.csv
  verigate clients --config /etc/verigate/verigate.yaml push /var/lib/verigate/clients.ndjson
  verigate clients --redis redis://127.0.0.1:6379/0 --key-file /etc/verigate/keys/clients pull backup.ndjson`
}

// opened is the directory that the flags name.
type opened struct {
	clients.Store
	secrets *clients.Secrets
	close   func() error
}

// open opens the directory that the flags name; whoever does closes it.
func (c *clientsCmd) open() (*opened, error) {
	cfg, err := c.settings()
	if err != nil {
		return nil, usage(err)
	}
	secrets, err := clients.ReadSecrets(cfg.Key)
	if err != nil {
		return nil, usage(fmt.Errorf("reading --key-file: %w", err))
	}
	if !cfg.Redis.Enabled() {
		return &opened{&clients.FileStore{Path: cfg.File, Secrets: secrets}, secrets, func() error { return nil }}, nil
	}
	store, err := clients.OpenRedis(cfg.Redis, secrets)
	if err != nil {
		return nil, usage(err)
	}
	return &opened{store, secrets, store.Close}, nil
}

// settings are those of --config, or those that the flags make.
func (c *clientsCmd) settings() (*clients.Config, error) {
	if c.Config != "" {
		var cfg settings
		if err := config.Load(c.Config, os.Environ(), &cfg); err != nil {
			return nil, err
		}
		if c.Key.Set() {
			cfg.Clients.Key = c.Key
		}
		return &cfg.Clients, nil
	}
	cfg := new(clients.Config)
	config.Defaults(cfg)
	cfg.File, cfg.Redis.URL, cfg.Key = c.File, c.Redis, c.Key
	if cfg.File == "" {
		cfg.File = filepath.Join(c.Data, "clients.ndjson")
	}
	if !cfg.Key.Set() {
		cfg.Key = config.SecretFile(filepath.Join(c.Data, "keys", "clients.key"))
	}
	return cfg, nil
}

func (c *clientsCmd) read(ctx context.Context) (*clients.File, error) {
	store, err := c.open()
	if err != nil {
		return nil, err
	}
	f, err := store.Read(ctx)
	if err = errors.Join(err, store.close()); err != nil {
		return nil, usage(err)
	}
	return f, nil
}

// update changes the directory; what is wrong with a change is for the operator to mend.
func (c *clientsCmd) update(ctx context.Context, change func(*clients.File, *clients.Secrets) error) error {
	store, err := c.open()
	if err != nil {
		return err
	}
	err = store.Update(ctx, func(f *clients.File) error { return change(f, store.secrets) })
	if err = errors.Join(err, store.close()); err != nil {
		return usage(err)
	}
	return nil
}

// change is update of one caller.
func (c *clientsCmd) change(ctx context.Context, id string, change func(*clients.Entry, *clients.Secrets) error) error {
	return c.update(ctx, func(f *clients.File, s *clients.Secrets) error {
		e, err := f.Caller(id)
		if err != nil {
			return err
		}
		return change(e, s)
	})
}

// issued prints secrets; there is no second time.
func (c *clientsCmd) issued(made clients.Issued) error {
	if c.Format == "json" {
		return printJSON(os.Stdout, made)
	}
	for _, l := range [][2]string{{"caller", made.Caller}, {"key", made.Key}, {"portal user", made.Username}, {"portal password", made.Password}} {
		if l[1] != "" {
			fmt.Printf("%-16s %s\n", l[0], l[1])
		}
	}
	if made.Key != "" || made.Password != "" {
		fmt.Fprintln(os.Stderr, "Shown once: keep it now.")
	}
	return nil
}

type clientsListCmd struct {
	Kind   string `help:"Only this kind." placeholder:"KIND"`
	Status string `help:"Only with this status." placeholder:"STATUS"`
}

// Run lists.
func (c *clientsListCmd) Run(ctx context.Context, parent *clientsCmd) error {
	f, err := parent.read(ctx)
	if err != nil {
		return err
	}
	shown := make([]*clients.Entry, 0, len(f.Entries))
	for _, e := range f.Entries {
		if (c.Kind == "" || e.Kind == c.Kind) && (c.Status == "" || e.Status == c.Status) {
			shown = append(shown, e)
		}
	}
	if parent.Format == "json" {
		return printJSON(os.Stdout, shown)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tKIND\tFACILITY\tSTATUS\tSCOPES\tKEYS\tPUBLIC/CERTS\tACCOUNTS\tNAME")
	for _, e := range shown {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\n", e.ID, e.Kind, dashed(e.Facility), e.Status, strings.Join(e.Scopes, ","),
			usable(e.Keys, time.Now()), otherCredentials(e), dashed(strings.Join(usernames(e), ",")), e.Name)
	}
	return w.Flush()
}

func usable(keys []clients.Key, now time.Time) (n int) {
	for i := range keys {
		if keys[i].Usable(now) {
			n++
		}
	}
	return n
}

func usernames(e *clients.Entry) []string {
	names := make([]string, 0, len(e.Accounts))
	for _, a := range e.Accounts {
		names = append(names, a.Username)
	}
	return names
}

func dashed(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

type clientsShowCmd struct {
	ID string `arg:"" help:"The caller."`
}

// Run shows.
func (c *clientsShowCmd) Run(ctx context.Context, parent *clientsCmd) error {
	f, err := parent.read(ctx)
	if err != nil {
		return err
	}
	e, err := f.Caller(c.ID)
	if err != nil {
		return usage(err)
	}
	if parent.Format == "json" {
		return printJSON(os.Stdout, e)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	l := e.Effective()
	fmt.Fprintf(w, "id\t%s\nname\t%s\nkind\t%s\nfacility\t%s\nstatus\t%s\ncontact\t%s\nscopes\t%s\npurposes\t%s\n", e.ID, dashed(e.Name), e.Kind,
		dashed(e.Facility), e.Status, dashed(e.Contact), strings.Join(e.Scopes, ", "), strings.Join(e.Purposes, ", "))
	fmt.Fprintf(w, "limits\t%d/s, %d at once, %d under way, %d a day\n", l.Rate, l.Burst, l.Concurrency, l.Daily)
	for _, k := range e.Keys {
		fmt.Fprintf(w, "key\t%s, made %s%s\n", k.ID, k.Created.Format(time.DateOnly), keyState(k, time.Now()))
	}
	showPublic(w, e)
	for _, a := range e.Accounts {
		fmt.Fprintf(w, "account\t%s%s\n", a.Username, map[bool]string{true: ", revoked"}[a.Revoked])
	}
	fmt.Fprintf(w, "staff\t%d registered\n", len(e.Officers))
	return w.Flush()
}

func keyState(k clients.Key, now time.Time) string {
	switch {
	case k.Revoked != nil:
		return ", revoked " + k.Revoked.Format(time.DateOnly)
	case k.Expires == nil:
		return ""
	case !k.Expires.After(now):
		return ", expired " + k.Expires.Format(time.RFC3339)
	}
	return ", until " + k.Expires.Format(time.RFC3339)
}

type clientsLimitsCmd struct {
	ID string `arg:"" help:"The caller."`
	limitFlags
}

// limitFlags are limits as flags; what is not given stays, 0 is the default of the kind.
type limitFlags struct {
	Rate        *int64 `help:"Queries per second, sustained; 0 for the default of the kind." placeholder:"N"`
	Burst       *int64 `help:"Queries at once after a pause." placeholder:"N"`
	Concurrency *int64 `help:"Requests under way at once." placeholder:"N"`
	Daily       *int64 `help:"Queries a day." placeholder:"N"`
	People      *int64 `help:"People it may learn of in the window of its harvest budget." placeholder:"N"`
	Unproven    *int64 `help:"How many more people and misses its harvest budget allows without proof; for a facility whose patients another register keeps." placeholder:"N"`
}

func (l *limitFlags) apply(to *clients.Limits) (changed bool) {
	for _, p := range []struct {
		from *int64
		to   *int64
	}{{l.Rate, &to.Rate}, {l.Burst, &to.Burst}, {l.Concurrency, &to.Concurrency}, {l.Daily, &to.Daily},
		{l.People, &to.People}, {l.Unproven, &to.Unproven}} {
		if p.from != nil {
			*p.to, changed = *p.from, true
		}
	}
	return changed
}

// Run changes limits.
func (c *clientsLimitsCmd) Run(ctx context.Context, parent *clientsCmd) error {
	err := parent.change(ctx, c.ID, func(e *clients.Entry, _ *clients.Secrets) error {
		if !c.apply(&e.Limits) {
			return errors.New("nothing to change: give --rate, --burst, --concurrency, --daily, --people or --unproven")
		}
		return nil
	})
	if err != nil {
		return err
	}
	return (&clientsShowCmd{ID: c.ID}).Run(ctx, parent)
}
