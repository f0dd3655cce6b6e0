package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"text/tabwriter"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/verigate/verigate/cache"
)

type cacheCmd struct {
	Check cacheCheckCmd `cmd:"" help:"Compare what a running gateway has in memory with its registry; exit 1 if something must not be there."`
}

type cacheCheckCmd struct {
	operatorFlags
	Sample int    `default:"20000" help:"Identifiers drawn from the registry's export." placeholder:"N"`
	File   string `help:"Check these identifiers as well: a file with a JSON object a line, with id, code or card, as registry sample prints; - for stdin." placeholder:"FILE"`
	Format string `enum:"text,json" default:"text" help:"text or json."`
}

// Help shows examples below the flags.
func (*cacheCheckCmd) Help() string {
	return `Looks every identifier up in the filter, the local and the shared cache of one running gateway, asks the registry, and counts by
level: agree; behind (older, and allowed to be); and the violations denies (says that somebody does not exist whom the registry
knows), overtaken (older than a change that was delivered) and differs (same version, other content). What was wrong is put
right by the check.

  verigate cache check
  verigate cache check --sample 100000 --format json
  verigate registry sample --people 1000000 --seed 1 --count 5000 | verigate cache check --sample 0 --file -`
}

// checkPart is how many identifiers one call to the gateway has checked, so that progress shows.
const checkPart = 3000

// Run checks part by part and sums up.
func (c *cacheCheckCmd) Run(ctx context.Context) error {
	o, err := c.operator()
	if err != nil {
		return err
	}
	keys, unfit, err := c.keys()
	if err != nil {
		return usage(err)
	}
	if unfit > 0 {
		fmt.Fprintf(os.Stderr, "%d of --file left out: no filter or cache holds an identifier of that form\n", unfit)
	}
	if len(keys) == 0 && c.Sample <= 0 {
		return usage(errors.New("nothing to check: give --sample N, --file with identifiers, or both"))
	}
	var found cache.Findings
	bar := progressbar.NewOptions(len(keys)+c.Sample, progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetDescription("checking"),
		progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true), progressbar.OptionSetWidth(30), progressbar.OptionClearOnFinish(),
		progressbar.OptionSetVisibility(term.IsTerminal(int(os.Stderr.Fd()))))
	for len(keys) > 0 || c.Sample > 0 {
		ask := checkRequest{Keys: keys[:min(checkPart, len(keys))]}
		keys = keys[len(ask.Keys):]
		if len(ask.Keys) == 0 {
			ask.Sample = min(checkPart, c.Sample)
			c.Sample -= ask.Sample
		}
		var some cache.Findings
		if err := o.do(ctx, http.MethodPost, "/cache/check", ask, &some); err != nil {
			return err
		}
		found.Add(&some)
		_ = bar.Add(len(ask.Keys) + ask.Sample) // a bar that cannot be drawn stops nothing
	}
	_ = bar.Finish()
	return c.judge(&found)
}

// keys reads the identifiers of --file and counts those that cannot be checked: a file of real questions has some.
func (c *cacheCheckCmd) keys() (keys []checkKey, unfit int, err error) {
	if c.File == "" {
		return nil, 0, nil
	}
	in := io.ReadCloser(os.Stdin)
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return nil, 0, fmt.Errorf("--file: %w", err)
		}
		in = f
	}
	defer in.Close()
	lines := bufio.NewScanner(in)
	for n := 1; lines.Scan(); n++ {
		var p struct{ ID, Code, Card string }
		if err := json.Unmarshal(lines.Bytes(), &p); err != nil {
			return nil, 0, fmt.Errorf("--file %s, line %d: not a JSON object with id, code or card", c.File, n)
		}
		for _, k := range []checkKey{{"id", p.ID}, {"code", p.Code}, {"card", p.Card}} {
			if k.Value == "" {
				continue
			}
			if _, ok := k.key(); !ok {
				unfit++
				continue
			}
			keys = append(keys, k)
		}
	}
	return keys, unfit, lines.Err()
}

func (c *cacheCheckCmd) judge(found *cache.Findings) error {
	if err := c.print(found); err != nil {
		return err
	}
	switch n := found.Violations(); {
	case n > 0:
		return fmt.Errorf("checking memory: %d violations", n)
	case found.Unanswered > 0 && found.Unanswered == found.Asked:
		return errors.New("checking memory: the registry could not be asked")
	}
	return nil
}

func (c *cacheCheckCmd) print(found *cache.Findings) error {
	if c.Format == "json" {
		return json.NewEncoder(os.Stdout).Encode(struct {
			cache.Findings
			Violations int `json:"violations"`
		}{*found, found.Violations()})
	}
	fmt.Printf("%d identifiers compared, %d of them could not be asked of the registry\n", found.Asked, found.Unanswered)
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "level\theld\tagree\tbehind\tdenies\tovertaken\tdiffers\t\n")
	for _, l := range []struct {
		name string
		cache.Level
	}{{"filter", found.Filter}, {"local", found.Local}, {"shared", found.Shared}} {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t\n", l.name, l.Held, l.Agree, l.Behind, l.Denies, l.Overtaken, l.Differs)
	}
	return w.Flush()
}
