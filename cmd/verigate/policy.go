package main

import (
	"bytes"
	"fmt"
	"os"

	"github.com/verigate/verigate/clients/policy"
)

type policyCmd struct {
	Show  policyShowCmd  `cmd:"" help:"Print the built-in field policy or one of yours."`
	Check policyCheckCmd `cmd:"" help:"List every fault of a policy file."`
}

type policyShowCmd struct {
	File  string `arg:"" optional:"" help:"A policy file; without one, the policy that is built in." placeholder:"FILE"`
	Table bool   `help:"Print what it comes to as a table instead of its text."`
}

// Help shows examples below the flags.
func (*policyShowCmd) Help() string {
	return `Prints who is told what (docs/policy.md).

  verigate policy show > /etc/verigate/policy.yaml
  verigate policy show --table /etc/verigate/policy.yaml`
}

// Run prints the policy; a file with a fault is a usage error.
func (c *policyShowCmd) Run() error {
	name, text := "the built-in policy", policy.Default
	if c.File != "" {
		var err error
		name = c.File
		if text, err = os.ReadFile(name); err != nil {
			return usage(fmt.Errorf("reading the field policy: %w", err))
		}
	}
	table, err := policy.Parse(name, text)
	if err != nil {
		return usage(err)
	}
	var out bytes.Buffer
	if c.Table {
		policy.Table(&out, table)
	} else {
		out.Write(text)
	}
	_, err = out.WriteTo(os.Stdout)
	return err
}

type policyCheckCmd struct {
	File string `arg:"" help:"The policy file." placeholder:"FILE"`
}

// Help shows examples below the flags.
func (*policyCheckCmd) Help() string {
	return `Exit code 0: a gateway takes the file; 2: every fault is listed with its line.

  verigate policy check /etc/verigate/policy.yaml`
}

// Run reads the file as the gateway would.
func (c *policyCheckCmd) Run() error {
	cfg := policy.Config{File: c.File}
	if err := cfg.Validate(); err != nil {
		return usage(err)
	}
	fmt.Printf("%s is sound\n", c.File)
	return nil
}
