package main

import (
	"context"
	"os"

	"github.com/verigate/verigate/config"
)

type serveCmd struct {
	Config string `help:"The configuration file (YAML)." required:"" placeholder:"FILE" short:"c"`
	Check  bool   `help:"Read everything a start would read (settings, certificates, keys, directory, policy), list every fault, and exit."`
}

// Help shows examples below the flags.
func (*serveCmd) Help() string {
	return `Runs the gateway. Every setting is described in docs/config.md; VERIGATE_<SECTION>_<KEY> in the environment overrides the
file. Exit code 2: the configuration is at fault, and every fault is listed. --check reads every file that a start would
read, changes nothing, and needs neither Redis nor the registry; run it before a restart.

  verigate serve --config /etc/verigate/verigate.yaml --check
  verigate serve --config /etc/verigate/verigate.yaml`
}

// Run checks the file and serves until ctx ends.
func (c *serveCmd) Run(ctx context.Context) error {
	if c.Check {
		return c.check()
	}
	var cfg settings
	if err := config.Load(c.Config, os.Environ(), &cfg); err != nil {
		return usage(err)
	}
	return serve(ctx, &cfg, func(_ context.Context, n *node) error {
		n.log.Info("ready", "gateway", n.gatewayURL, "admin", n.adminURL)
		return nil
	})
}
