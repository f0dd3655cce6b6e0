package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/verigate/verigate/audit"
	"github.com/verigate/verigate/audit/witness"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

type auditCmd struct {
	Verify  auditVerifyCmd  `cmd:"" help:"Check a log offline; exit 0 sound, 1 tampered with, 2 unreadable."`
	Find    auditFindCmd    `cmd:"" help:"Print the records of a log that match."`
	Export  auditExportCmd  `cmd:"" help:"Write the records of a time out, for other programs."`
	Subject auditSubjectCmd `cmd:"" help:"Answer a person's question: who asked about me?"`
	Witness auditWitnessCmd `cmd:"" help:"Be a witness to somebody else's log: cosign what continues, refuse what does not."`
}

type auditVerifyCmd struct {
	Dir        string `arg:"" help:"Folder of the log."`
	Checkpoint string `help:"File with checkpoints that were kept elsewhere, one after the other." placeholder:"FILE"`
	Verifier   string `help:"The log's public key as it was kept elsewhere; default the one in the folder." placeholder:"KEY"`
	Witness    string `help:"Public key of the witness that must have cosigned the kept checkpoints." placeholder:"KEY"`
	Format     string `help:"Form of the report." enum:"text,json" default:"text"`
}

// Help shows examples below the flags.
func (*auditVerifyCmd) Help() string {
	return `Reads every file of the folder and holds every record to its checksum, sequence number, hash chain, seal and signed
checkpoint. What a crash leaves at the end is sound and mentioned. The log may be in use. Without a checkpoint kept
elsewhere, nobody can tell a log from one that was cut back to an earlier state.

  verigate audit verify data/demo/audit
  verigate audit verify /var/lib/verigate/audit --checkpoint kept-by-the-inspector.txt
  verigate audit verify /var/lib/verigate/audit --checkpoint cosigned --witness ministry+1a2b3c4d+BA…`
}

// Run verifies and reports.
func (c *auditVerifyCmd) Run(ctx context.Context) error {
	cfg := audit.VerifyConfig{Dir: c.Dir, Verifier: c.Verifier}
	if c.Checkpoint != "" {
		var err error
		if cfg.Checkpoints, err = os.ReadFile(c.Checkpoint); err != nil {
			return usage(fmt.Errorf("reading --checkpoint: %w", err))
		}
		if len(cfg.Checkpoints) == 0 {
			return usage(fmt.Errorf("reading --checkpoint %s: the file is empty", c.Checkpoint))
		}
	}
	if c.Witness != "" {
		var err error
		if cfg.Witness, err = witness.NewVerifier(c.Witness); err != nil {
			return usage(fmt.Errorf("--witness: %w", err))
		}
		if c.Checkpoint == "" {
			return usage(errors.New("--witness: needs --checkpoint, the file it cosigned"))
		}
	}
	bar := newBytesBar("verifying")
	cfg.Progress = bar.show
	report, err := audit.Verify(ctx, cfg)
	bar.end()
	if err != nil {
		return usage(err)
	}
	if err := c.print(report); err != nil {
		return err
	}
	if !report.Sound() {
		return &exitError{code: 1, err: fmt.Errorf("%s: tampered with or damaged in %d places", c.Dir, len(report.Findings))}
	}
	return nil
}

func (c *auditVerifyCmd) print(r *audit.Report) error {
	if c.Format == "json" {
		return printJSON(os.Stdout, r)
	}
	for _, f := range r.Findings {
		fmt.Printf("TAMPERED  %s\n", f)
	}
	for _, n := range r.Notes {
		fmt.Printf("note      %s\n", n)
	}
	state := "sound"
	if !r.Sound() {
		state = "NOT SOUND"
	}
	if !r.Witnessed.IsZero() {
		fmt.Printf("cosigned  the newest at %s\n", r.Witnessed.Format(time.RFC3339))
	}
	fmt.Printf("%s: log %s, %d segments (%d sealed), %d decisions, %d counts, %d events, last record %d, %d checkpoints good\n",
		state, r.Log, r.Segments, r.Sealed, r.Decisions, r.Counts, r.Events, r.Last, r.Checkpoints)
	return nil
}

// subjectFlags are how an identifier becomes what the log knows a person by.
type subjectFlags struct {
	SubjectKey string `help:"File with the gateway's subject key; default DIR/../keys/subject." placeholder:"FILE"`
	Keys       string `help:"Folder with the log's epoch keys; default DIR/../keys/audit." placeholder:"DIR"`
}

// load returns the hasher and the epochs; dir is the log's folder.
func (f *subjectFlags) load(dir string) (*verify.SubjectHasher, []*audit.Epoch, error) {
	keys := filepath.Join(filepath.Dir(filepath.Clean(dir)), "keys")
	if f.SubjectKey == "" {
		f.SubjectKey = filepath.Join(keys, "subject")
	}
	if f.Keys == "" {
		f.Keys = filepath.Join(keys, "audit")
	}
	secret, err := config.SecretFile(f.SubjectKey).Read()
	if err != nil {
		return nil, nil, fmt.Errorf("reading --subject-key: %w", err)
	}
	epochs, err := audit.LoadEpochs(f.Keys)
	if err != nil {
		return nil, nil, fmt.Errorf("reading --keys: %w", err)
	}
	return verify.NewSubjectHasher(secret), epochs, nil
}

