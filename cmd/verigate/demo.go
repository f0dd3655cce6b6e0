package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/clients/token"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/internal/demofile"
	"github.com/verigate/verigate/internal/replace"
	"github.com/verigate/verigate/registry"
	"github.com/verigate/verigate/registry/sample"
)

type demoCmd struct {
	Data      string `help:"Folder for everything the demo keeps: callers, keys, log, registry changes." default:"./data/demo" placeholder:"DIR"`
	Listen    string `help:"Address of the gateway." default:"127.0.0.1:8080"`
	Admin     string `help:"Address of the admin listener." default:"127.0.0.1:9090"`
	Registry  string `help:"Address of the reference registry." default:"127.0.0.1:8081"`
	People    int    `help:"Size of the nation, up to 98700000." default:"1000000" placeholder:"N"`
	Seed      uint64 `help:"Which nation." default:"1" placeholder:"S"`
	Today     string `help:"The nation's date, YYYY-MM-DD; default today." placeholder:"DATE"`
	Redis     string `help:"Shared cache, for instance redis://127.0.0.1:6379/0; default none." placeholder:"URL"`
	Unlimited bool   `help:"Switch limits and harvest budgets off, for load tests."`
}

// Help shows examples below the flags.
func (*demoCmd) Help() string {
	return `Runs the gateway in front of a synthetic nation, in one process, with nothing else needed. Every person, number and
key in it is made up. Stop it with Ctrl-C; the data folder keeps what the next start needs. Settings of docs/config.md can
be tried out by their variables, VERIGATE_<SECTION>_<KEY>.

  verigate demo
  verigate demo --people 98700000 --data /var/tmp/nation
  verigate demo --redis redis://127.0.0.1:6379/0 --unlimited
  VERIGATE_AUDIT_DURABILITY=disk verigate demo`
}

// Run starts registry and gateway, writes demo.json when both are ready, and stops both on ctx.
func (c *demoCmd) Run(ctx context.Context) error {
	started := time.Now()
	home, err := openDemoHome(c.Data)
	if err != nil {
		return usage(err)
	}
	defer home.lock.Close()
	cfg, err := c.settings(home)
	if err != nil {
		return usage(err)
	}
	reg, err := c.startRegistry(ctx, home)
	if err != nil {
		return err
	}
	defer reg.stop()
	cfg.Registry.Endpoint.URL = reg.url
	return serve(ctx, cfg, func(ctx context.Context, n *node) error {
		if err := n.memory.firstFilter(ctx); err != nil {
			return err
		}
		person, err := c.somebody()
		if err != nil {
			return err
		}
		d := home.describe(n, reg.url, c.People, c.Seed)
		if err := replaceJSON(filepath.Join(c.Data, demofile.Name), d); err != nil {
			return err
		}
		c.greet(d, person, time.Since(started))
		return nil
	})
}

// demoHome is the demo's data folder with the secrets made on its first start.
type demoHome struct {
	dir    string
	keys   string
	seeded *clients.Seeded
	lock   *os.File // held while the demo runs
}

// openDemoHome locks the folder and fills it with what is missing. The folder of a demo that runs is left as it is.
func openDemoHome(dir string) (*demoHome, error) {
	h := &demoHome{dir: dir, keys: filepath.Join(dir, "keys")}
	if err := os.MkdirAll(h.keys, 0o700); err != nil {
		return nil, fmt.Errorf("making --data %s: %w", dir, err)
	}
	var err error
	if h.lock, err = lockDemo(dir); err != nil {
		return nil, err
	}
	if err := h.fill(); err != nil {
		return nil, errors.Join(err, h.lock.Close())
	}
	return h, nil
}

// lockDemo takes the folder for this process; the kernel lets go of it when the process ends.
func lockDemo(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking --data %s: %w", dir, err)
	}
	switch err := lockFile(f); {
	case errors.Is(err, errLocked):
		return nil, errors.Join(fmt.Errorf("locking --data %s: a demo runs there; stop it, or give another --data", dir), f.Close())
	case err != nil:
		return nil, errors.Join(fmt.Errorf("locking --data %s: %w", dir, err), f.Close())
	}
	return f, nil
}

