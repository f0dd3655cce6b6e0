package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"

	"github.com/verigate/verigate/audit"
	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/clients/policy"
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
	Policy    policy.Config    `yaml:"policy"`
	Audit     audit.Config     `yaml:"audit"`
	Admin     admin.Config     `yaml:"admin"`
	Telemetry telemetry.Config `yaml:"telemetry"`
	Log       logConfig        `yaml:"log"`
	Today     string           `yaml:"today" help:"Fixes the gateway's date, YYYY-MM-DD; for demonstrations and tests only."`
}

// listenConfig are the public addresses; old clinic software needs plain HTTP beside HTTPS.
type listenConfig struct {
	HTTP     string            `yaml:"http" default:"127.0.0.1:8080" help:"Address for plain HTTP; \"off\" for none."`
	HTTPS    string            `yaml:"https" help:"Address for HTTPS; empty: none."`
	CertFile string            `yaml:"cert_file" help:"PEM file with the certificate for https."`
	KeyFile  config.SecretFile `yaml:"key_file" help:"PEM file with the key of cert_file."`
}

// Validate checks the addresses and that HTTPS has what it needs.
func (c *listenConfig) Validate() error {
	var faults []error
	if !c.plain() && c.HTTPS == "" {
		faults = append(faults, errors.New("http: is off and https is empty; the gateway would listen nowhere"))
	}
	if c.HTTPS != "" && (c.CertFile == "" || c.KeyFile == "") {
		faults = append(faults, fmt.Errorf("https %q: needs cert_file and key_file", c.HTTPS))
	}
	for key, address := range map[string]string{"http": c.HTTP, "https": c.HTTPS} {
		if address == "" || address == "off" {
			continue
		}
		if _, _, err := net.SplitHostPort(address); err != nil {
			faults = append(faults, fmt.Errorf("%s %q: must be host:port", key, address))
		}
	}
	return errors.Join(faults...)
}

func (c *listenConfig) plain() bool { return c.HTTP != "" && c.HTTP != "off" }

// keysConfig are the secrets that personal data is kept apart with.
type keysConfig struct {
	Subject config.SecretFile `yaml:"subject" required:"true" help:"File with the secret that turns identifiers into cache and log keys; 32 random bytes or more, the same on every node."`
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