// subjectsOf hashes identifiers; the value itself is never told.
func subjectsOf(h *verify.SubjectHasher, identifiers []string) ([]verify.Subject, error) {
	subjects := make([]verify.Subject, 0, len(identifiers))
	for i, text := range identifiers {
		key, fault := identity.ParseAny([]byte(text))
		if fault != identity.FaultNone {
			return nil, fmt.Errorf("identifier %d: %w", i+1, fault)
		}
		subjects = append(subjects, h.Subject(key))
	}
	return subjects, nil
}

type auditFindCmd struct {
	Dir       string   `arg:"" help:"Folder of the log."`
	RequestID string   `name:"request-id" help:"Only this request." placeholder:"ID"`
	Caller    string   `help:"Only this caller." placeholder:"ID"`
	Since     string   `help:"From this time on: 2026-11-21, 2026-11-21T08:00:00+07:00, or 2h for two hours ago." placeholder:"T"`
	Until     string   `help:"Before this time." placeholder:"T"`
	Subject   []string `help:"Only about the person with this identifier; may be repeated for a person's other identifiers." placeholder:"IDENTIFIER" sep:"none"`
	Outcome   string   `help:"Only with this outcome or code." placeholder:"WORD"`
	Format    string   `help:"Form of the output." enum:"text,ndjson" default:"text"`

	subjectFlags
}

// Help shows examples below the flags.
func (*auditFindCmd) Help() string {
	return `Prints matching records from the oldest to the newest. The log may be in use. Checksums are checked, the hash chain is
not: that is what verify is for. A person is found by hashing the identifier, so the keys are needed; where the key of
an epoch is gone, nobody can find people any more: the command says which time it could not search, and exits with 1.

  verigate audit find data/demo/audit --since 1h --caller demo-clinic
  verigate audit find data/demo/audit --subject 001080000000 --format ndjson`
}

// Run searches and prints.
func (c *auditFindCmd) Run(ctx context.Context) error {
	filter, err := c.filter()
	if err != nil {
		return usage(err)
	}
	write := audit.WriteText
	if c.Format == "ndjson" {
		write = audit.WriteNDJSON
	}
	out := bufio.NewWriterSize(os.Stdout, 1<<16)
	problems := 0
	bar := newBytesBar("searching")
	search := &audit.Search{
		Dir: c.Dir, Filter: filter,
		Visit:    func(f *audit.Found) error { return write(out, f) },
		Problem:  func(err error) { problems++; fmt.Fprintln(os.Stderr, "verigate:", err) },
		Progress: func(done, total, _ int64) { bar.show(done, total) },
	}
	err = errors.Join(search.Run(ctx), out.Flush())
	bar.end()
	switch {
	case errors.Is(err, syscall.EPIPE): // the reader has seen enough
		return nil
	case err != nil:
		return usage(err)
	case problems > 0:
		return &exitError{code: 1, err: fmt.Errorf("searching %s: %d parts could not be searched", c.Dir, problems)}
	}
	return nil
}

func (c *auditFindCmd) filter() (f audit.Filter, err error) {
	f.Caller, f.Outcome = c.Caller, c.Outcome
	if c.RequestID != "" {
		b, err := hex.DecodeString(c.RequestID)
		if err != nil || len(b) != len(f.RequestID) {
			return f, fmt.Errorf("--request-id %q: must be 32 hexadecimal digits", c.RequestID)
		}
		copy(f.RequestID[:], b)
	}
	now := time.Now()
	if f.Since, err = pointInTime(c.Since, now); err != nil {
		return f, fmt.Errorf("--since %w", err)
	}
	if f.Until, err = pointInTime(c.Until, now); err != nil {
		return f, fmt.Errorf("--until %w", err)
	}
	if len(c.Subject) == 0 {
		return f, nil
	}
	hasher, epochs, err := c.load(c.Dir)
	if err != nil {
		return f, err
	}
	f.Epochs = epochs
	f.Subjects, err = subjectsOf(hasher, c.Subject)
	return f, err
}

// vietnam is the zone in which a date without a time begins.
var vietnam = time.FixedZone("ICT", 7*60*60)

// pointInTime reads a time, a date, or how long ago.
func pointInTime(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t, nil
	}
	if t, err := time.ParseInLocation(time.DateOnly, text, vietnam); err == nil {
		return t, nil
	}
	var ago config.Duration
	if err := ago.UnmarshalText([]byte(text)); err == nil && ago > 0 {
		return now.Add(-ago.Std()), nil
	}
	return time.Time{}, fmt.Errorf("%q: must be a time such as 2026-11-21T08:00:00+07:00, a date, or 2h or 7d ago", text)
}

// bytesBar shows progress over bytes on standard error, if somebody watches and it takes long.
type bytesBar struct {
	title string
	mu    sync.Mutex
	bar   *progressbar.ProgressBar
	quiet bool
}

func newBytesBar(title string) *bytesBar {
	info, err := os.Stderr.Stat()
	return &bytesBar{title: title, quiet: err != nil || info.Mode()&os.ModeCharDevice == 0}
}

func (b *bytesBar) show(done, total int64) {
	if b.quiet || total < 256<<20 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.bar == nil {
		b.bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetDescription(b.title),
			progressbar.OptionShowBytes(true), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetWidth(30))
	}
	_ = b.bar.Set64(done)
}

func (b *bytesBar) end() {
	if b.bar != nil {
		_ = b.bar.Finish()
		fmt.Fprintln(os.Stderr)
	}
}

// printJSON prints v for programs, indented for people who look anyway.
func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
