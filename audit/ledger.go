package audit

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/verify"
)

// Withholding are the rules by which entries of a person's ledger are held back for a while, as the law may demand
// (an investigation that would be told by its own trace). What no rule names is told.
type Withholding struct {
	Rules []WithholdingRule `yaml:"withhold" help:"Rules; the first that fits an entry decides."`
}

// WithholdingRule holds back entries for a time. What is empty fits everything.
type WithholdingRule struct {
	Caller     string          `yaml:"caller" help:"Id of the caller."`
	CallerKind string          `yaml:"caller_kind" help:"Kind of caller."`
	Purpose    string          `yaml:"purpose" help:"Why it asked."`
	For        config.Duration `yaml:"for" required:"true" help:"How long after the decision the entry is held back."`
	Basis      string          `yaml:"basis" required:"true" help:"The provision it rests on; it is told to the person."`
}

// Validate checks that a rule names somebody.
func (r *WithholdingRule) Validate() error {
	if r.Caller == "" && r.CallerKind == "" && r.Purpose == "" {
		return errors.New("caller: a rule must name a caller, a caller_kind or a purpose")
	}
	if r.CallerKind != "" && !slices.Contains(verify.CallerKindNames[1:], r.CallerKind) {
		return fmt.Errorf("caller_kind %q: must be one of %s", r.CallerKind, strings.Join(verify.CallerKindNames[1:], ", "))
	}
	if r.Purpose != "" && verify.PurposeOf([]byte(r.Purpose)) == verify.PurposeNone {
		return fmt.Errorf("purpose %q: is none", r.Purpose)
	}
	return nil
}

func (r *WithholdingRule) fits(d *Decision) bool {
	return (r.Caller == "" || r.Caller == string(d.Caller)) && (r.CallerKind == "" || r.CallerKind == d.CallerKind.String()) &&
		(r.Purpose == "" || r.Purpose == d.Purpose.String())
}

// LedgerEntry is one answer about a person, as that person is told of it.
type LedgerEntry struct {
	Seq        uint64    `json:"seq"`
	At         time.Time `json:"at"`
	Caller     string    `json:"caller"`
	CallerKind string    `json:"caller_kind"`
	Facility   string    `json:"facility,omitempty"`
	Call       string    `json:"call"`
	Purpose    string    `json:"purpose"`
	Outcome    string    `json:"outcome"`
	Released   []string  `json:"released"`
	RequestID  string    `json:"request_id"`
	// Nonce and Commitment bind an entry that was withheld before: Commitment was told then, and is SHA-256 of the nonce and
	// the record's body, which is told now.
	Nonce      string `json:"nonce,omitempty"`
	Record     string `json:"record,omitempty"`
	Commitment string `json:"commitment,omitempty"`
}

// Withheld is an entry that is held back: that there is one, on what basis, until when, and a commitment to what it
// says, so that nobody can change it before it is told.
type Withheld struct {
	Seq        uint64    `json:"seq"`
	Until      time.Time `json:"until"`
	Basis      string    `json:"basis"`
	Commitment string    `json:"commitment"`
}

// Ledger answers "who asked about me?" for one person.
type Ledger struct {
	Entries  []LedgerEntry `json:"entries"`
	Withheld []Withheld    `json:"withheld"`
}

// LedgerBuilder collects a ledger from a search's finds.
type LedgerBuilder struct {
	Rules []WithholdingRule
	Now   time.Time
	// Key makes the nonces of commitments; anybody without it cannot tell from a commitment what it is of. The subject
	// key will do.
	Key []byte

	ledger Ledger
}

// Add takes one find; what is no decision is left out.
func (b *LedgerBuilder) Add(f *Found) error {
	if f.Decision == nil {
		return nil
	}
	d := f.Decision
	for i := range b.Rules {
		r := &b.Rules[i]
		if !r.fits(d) {
			continue
		}
		nonce, commitment := b.commit(f)
		until := time.Unix(0, d.At).Add(r.For.Std())
		if until.After(b.Now) {
			b.ledger.Withheld = append(b.ledger.Withheld, Withheld{Seq: f.Seq, Until: until.UTC(), Basis: r.Basis, Commitment: commitment})
			return nil
		}
		e := entryOf(f)
		e.Nonce, e.Record, e.Commitment = nonce, hex.EncodeToString(f.Body), commitment
		b.ledger.Entries = append(b.ledger.Entries, e)
		return nil
	}
	b.ledger.Entries = append(b.ledger.Entries, entryOf(f))
	return nil
}

// Ledger returns what was collected; no list of it is nil, so that programs that read it as JSON find two lists.
func (b *LedgerBuilder) Ledger() *Ledger {
	if b.ledger.Entries == nil {
		b.ledger.Entries = []LedgerEntry{}
	}
	if b.ledger.Withheld == nil {
		b.ledger.Withheld = []Withheld{}
	}
	return &b.ledger
}

// commit returns the nonce of a record and the commitment to it.
func (b *LedgerBuilder) commit(f *Found) (nonce, commitment string) {
	h := hmac.New(sha256.New, b.Key)
	fmt.Fprintf(h, "verigate audit withheld %d", f.Seq)
	n := h.Sum(nil)
	sum := sha256.Sum256(append(n, f.Body...))
	return hex.EncodeToString(n), hex.EncodeToString(sum[:])
}

// CheckCommitment tells whether an entry that was withheld is the one that was committed to: the record is, and the
// entry says what the record says.
func (e *LedgerEntry) CheckCommitment(told string) bool {
	nonce, err1 := hex.DecodeString(e.Nonce)
	record, err2 := hex.DecodeString(e.Record)
	if errors.Join(err1, err2) != nil || len(nonce) == 0 {
		return false
	}
	sum := sha256.Sum256(append(nonce, record...))
	var d Decision
	return hex.EncodeToString(sum[:]) == strings.ToLower(told) && decodeDecision(record, &d) == nil && e.says(&d)
}

// says tells whether an entry is what a record makes of itself.
func (e *LedgerEntry) says(d *Decision) bool {
	want := entryOf(&Found{Seq: e.Seq, Decision: d})
	at := e.At.Equal(want.At)
	want.At, want.Nonce, want.Record, want.Commitment = e.At, e.Nonce, e.Record, e.Commitment
	return at && reflect.DeepEqual(*e, want)
}

func entryOf(f *Found) LedgerEntry {
	d := f.Decision
	e := LedgerEntry{
		Seq: f.Seq, At: time.Unix(0, d.At).UTC(), Caller: string(d.Caller), CallerKind: d.CallerKind.String(), Facility: d.Facility.String(),
		Call: d.Call.String(), Purpose: d.Purpose.String(), Outcome: cmp.Or(d.Outcome.String(), string(d.Code)), Released: []string{},
		RequestID: d.RequestID.String(),
	}
	for i, name := range releasedNames {
		if d.Released&(1<<i) != 0 {
			e.Released = append(e.Released, name)
		}
	}
	return e
}
