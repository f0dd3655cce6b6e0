package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/verigate/verigate/cache/prefilter"
	"github.com/verigate/verigate/identity"
)

type filterCmd struct {
	Build   filterBuildCmd   `cmd:"" help:"Build a prefilter generation (ID numbers, codes and cards in one file) from a registry's key export."`
	Inspect filterInspectCmd `cmd:"" help:"Verify a generation file and show what is in it; exit 1 if it is damaged."`
	Check   filterCheckCmd   `cmd:"" help:"Put every identifier of a registry's export to a generation file; exit 1 if it would deny one."`
	Rebuild filterRebuildCmd `cmd:"" help:"Have a running gateway build a new generation now."`
}

type filterBuildCmd struct {
	filterSource
	Out string  `required:"" help:"File to write." placeholder:"FILE"`
	FP  float64 `name:"fp" default:"0.001" help:"Share of never-issued identifiers that may pass."`
}

// Help shows examples below the flags.
func (*filterBuildCmd) Help() string {
	return `Reads the export of every kind and writes the file when all of it has come whole; until then, and when it is broken off
(Ctrl-C), what was there stays. A running gateway takes a newer file up by itself.

  verigate filter build --registry http://127.0.0.1:8081 --out nation.vgf
  verigate filter build --from exports --out nation.vgf --fp 0.01`
}

// Run builds and writes the file; a broken or damaged export leaves what was there.
func (c *filterBuildCmd) Run(ctx context.Context) error {
	src, err := c.open()
	if err != nil {
		return usage(err)
	}
	// Before the export is read: of a nation that takes a minute.
	if !(c.FP >= prefilter.LeastFP && c.FP <= prefilter.MostFP) {
		return usage(fmt.Errorf("--fp %g: must be between %g and %g", c.FP, prefilter.LeastFP, prefilter.MostFP))
	}
	if err := writableFolder(c.Out); err != nil {
		return usage(fmt.Errorf("--out: %w", err))
	}
	started := time.Now()
	bar := newBar()
	g, err := prefilter.Build(ctx, src, prefilter.BuildConfig{FP: c.FP}, bar.show)
	bar.end()
	if err != nil {
		return c.advise(err)
	}
	if err := g.Save(c.Out); err != nil {
		return err
	}
	info := g.Info()
	fmt.Printf("%s: %d keys in %d bytes, watermark %d, %s\n", c.Out, info.Keys, info.Bytes, info.Watermark.Version,
		time.Since(started).Round(time.Millisecond))
	return nil
}

// writableFolder tries whether a file can be made beside path.
func writableFolder(path string) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".writable-")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// buildBar shows progress on a terminal, one bar for each time a kind is read.
type buildBar struct {
	kind identity.Kind
	keys uint64
	bar  *progressbar.ProgressBar

	quiet bool // nobody watches: a file or a pipe gets no bar and no empty lines
}

func newBar() *buildBar { return &buildBar{quiet: !term.IsTerminal(int(os.Stderr.Fd()))} }

func (b *buildBar) show(p prefilter.Progress) {
	if b.quiet {
		return
	}
	again := p.Kind != b.kind || p.Keys < b.keys
	b.keys = p.Keys
	if again {
		b.end()
		b.kind = p.Kind
		b.bar = progressbar.NewOptions64(int64(p.Total), progressbar.OptionSetWriter(os.Stderr),
			progressbar.OptionSetDescription(fmt.Sprintf("%-4s", p.Kind)), progressbar.OptionShowCount(), progressbar.OptionShowIts(),
			progressbar.OptionSetItsString("keys"), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetWidth(30),
			progressbar.OptionSetPredictTime(true), progressbar.OptionOnCompletion(func() { fmt.Fprintln(os.Stderr) }))
	}
	_ = b.bar.Set64(int64(p.Keys)) // a bar that cannot be drawn stops nothing
}

func (b *buildBar) end() {
	if b.bar != nil && !b.bar.IsFinished() {
		_ = b.bar.Exit()
		fmt.Fprintln(os.Stderr)
	}
}

type filterInspectCmd struct {
	File   string `arg:"" help:"The generation file."`
	Format string `enum:"text,json" default:"text" help:"text or json."`
}

// Help shows examples below the flags.
func (*filterInspectCmd) Help() string {
	return `Exit code 0: whole, every block agrees with its checksum; 1: damaged, or no generation file; 2: there is no such file.

  verigate filter inspect data/demo/filter.vgf
  verigate filter inspect nation.vgf --format json`
}

// Run verifies every block before it prints anything.
func (c *filterInspectCmd) Run() error {
	g, err := openGeneration(c.File)
	if err != nil {
		return err
	}
	info := g.Info()
	if c.Format == "json" {
		e := json.NewEncoder(os.Stdout)
		e.SetIndent("", "  ")
		return e.Encode(info)
	}
	return printInfo(os.Stdout, &info)
}

func printInfo(out io.Writer, i *prefilter.Info) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintf(w, "registry\t%s\ncreated\t%s\nkeys\t%d\nbytes\t%d\nfp\t%g\nwatermark\t%d at %s\n", i.Registry,
		i.Created.Format(time.RFC3339), i.Keys, i.Bytes, i.FP, i.Watermark.Version, i.Watermark.At.Format(time.RFC3339))
	for _, p := range i.Filters {
		fmt.Fprintf(w, "\n%s\t%d keys, %d bytes, fp %g, m %d, k %d, %.2f bits a key\n", p.Kind, p.Keys, p.Bytes, p.FP, p.Bits, p.Probes, p.BitsPerKey)
		fmt.Fprintf(w, "  snapshot\t%s\n  watermark\t%d at %s\n", p.Snapshot, p.Watermark.Version, p.Watermark.At.Format(time.RFC3339))
		covered := i.Coverage[p.Kind]
		fmt.Fprintf(w, "  coverage\t%s\n", covered.String())
	}
	return w.Flush()
}
