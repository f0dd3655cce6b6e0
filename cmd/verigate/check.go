package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/verigate/verigate/cache/prefilter"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/gateway/secure"
)

// check reads everything that a start with the file at path would read: the settings and the files they name. It
// listens nowhere, connects to nobody and writes nothing. The error lists every fault, a line each; worries are what a
// start would not stumble over.
func check(path string, env []string) (worries []string, err error) {
	var cfg settings
	faults := faultLines(config.Load(path, env, &cfg))
	known := make(map[string]bool, len(faults))
	for _, line := range faults {
		known[line] = true
	}
	worries, err = config.Probe(&cfg)
	for _, line := range faultLines(err) {
		if !known[line] { // a file that cannot be read is told by both
			known[line] = true
			faults = append(faults, line)
		}
	}
	if len(faults) > 0 {
		return nil, errors.New(strings.Join(faults, "\n"))
	}
	return append(worries, worriesOf(&cfg)...), nil
}

func faultLines(err error) []string {
	if err == nil {
		return nil
	}
	return strings.Split(err.Error(), "\n")
}

func worriesOf(cfg *settings) []string {
	worries := config.Warnings(cfg)
	if cfg.Listen.HTTPS != "" {
		for _, err := range secure.Worries(&cfg.Listen.Files) {
			worries = append(worries, "listen: "+err.Error())
		}
	}
	filter := &cfg.Cache.Filter
	if !filter.Enabled || filter.Keeper.Path == "" || cfg.Registry.Dialect == dialectPortal {
		return worries
	}
	if _, err := prefilter.Open(filter.Keeper.Path, prefilter.Expect{}); err != nil && !errors.Is(err, os.ErrNotExist) {
		worries = append(worries, fmt.Sprintf("cache.filter.path %s: cannot be used and would be built anew: %v", filter.Keeper.Path, err))
	}
	return worries
}

// check prints what came of it: a friendly line, or every fault.
func (c *serveCmd) check() error {
	worries, err := check(c.Config, os.Environ())
	if err != nil {
		return usage(fmt.Errorf("%s: a start would refuse this:\n%w", c.Config, err))
	}
	for _, w := range worries {
		fmt.Fprintln(os.Stderr, "verigate: worth a look:", w)
	}
	fmt.Printf("%s is sound, and so is every file it names: the gateway can start with it\n", c.Config)
	return nil
}
