package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/registry/nation"
	"github.com/verigate/verigate/registry/sample"
)

// nationFlags say which nation a command is about; they must be those of the registry that is asked.
type nationFlags struct {
	People int    `default:"1000000" help:"How many people the nation has, up to 98700000."`
	Seed   uint64 `default:"1" help:"What the nation is computed from."`
	Today  string `placeholder:"YYYY-MM-DD" help:"The nation's date; the clock's date in Vietnam when left out."`
}

// today returns the date given, or the zero date for the clock's.
func (f *nationFlags) today() (identity.Date, error) {
	if f.Today == "" {
		return identity.Date{}, nil
	}
	day, fault := identity.ParseDay([]byte(f.Today))
	if fault != identity.FaultNone {
		return day, usage(fmt.Errorf("--today %q: must be a date, YYYY-MM-DD", f.Today))
	}
	return day, nil
}

// nation computes the nation that the flags name.
func (f *nationFlags) nation() (*nation.Nation, error) {
	today, err := f.today()
	if err != nil {
		return nil, err
	}
	if today.IsZero() {
		today = nation.DateOf(time.Now())
	}
	n, err := nation.New(nation.Config{People: f.People, Seed: f.Seed, Today: today})
	if err != nil {
		return nil, usage(err)
	}
	return n, nil
}

type sampleCmd struct {
	nationFlags
	Count  int    `default:"100" help:"How many claims to print."`
	Mix    string `default:"national" help:"The national mix, or one kind of claim; an unknown one lists them all."`
	Format string `default:"ndjson" enum:"ndjson,csv,request" help:"ndjson: one JSON object a line; csv: with a header; request: the body of a look-up that asks with the claim."`
	Draw   uint64 `default:"1" help:"What the choice of people is drawn from: another number, other claims."`
}

// Help shows an example below the flags.
func (sampleCmd) Help() string {
	return "Prints synthetic claims with the outcome each must get.\n\n" +
		"Examples:\n" +
		"  verigate registry sample --people 1000000 --seed 1 --count 10000 --mix national > claims.ndjson\n" +
		"  verigate registry sample --mix by_id --count 1 --format request"
}

// Run prints the claims to standard output.
func (c *sampleCmd) Run() error {
	n, err := c.nation()
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(os.Stdout, 1<<16)
	lines, claims := newLines(out, c.Format, sample.Header()), sample.New(n, c.Draw)
	for range c.Count {
		claim, err := claims.Next(c.Mix)
		if err != nil {
			return usage(err)
		}
		if err := lines.put(&claim); err != nil {
			return fmt.Errorf("writing claims: %w", err)
		}
	}
	if err := lines.finish(); err != nil {
		return fmt.Errorf("writing claims: %w", err)
	}
	return out.Flush()
}

// row is what can be printed as a line of CSV as well as of JSON.
type row interface{ Row() []string }

// lines prints rows as NDJSON or as CSV.
type lines struct {
	put    func(row) error
	finish func() error
}

func newLines(out io.Writer, format string, header []string) lines {
	if format != "csv" {
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		return lines{put: func(r row) error {
			if claim, ok := r.(*sample.Claim); ok && format == "request" {
				return enc.Encode(claim.Question())
			}
			return enc.Encode(r)
		}, finish: func() error { return nil }}
	}
	w := csv.NewWriter(out)
	headed := w.Write(header)
	return lines{
		put:    func(r row) error { return errors.Join(headed, w.Write(r.Row())) },
		finish: func() error { w.Flush(); return w.Error() },
	}
}
