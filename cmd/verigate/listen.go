package main

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/verigate/verigate/clients/token"
	"github.com/verigate/verigate/gateway"
	"github.com/verigate/verigate/gateway/admin"
	"github.com/verigate/verigate/gateway/secure"
)

// listenConfig are the public addresses; old clinic software needs plain HTTP beside HTTPS.
type listenConfig struct {
	HTTP  string        `yaml:"http" default:"127.0.0.1:8080" help:"Address for plain HTTP; \"off\" for none."`
	HTTPS string        `yaml:"https" help:"Address for HTTPS; empty: none."`
	Files secure.Config `yaml:",inline"`
}

// Validate checks the addresses and that HTTPS has what it needs.
func (c *listenConfig) Validate() error {
	var faults []error
	if !c.plain() && c.HTTPS == "" {
		faults = append(faults, errors.New("http: is off and https is empty; the gateway would listen nowhere"))
	}
	if c.HTTPS != "" && (c.Files.CertFile == "" || c.Files.KeyFile == "") {
		faults = append(faults, fmt.Errorf("https %q: needs cert_file and key_file", c.HTTPS))
	}
	if c.HTTPS == "" && c.Files.ClientCAFile != "" {
		faults = append(faults, fmt.Errorf("client_ca_file %s: needs https", c.Files.ClientCAFile))
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

// Probe implements config.Prober.
func (c *listenConfig) Probe() error {
	if c.HTTPS == "" || c.Files.CertFile == "" || c.Files.KeyFile == "" {
		return nil // nothing is read, or Validate says what is missing
	}
	return c.Files.Probe()
}

func (c *listenConfig) plain() bool { return c.HTTP != "" && c.HTTP != "off" }

// listen takes the public addresses, so that one already taken fails the start.
func (n *node) listen(ctx context.Context) error {
	c := &n.cfg.Listen
	if c.plain() {
		ln, err := new(net.ListenConfig).Listen(ctx, "tcp", c.HTTP)
		if err != nil {
			return fmt.Errorf("listening on listen.http %s: %w", c.HTTP, err)
		}
		n.plain, n.gatewayURL = ln, "http://"+ln.Addr().String()
	}
	if c.HTTPS == "" {
		return nil
	}
	var err error
	n.files, err = secure.Open(c.Files, secure.Deps{Log: n.log, Metrics: n.metrics, Changed: n.secureChanged})
	if err != nil {
		return err
	}
	n.onStop(func(context.Context) error { n.files.Close(); return nil })
	if n.secure, err = new(net.ListenConfig).Listen(ctx, "tcp", c.HTTPS); err != nil {
		return fmt.Errorf("listening on listen.https %s: %w", c.HTTPS, err)
	}
	n.secureURL = "https://" + n.secure.Addr().String()
	if n.gatewayURL == "" {
		n.gatewayURL = n.secureURL
	}
	return nil
}

// startTokens opens the access tokens, if there are keys to sign them with; the listeners' addresses are known by now.
func (n *node) startTokens() (gateway.Tokens, error) {
	cfg := n.cfg.OAuth
	if len(cfg.SigningKeys) == 0 {
		return nil, nil //nolint:nilnil // a gateway without access tokens is whole
	}
	if cfg.Issuer == "" {
		if cfg.Issuer = n.secureURL; cfg.Issuer == "" {
			cfg.Issuer = n.gatewayURL
		}
	}
	var err error
	if n.tokens, err = token.Open(cfg, token.Deps{Directory: n.callers, Redis: &n.cfg.Clients.Redis, Log: n.log, Metrics: n.metrics}); err != nil {
		return nil, err
	}
	n.onStop(func(context.Context) error { n.tokens.Close(); return nil })
	return n.tokens, nil
}

// describeCredentials tells the admin listener how the files of HTTPS and the access tokens are.
func (n *node) describeCredentials() {
	if n.files != nil {
		n.admin.AddComponent(admin.Component{Name: "tls", Check: n.files.Healthy})
		n.admin.AddSection("tls", func() any { return n.files.Status() })
	}
	if n.tokens != nil {
		n.admin.AddSection("tokens", func() any { return n.tokens.Status() })
	}
}
