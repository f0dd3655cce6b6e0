package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/verigate/verigate/cache/prefilter"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/identity"
)

type filterCmd struct {
	Build   filterBuildCmd   `cmd:"" help:"Build a prefilter generation (ID numbers, codes and cards in one file) from a registry's key export."`
	Inspect filterInspectCmd `cmd:"" help:"Verify a generation file and show what is in it; exit 1 if it is damaged."`
}

type filterBuildCmd struct {
	Registry  string            `help:"Base URL of the registry's record API." placeholder:"URL" xor:"source" required:""`
	From      string            `help:"Folder with exports stored as id.keys, code.keys and card.keys, instead of a registry." placeholder:"DIR" xor:"source" required:""`
	TokenFile config.SecretFile `help:"File with the registry's bearer token." placeholder:"FILE"`
	CAFile    string            `name:"ca-file" help:"PEM file with the authorities that sign the registry's certificate." placeholder:"FILE"`
	CertFile  string            `help:"PEM file with our client certificate." placeholder:"FILE"`
	KeyFile   string            `help:"PEM file with its key." placeholder:"FILE"`
	Out       string            `required:"" help:"File to write." placeholder:"FILE"`
	FP        float64           `name:"fp" default:"0.001" help:"Share of never-issued identifiers that may pass."`
}

// Run builds and writes the file; a broken or damaged export leaves what was there.
func (c *filterBuildCmd) Run(ctx context.Context) error {
	src, err := c.source()
	if err != nil {
		return usage(err)
	}
	started := time.Now()
	bar := newBar()
	g, err := prefilter.Build(ctx, src, prefilter.BuildConfig{FP: c.FP}, bar.show)
	bar.end()
	if err != nil {
		return err
	}
	if err := g.Save(c.Out); err != nil {
		return err
	}
	info := g.Info()
	fmt.Printf("%s: %d keys in %d bytes, watermark %d, %s\n", c.Out, info.Keys, info.Bytes, info.Watermark.Version,
		time.Since(started).Round(time.Millisecond))
	return nil
}

func (c *filterBuildCmd) source() (prefilter.Source, error) {
	if c.From != "" {
		return dirSource(c.From), nil
	}
	src := &prefilter.HTTPSource{URL: c.Registry}
	if c.TokenFile.Set() {
		token, err := c.TokenFile.Read()
		if err != nil {
			return nil, fmt.Errorf("--token-file: %w", err)
		}
		src.Token = string(token)
	}
	t, err := c.tls()
	if err != nil {
		return nil, err
	}
	src.Client = &http.Client{Transport: &http.Transport{TLSClientConfig: t, ResponseHeaderTimeout: time.Minute, ReadBufferSize: 1 << 20}}
	return src, nil
}

func (c *filterBuildCmd) tls() (*tls.Config, error) {
	t := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CAFile != "" {
		pem, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("--ca-file: %w", err)
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("--ca-file %s: it holds no PEM certificate", c.CAFile)
		}
	}
	if c.CertFile != "" || c.KeyFile != "" {
		pair, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("--cert-file and --key-file: %w", err)
		}
		t.Certificates = []tls.Certificate{pair}
	}
	return t, nil
}

// dirSource reads exports that were stored as they came.
type dirSource string

// Export implements prefilter.Source. A file is read once, from its beginning: what is damaged in it stays damaged.
func (d dirSource) Export(_ context.Context, kind identity.Kind, _ string, after uint64) (io.ReadCloser, error) {
	path := filepath.Join(string(d), kind.String()+".keys")
	if after > 0 {
		return nil, &prefilter.Permanent{Err: fmt.Errorf("%s is damaged or incomplete after block %d", path, after)}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, &prefilter.Permanent{Err: err}
	}
	return f, nil
}

// buildBar shows a build's progress on a terminal, one bar a kind.
type buildBar struct {
	kind identity.Kind
	bar  *progressbar.ProgressBar
}

func newBar() *buildBar { return new(buildBar) }

func (b *buildBar) show(p prefilter.Progress) {
	if p.Kind != b.kind {
		b.end()
		b.kind = p.Kind
		b.bar = progressbar.NewOptions64(int64(p.Total), progressbar.OptionSetWriter(os.Stderr),
			progressbar.OptionSetDescription(fmt.Sprintf("%-4s", p.Kind)), progressbar.OptionShowCount(), progressbar.OptionShowIts(),
			progressbar.OptionSetItsString("keys"), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetWidth(30),
			progressbar.OptionSetPredictTime(true), progressbar.OptionSetVisibility(term.IsTerminal(int(os.Stderr.Fd()))), progressbar.OptionOnCompletion(func() { fmt.Fprintln(os.Stderr) }))
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

// Run verifies every block before it prints anything.
func (c *filterInspectCmd) Run() error {
	g, err := prefilter.Open(c.File, prefilter.Expect{})
	if errors.Is(err, os.ErrNotExist) {
		return usage(err)
	}
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