func (h *demoHome) fill() (err error) {
	// An old demo.json would promise a gateway that is not there yet.
	if err := os.Remove(filepath.Join(h.dir, demofile.Name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing the last demo.json: %w", err)
	}
	for _, name := range []string{"subject", "portal-token", "cache"} {
		if err := ensureSecret(filepath.Join(h.keys, name)); err != nil {
			return err
		}
	}
	if err := ensureSigningKey(filepath.Join(h.keys, "oauth")); err != nil {
		return err
	}
	h.seeded, err = clients.Seed(h.dir)
	return err
}

func (h *demoHome) secret(name string) config.SecretFile {
	return config.SecretFile(filepath.Join(h.keys, name))
}

// ensureSecret makes a secret file of 256 random bits unless it is there.
func ensureSecret(path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	var b [32]byte
	if _, err := rand.Read(b[:]); err != nil {
		return err
	}
	if err := os.WriteFile(path, []byte(hex.EncodeToString(b[:])+"\n"), 0o600); err != nil {
		return fmt.Errorf("making secret %s: %w", path, err)
	}
	return nil
}

// ensureSigningKey makes a key for access tokens unless it is there.
func ensureSigningKey(path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	text, err := token.NewSigningKey()
	if err != nil {
		return err
	}
	return replace.File(path, text)
}

type runningRegistry struct {
	url  string
	stop func()
}

func (c *demoCmd) startRegistry(ctx context.Context, home *demoHome) (*runningRegistry, error) {
	// No token: everything about this registry is made up, and hand tools (filter build, the lab) reach it as they stand.
	conf := registry.Config{People: c.People, Seed: c.Seed, Data: filepath.Join(home.dir, "registry"), Lab: true}
	if c.Today != "" {
		conf.Today, _ = identity.ParseDay([]byte(c.Today)) // checked with the settings
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Registry)
	if err != nil {
		return nil, usage(fmt.Errorf("listening on --registry %s: %w", c.Registry, err))
	}
	r, err := registry.New(conf, registry.Deps{})
	if err != nil {
		return nil, usage(errors.Join(err, ln.Close()))
	}
	served := make(chan error, 1)
	go func() { served <- r.Serve(ln) }()
	return &runningRegistry{url: "http://" + ln.Addr().String(), stop: func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
		defer cancel()
		_ = r.Shutdown(ctx)
		if err := <-served; err != nil {
			fmt.Fprintln(os.Stderr, "verigate: the registry ended:", err)
		}
	}}, nil
}

// settings are those of `verigate serve`, filled in for the demo.
func (c *demoCmd) settings(home *demoHome) (*settings, error) {
	cfg := new(settings)
	config.Defaults(cfg)
	cfg.Listen.HTTP, cfg.Admin.Listen, cfg.Today = c.Listen, c.Admin, c.Today
	cfg.Log.Level = "warn"
	cfg.Keys.Subject = home.secret("subject")
	cfg.Gateway.Portal.TokenKeys = []config.SecretFile{home.secret("portal-token")}
	cfg.Registry.Endpoint.URL = "http://" + c.Registry // the real one once it listens
	cfg.Clients.File, cfg.Clients.Key, cfg.Clients.Unlimited = string(home.seeded.File), home.seeded.Key, c.Unlimited
	cfg.Clients.Data = filepath.Join(home.dir, "clients")
	cfg.OAuth.SigningKeys = []config.SecretFile{home.secret("oauth")}
	cfg.Budget.StateFile = filepath.Join(home.dir, "budget.json")
	cfg.Audit.Dir, cfg.Audit.Keys = filepath.Join(home.dir, "audit"), filepath.Join(home.keys, "audit")
	cfg.Cache.Filter.Keeper.Path = filepath.Join(home.dir, "filter.vgf")
	cfg.Cache.Redis.URL, cfg.Cache.Redis.KeyFile = c.Redis, home.secret("cache")
	err := config.Parse("", nil, os.Environ(), cfg)
	if c.Unlimited {
		cfg.Budget.Enabled = false // after Parse, to which false is a setting not given
	}
	return cfg, err
}

func (h *demoHome) describe(n *node, registryURL string, people int, seed uint64) demofile.File {
	return demofile.File{
		Gateway: n.gatewayURL, Admin: n.adminURL, Registry: registryURL,
		ClinicKey: h.seeded.ClinicKey, AgencyKey: h.seeded.AgencyKey, OperatorKey: h.seeded.OperatorKey,
		PortalUsername: h.seeded.PortalUsername, PortalPassword: h.seeded.PortalPassword,
		OfficerID: h.seeded.OfficerID, OfficerName: h.seeded.OfficerName, People: uint64(people), Seed: seed,
	}
}

// greet prints what a newcomer needs: where everything is, a key, and a first question with a person of this nation.
func (c *demoCmd) greet(d demofile.File, person string, took time.Duration) {
	fmt.Printf(`verigate demo: %d people (all made up), ready after %s

  gateway   %s
  admin     %s   /readyz /metrics /status /console
  registry  %s
  data      %s   (addresses, keys and accounts: demo.json)

A first question:

  curl -s %s/v1/lookup -H 'Authorization: Bearer %s' \
    -H 'Content-Type: application/json' -d '%s'

`, d.People, took.Round(time.Millisecond), d.Gateway, d.Admin, d.Registry, c.Data, d.Gateway, d.ClinicKey, person)
	if c.Unlimited {
		fmt.Print("UNLIMITED: rates, quotas and harvest budgets are OFF. For load tests only.\n\n")
	}
}

// somebody returns the claims of a person of the demo's nation whose card is in force, as a request body.
func (c *demoCmd) somebody() (string, error) {
	n, err := c.nation().nation()
	if err != nil {
		return "", err
	}
	claim, err := sample.New(n, 1).Next("by_id")
	if err != nil {
		return "", err
	}
	b, err := json.Marshal(claim.Question())
	return string(b), err
}

func (c *demoCmd) nation() *nationFlags {
	return &nationFlags{People: c.People, Seed: c.Seed, Today: c.Today}
}

// replaceJSON replaces a file atomically; only its owner may read it, because it carries keys.
func replaceJSON(path string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return replace.File(path, append(b, '\n'))
}
