package token

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/verigate/verigate/config"
)

// Config are the settings of access tokens.
type Config struct {
	Issuer        string              `yaml:"issuer" help:"Base URL of the gateway as callers know it, the same on every node; empty: the address it listens on."`
	SigningKeys   []config.SecretFile `yaml:"signing_keys" help:"PEM files with Ed25519 keys: the first signs access tokens, all are published and accepted; none: no tokens are issued. Changed files are read without a restart."`
	Life          config.Duration     `yaml:"life" default:"5m" min:"1m" max:"1h" help:"How long an access token is good for."`
	AssertionLife config.Duration     `yaml:"assertion_life" default:"5m" min:"30s" max:"10m" help:"The furthest in the future that a caller's signed request for a token (private_key_jwt) may expire."`
	MaxCached     int                 `yaml:"max_cached" default:"32768" min:"1024" max:"4194304" help:"Checked tokens that are remembered, under a kilobyte each; one that is not costs a signature check."`
	Poll          config.Duration     `yaml:"poll" default:"1s" min:"100ms" max:"1m" help:"How often the signing keys' files are looked at for changes."`
}

// Validate holds the settings to what their tags cannot say.
func (c *Config) Validate() error {
	if c.Issuer == "" {
		return nil
	}
	u, err := url.Parse(c.Issuer)
	if err != nil {
		return fmt.Errorf("issuer %q: must be a base URL: %w", c.Issuer, err)
	}
	if u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil ||
		strings.HasSuffix(c.Issuer, "#") || strings.HasSuffix(c.Issuer, "?") {
		return fmt.Errorf("issuer %q: must be scheme and host only, as in https://gateway.example", c.Issuer)
	}
	if len(c.Issuer) > maxIssuer {
		return fmt.Errorf("issuer %q: must be at most %d bytes, so that tokens stay short", c.Issuer, maxIssuer)
	}
	return nil
}

// Probe implements config.Prober.
func (c *Config) Probe() error {
	if len(c.SigningKeys) == 0 {
		return nil
	}
	_, err := readKeySet(c.SigningKeys)
	return err
}

// maxIssuer keeps the longest token, which names its issuer twice, below MaxLength.
const maxIssuer = 100

var errNoKeys = errors.New("no signing_keys")
