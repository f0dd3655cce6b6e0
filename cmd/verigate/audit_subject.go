package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/verigate/verigate/audit"
	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/config"
)

type auditSubjectCmd struct {
	Dir         string   `arg:"" help:"Folder of the log."`
	Identifiers []string `arg:"" name:"identifier" help:"The person's identifiers: ID number, code, cards, present and former."`
	Lang        string   `help:"Language of the ledger." enum:"vi,en" default:"vi"`
	Withhold    string   `help:"YAML file with rules by which entries are held back for a while." placeholder:"FILE"`
	Callers     string   `help:"Caller directory, for the names of organisations." placeholder:"FILE"`
	Format      string   `help:"Form of the output." enum:"text,json" default:"text"`

	subjectFlags
}

// Help shows examples below the flags.
func (*auditSubjectCmd) Help() string {
	return `Prints every answer given about one person, oldest first, in words that person can read. Give every identifier the person
has or had: the log knows each by another hash. What a rule holds back is shown as a commitment; when it is told later,
the entry carries what proves that it is the one that was held back (docs/audit.md).

  verigate audit subject data/demo/audit 001080000000 0000000001 GD4010000000001
  verigate audit subject /var/lib/verigate/audit 001080000000 --lang en --withhold rules.yaml`
}

// Run searches the whole log and prints the ledger.
func (c *auditSubjectCmd) Run(ctx context.Context) error {
	ledger, problems, err := c.collect(ctx)
	if err != nil {
		return usage(err)
	}
	text := audit.LedgerText{Language: c.Lang}
	if text.Names, err = c.names(); err != nil {
		return usage(err)
	}
	if c.Format == "json" {
		err = printJSON(os.Stdout, ledger)
	} else {
		err = text.Write(os.Stdout, ledger)
	}
	if err == nil && problems > 0 {
		err = &exitError{code: 1, err: fmt.Errorf("the ledger is not complete: %d parts of %s could not be searched", problems, c.Dir)}
	}
	return err
}

func (c *auditSubjectCmd) collect(ctx context.Context) (ledger *audit.Ledger, problems int, err error) {
	hasher, epochs, err := c.load(c.Dir)
	if err != nil {
		return nil, 0, err
	}
	subjects, err := subjectsOf(hasher, c.Identifiers)
	if err != nil {
		return nil, 0, err
	}
	var rules audit.Withholding
	if c.Withhold != "" {
		if err := config.Load(c.Withhold, nil, &rules); err != nil {
			return nil, 0, err
		}
	}
	key, err := config.SecretFile(c.SubjectKey).Read()
	if err != nil {
		return nil, 0, err
	}
	build := &audit.LedgerBuilder{Rules: rules.Rules, Now: time.Now(), Key: key}
	bar := newBytesBar("searching")
	search := &audit.Search{
		Dir: c.Dir, Filter: audit.Filter{Subjects: subjects, Epochs: epochs}, Visit: build.Add,
		Problem:  func(err error) { problems++; fmt.Fprintln(os.Stderr, "verigate:", err) },
		Progress: func(done, total, _ int64) { bar.show(done, total) },
	}
	err = search.Run(ctx)
	bar.end()
	return build.Ledger(), problems, err
}

// names maps callers to their organisations.
func (c *auditSubjectCmd) names() (map[string]string, error) {
	if c.Callers == "" {
		return nil, nil //nolint:nilnil // no names, no fault
	}
	file, err := os.Open(c.Callers)
	if err != nil {
		return nil, fmt.Errorf("reading --callers: %w", err)
	}
	f, err := clients.Decode(file)
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, fmt.Errorf("reading --callers %s: %w", c.Callers, err)
	}
	names := make(map[string]string, len(f.Entries))
	for _, e := range f.Entries {
		names[e.ID] = e.Name
	}
	return names, nil
}
