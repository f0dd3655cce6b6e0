package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"text/tabwriter"

	"github.com/verigate/verigate/cache/prefilter"
)

type filterCheckCmd struct {
	filterSource
	File   string `arg:"" help:"The generation file."`
	Absent uint64 `help:"About so many never-issued identifiers are put to it as well, to measure its false-positive rate; every export is then read twice." placeholder:"N"`
	Format string `enum:"text,json" default:"text" help:"text or json."`
}

// Help shows examples below the flags.
func (*filterCheckCmd) Help() string {
	return `Holds a generation file against everything that the registry has issued: its own snapshot where the registry still keeps it,
else the registry's present, in which case those born since count as denied. Exit code 1: somebody would be denied.

  verigate filter check nation.vgf --registry http://127.0.0.1:8081
  verigate filter check nation.vgf --from exports --absent 10000000`
}

// Run verifies the file, then asks it about everybody.
func (c *filterCheckCmd) Run(ctx context.Context) error {
	src, err := c.open()
	if err != nil {
		return usage(err)
	}
	g, err := openGeneration(c.File)
	if err != nil {
		return err
	}
	bar := newBar()
	found, err := prefilter.Check(ctx, src, g, prefilter.CheckConfig{Absent: c.Absent}, bar.show)
	bar.end()
	if err != nil {
		return c.advise(err)
	}
	if err := c.print(found); err != nil {
		return err
	}
	var denied uint64
	for i := range found {
		denied += found[i].Denied
	}
	if denied > 0 {
		return fmt.Errorf("checking %s: it would deny %d identifiers that the registry has issued", c.File, denied)
	}
	return nil
}

func (c *filterCheckCmd) print(found []prefilter.KindCheck) error {
	if c.Format == "json" {
		return json.NewEncoder(os.Stdout).Encode(found)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "kind\tissued\tdenied\tnever issued\tpassed\trate\tmade for\t\n")
	for i := range found {
		k := &found[i]
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%.5f\t%g\t\n", k.Kind, k.Keys, k.Denied, k.Absent, k.Passed, k.FP(), k.Design)
	}
	return w.Flush()
}
