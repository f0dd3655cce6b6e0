//go:build linux

// Command nation measures the prefilter at the size of the whole nation: how long a generation takes from a registry's
// export and from stored exports, what it weighs, how fast it opens and answers, and, first of all, that it denies
// nobody: every identifier of the export is put to it, and ten million that were never issued.
//
// Everything runs through the program's own commands, one after the other, so that each has the machine to itself. The
// figures are kept under bench/results by commit; at full size the table in docs/performance.md is written anew.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

// fullSize is the nation.
const fullSize = 98_700_000

type options struct {
	verigate, commit, results, page, dir string
	people                               int
	absent                               uint64
	keep                                 bool
}

func main() {
	var o options
	flag.StringVar(&o.verigate, "verigate", "bin/verigate", "the binary under test")
	flag.StringVar(&o.commit, "commit", "unknown", "what the result is filed under")
	flag.StringVar(&o.results, "results", "bench/results", "folder for the result")
	flag.StringVar(&o.page, "page", "docs/performance.md", "page whose table is written at full size; empty: none")
	flag.StringVar(&o.dir, "dir", "", "folder for about 4 GB of exports and filters; empty: a temporary one")
	flag.IntVar(&o.people, "people", fullSize, "people in the nation")
	flag.Uint64Var(&o.absent, "absent", 10_000_000, "never-issued identifiers put to the filter")
	flag.BoolVar(&o.keep, "keep", false, "keep exports and filters")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, &o); err != nil {
		fmt.Fprintln(os.Stderr, "nation:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, o *options) error {
	if o.dir == "" {
		dir, err := os.MkdirTemp("", "verigate-nation-")
		if err != nil {
			return fmt.Errorf("making a folder: %w", err)
		}
		o.dir = dir
		if !o.keep {
			defer os.RemoveAll(dir)
		}
	}
	if err := os.MkdirAll(o.dir, 0o755); err != nil {
		return fmt.Errorf("making -dir: %w", err)
	}
	r := newResult(o)
	for _, step := range []struct {
		what string
		do   func(context.Context, *options, *result) error
	}{
		{"building from the registry, storing its exports", fromRegistry},
		{"building from the stored exports", fromExports},
		{"asking about everybody, and about those never issued", ask},
		{"opening", open},
		{"screening", screen},
	} {
		fmt.Fprintln(os.Stderr, step.what, "…")
		if err := step.do(ctx, o, r); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return r.report(o)
}
