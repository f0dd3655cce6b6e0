package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/verigate/verigate/audit"
)

type auditExportCmd struct {
	Dir    string `arg:"" help:"Folder of the log."`
	Out    string `help:"File to write; must not exist yet. Default standard output." short:"o" placeholder:"FILE"`
	Since  string `help:"From this time on: 2026-11-21, 2026-11-21T08:00:00+07:00, or 2h for two hours ago." placeholder:"T"`
	Until  string `help:"Before this time." placeholder:"T"`
	Caller string `help:"Only this caller." placeholder:"ID"`
	Format string `help:"Form of the output." enum:"ndjson,csv" default:"ndjson"`
}

// Help shows examples below the flags.
func (*auditExportCmd) Help() string {
	return `Streams decisions, counts and events, oldest first, with checksums checked on the way. People stay hidden as they are in
the log. The log stays the evidence, an export is a copy: seq and segment tell where in the log a record stands. An
export that ends with exit code 1 is not complete.

  verigate audit export data/demo/audit --since 2026-11-01 --until 2026-12-01 -o november.ndjson
  verigate audit export /var/lib/verigate/audit --caller clinic-01001 --format csv -o clinic.csv`
}

// Run streams the records.
func (c *auditExportCmd) Run(ctx context.Context) (err error) {
	var filter audit.Filter
	filter.Caller = c.Caller
	now := time.Now()
	if filter.Since, err = pointInTime(c.Since, now); err != nil {
		return usage(fmt.Errorf("--since %w", err))
	}
	if filter.Until, err = pointInTime(c.Until, now); err != nil {
		return usage(fmt.Errorf("--until %w", err))
	}
	file := os.Stdout
	if c.Out != "" {
		if file, err = os.OpenFile(c.Out, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); err != nil {
			return usage(fmt.Errorf("writing --out: %w", err))
		}
		defer func() { err = errors.Join(err, file.Close()) }()
	}
	out := bufio.NewWriterSize(file, 1<<20)
	export := audit.NewExport(out, c.Format)
	problems := 0
	bar := newBytesBar("exporting")
	search := &audit.Search{
		Dir: c.Dir, Filter: filter, Visit: export.Add,
		Problem:  func(err error) { problems++; fmt.Fprintln(os.Stderr, "verigate:", err) },
		Progress: func(done, total, _ int64) { bar.show(done, total) },
	}
	err = errors.Join(search.Run(ctx), export.End(), out.Flush())
	bar.end()
	if err != nil {
		return usage(err)
	}
	if c.Out != "" {
		fmt.Fprintf(os.Stderr, "%d records in %s\n", export.Records(), c.Out)
	}
	if problems > 0 {
		return &exitError{code: 1, err: fmt.Errorf("exporting %s: %d parts could not be read", c.Dir, problems)}
	}
	return nil
}
