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
the entry carries what proves that it is the one that was held back (docs/audit.md). Where the key of an epoch is gone,
the command says which time it could not search, "complete" is false in JSON, and the exit code is 1.

  verigate audit subject data/demo/audit 001080000000 0000000001 GD4010000000001
  verigate audit subject /var/lib/verigate/audit 001080000000 --lang en --withhold rules.yaml`
}

// Run searches the whole log and prints the ledger.
func (c *auditSubjectCmd) Run(ctx context.Context) error {
	answer, err := c.collect(ctx)
	if err != nil {
		return usage(err)
	}
	text := audit.LedgerText{Language: c.Lang}
	if text.Names, err = c.names(); err != nil {
		return usage(err)
	}
	if c.Format == "json" {
		err = printJSON(os.Stdout, answer)
	} else {
		err = text.Write(os.Stdout, answer.Ledger)
	}
	if n := len(answer.Problems); err == nil && n > 0 {
		err = &exitError{code: 1, err: fmt.Errorf("the ledger is not complete: %d parts of %s could not be searched", n, c.Dir)}
	}
	return err
}

func (c *auditSubjectCmd) collect(ctx context.Context) (*ledgerAnswer, error) {
	hasher, epochs, err := c.load(c.Dir)
	if err != nil {
		return nil, err
	}
	subjects, err := subjectsOf(hasher, c.Identifiers)
	if err != nil {
		return nil, err
	}
	answer := new(ledgerAnswer)
	bar := newBytesBar("searching")
	search := &audit.Search{
		Dir: c.Dir, Filter: audit.Filter{Subjects: subjects, Epochs: epochs},
		Problem:  func(err error) { answer.problem(err); fmt.Fprintln(os.Stderr, "verigate:", err) },
		Progress: func(done, total, _ int64) { bar.show(done, total) },
	}
	answer.Ledger, err = ledgerOf(ctx, search, c.Withhold, config.SecretFile(c.SubjectKey), time.Now())
	answer.Complete = len(answer.Problems) == 0
	bar.end()
	return answer, err
}

// ledgerOf runs a search for one person and makes a ledger of it, under the rules in the file withhold if there is one.
func ledgerOf(ctx context.Context, search *audit.Search, withhold string, subjectKey config.SecretFile, now time.Time) (*audit.Ledger, error) {
	var rules audit.Withholding
	if withhold != "" {
		if err := config.Load(withhold, nil, &rules); err != nil {
			return nil, err
		}
	}
	key, err := subjectKey.Read()
	if err != nil {
		return nil, err
	}
	build := &audit.LedgerBuilder{Rules: rules.Rules, Now: now, Key: key}
	search.Visit = build.Add
	if err := search.Run(ctx); err != nil {
		return nil, err
	}
	return build.Ledger(), nil
}

// names maps callers to their organisations.
func (c *auditSubjectCmd) names() (map[string]string, error) {
	if c.Callers == "" {
		return nil, nil //nolint:nilnil // no names, no fault
	}
	names, err := namesIn(c.Callers)
	if err != nil {
		return nil, fmt.Errorf("reading --callers %s: %w", c.Callers, err)
	}
	return names, nil
}

// namesIn reads the organisations' names by caller from a directory file.
func namesIn(path string) (map[string]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	f, err := clients.Decode(file)
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	names := make(map[string]string, len(f.Entries))
	for _, e := range f.Entries {
		names[e.ID] = e.Name
	}
	return names, nil
}
