package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/verigate/verigate/audit"
	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/clients/budget"
	"github.com/verigate/verigate/clients/policy"
	"github.com/verigate/verigate/clients/token"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/gateway"
	"github.com/verigate/verigate/gateway/admin"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/telemetry"
	"github.com/verigate/verigate/upstream"
	"github.com/verigate/verigate/upstream/portal"
	"github.com/verigate/verigate/upstream/records"
)

// settings is everything in the one YAML file; each section is declared by the room it configures.
type settings struct {
	Listen    listenConfig     `yaml:"listen"`
	Gateway   gateway.Config   `yaml:"gateway"`
	Keys      keysConfig       `yaml:"keys"`
	Registry  registryConfig   `yaml:"registry"`
	Cache     cacheConfig      `yaml:"cache"`
	Clients   clients.Config   `yaml:"clients"`
	OAuth     token.Config     `yaml:"oauth"`
	Policy    policy.Config    `yaml:"policy"`
	Budget    budget.Config    `yaml:"budget"`
	Audit     audit.Config     `yaml:"audit"`
	Admin     admin.Config     `yaml:"admin"`
	Telemetry telemetry.Config `yaml:"telemetry"`
	Log       logConfig        `yaml:"log"`
	Today     string           `yaml:"today" help:"Fixes the gateway's date, YYYY-MM-DD; for demonstrations and tests only."`
}

// keysConfig are the secrets that personal data is kept apart with.
type keysConfig struct {
	Subject config.SecretFile `yaml:"subject" required:"true" help:"File with the secret that turns identifiers into cache and log keys; 32 random bytes or more, the same on every node."`
}

// leastSecret is how many characters a secret file must hold at least, as everywhere in the settings: 32 random bytes
// written as text have more, and a word somebody thought of has fewer.
const leastSecret = 32

// Validate checks what no tag can say. With a subject key that can be guessed, whoever has the log can try every number.
func (c *keysConfig) Validate() error {
	if secret, err := c.Subject.Read(); err == nil && len(secret) < leastSecret {
		return fmt.Errorf("subject: secret file %s has %d characters, need at least %d", c.Subject, len(secret), leastSecret)
	}
	return nil // one that cannot be read is told of by its type
}

// registryConfig is where the registry is, what it speaks, and how kindly it is asked.
type registryConfig struct {
	Dialect  string            `yaml:"dialect" default:"records" oneof:"records portal" help:"What the registry speaks: records (docs/registry-api.md), or portal (the national portal's contract; another verigate speaks it too)."`
	Endpoint upstream.Endpoint `yaml:",inline"`
	Records  records.Config    `yaml:",inline"`
	Portal   portal.Config     `yaml:"portal"`
	Asking   upstream.Config   `yaml:",inline"`
}

const dialectPortal = "portal"

type logConfig struct {
	Level  string `yaml:"level" default:"info" oneof:"debug info warn error" help:"Least important message that is logged."`
	Format string `yaml:"format" default:"text" oneof:"text json" help:"Form of the log on standard error."`
}

// Probe implements config.Prober.
func (c *registryConfig) Probe() error {
	if c.Dialect == dialectPortal {
		return errors.Join(c.Endpoint.Probe(), c.Portal.Faults())
	}
	return c.Endpoint.Probe() // the token is a secret file like any other
}

// Validate checks what no tag can say.
func (c *settings) Validate() error {
	if _, f := identity.ParseDay([]byte(c.Today)); c.Today != "" && f != identity.FaultNone {
		return fmt.Errorf("today %q: must be a date, YYYY-MM-DD", c.Today)
	}
	return nil
}

func (c *logConfig) logger() *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.Level)) // checked by oneof
	options := &slog.HandlerOptions{Level: level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}
