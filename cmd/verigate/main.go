// Command verigate is the verification gateway, its reference registry and its hand tools in one binary. This package
// only wires: one file per subcommand, no rules of its own.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// cli is the command line; each command's flags live in its own file.
type cli struct {
	Demo     demoCmd     `cmd:"" help:"Run gateway and reference registry together, with nothing else needed."`
	Serve    serveCmd    `cmd:"" help:"Run the gateway."`
	Registry registryCmd `cmd:"" help:"Run the reference registry, or print samples of its nation."`
	Filter   filterCmd   `cmd:"" help:"Build, inspect and check prefilter generations."`
	Cache    cacheCmd    `cmd:"" help:"Compare what a gateway has in memory with its registry."`
	Lookup   lookupCmd   `cmd:"" help:"Ask one question by hand."`
	Audit    auditCmd    `cmd:"" help:"Verify and search the audit log."`
	Clients  clientsCmd  `cmd:"" help:"Manage the caller directory."`
	Policy   policyCmd   `cmd:"" help:"Show and check the field policy, who is told what."`
	Version  versionCmd  `cmd:"" help:"Print version, commit and Go version."`
}

// exitError carries a process exit code: 2 for what the operator must change, 1 for anything else.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// usage marks err as something the operator must change (exit 2).
func usage(err error) error { return &exitError{code: 2, err: err} }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c cli
	parser := kong.Must(&c, kong.Name("verigate"), kong.ShortUsageOnError(),
		kong.Description("Verification gateway in front of a social-insurance registry."),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Exit(func(code int) {
			if code != 0 {
				code = 2
			}
			os.Exit(code)
		}))
	cmd, err := parser.Parse(os.Args[1:])
	parser.FatalIfErrorf(err)
	if err := cmd.Run(); err != nil {
		stop()
		os.Exit(report(err))
	}
}

// report prints the error in one line and returns the exit code.
func report(err error) int {
	fmt.Fprintln(os.Stderr, "verigate:", err)
	if e, ok := errors.AsType[*exitError](err); ok {
		return e.code
	}
	return 1
}
