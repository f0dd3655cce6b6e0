package main

import (
	"bufio"
	"fmt"
	"os"
	"slices"

	"github.com/verigate/verigate/registry/sample"
)

type corpusCmd struct {
	nationFlags
	Variants int      `default:"100000" help:"How many pairs of one person's names, for each way of writing."`
	Misses   int      `default:"10000000" help:"How many pairs of two people's names, shared out over all ways to be alike."`
	Kinds    []string `placeholder:"KIND,…" help:"Only these kinds; an unknown one lists them all."`
	Format   string   `default:"ndjson" enum:"ndjson,csv" help:"One JSON object a line, or CSV with a header."`
	Draw     uint64   `default:"1" help:"What the choice of names is drawn from."`
}

// Help shows an example below the flags.
func (corpusCmd) Help() string {
	return "Prints labelled pairs of names, as the register has one and as somebody claims it, to measure name matching by.\n\n" +
		"  verigate registry corpus --variants 1000 --misses 100000 > names.ndjson"
}

// Run prints the pairs to standard output.
func (c *corpusCmd) Run() error {
	n, err := c.nation()
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(os.Stdout, 1<<16)
	lines := newLines(out, c.Format, sample.PairHeader())
	made := sample.NewCorpus(n, c.Draw)
	for _, k := range c.plan() {
		for range k.count {
			p, err := made.Next(k.kind)
			if err != nil {
				return usage(err)
			}
			if err := lines.put(&p); err != nil {
				return fmt.Errorf("writing pairs: %w", err)
			}
		}
	}
	if err := lines.finish(); err != nil {
		return fmt.Errorf("writing pairs: %w", err)
	}
	return out.Flush()
}

// corpusShare is how many pairs of a kind are wanted.
type corpusShare struct {
	kind  string
	count int
}

// plan shares the pairs out over the kinds. An unknown kind counts among the misses, for the corpus to refuse.
func (c *corpusCmd) plan() (shares []corpusShare) {
	variants, kinds := sample.Variants(), c.Kinds
	if len(kinds) == 0 {
		kinds = append(sample.Variants(), sample.Misses()...)
	}
	misses := 0
	for _, kind := range kinds {
		if !slices.Contains(variants, kind) {
			misses++
		}
	}
	left := c.Misses
	for _, kind := range kinds {
		count := c.Variants
		if !slices.Contains(variants, kind) {
			count = left / misses
			left, misses = left-count, misses-1
		}
		shares = append(shares, corpusShare{kind, count})
	}
	return shares
}
