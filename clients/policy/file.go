package policy

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/verify"
)

// Default is the text of the policy that is built in.
//
//go:embed default.yaml
var Default []byte

// file is a policy as it is written.
type file struct {
	Format int    `yaml:"format" required:"true" min:"1" max:"1" help:"Version of this format: 1."`
	Rules  []rule `yaml:"rules" required:"true" help:"What is told to whom; no two rules may speak of the same caller, purpose and call."`
}

// rule fills the cells of all its combinations.
type rule struct {
	Line      config.Line
	Callers   []kind    `yaml:"callers" required:"true" help:"Kinds of callers: clinic, agency, laboratory, operator."`
	Purposes  []purpose `yaml:"purposes" required:"true" help:"Purposes: treatment, claim, registration, reconciliation, benefit_payment, statistics, test."`
	Calls     []call    `yaml:"calls" required:"true" help:"Calls: lookup, verify, batch (streams and jobs), portal (the national portal's lookups)."`
	Outcomes  []outcome `yaml:"outcomes" default:"match,mismatch,not_found,out_of_register,superseded,inactive" help:"Outcomes that are told; another one is answered with outcome_withheld."`
	Found     []part    `yaml:"found" help:"Parts that are told with match, superseded and inactive; holder also with out_of_register."`
	Mismatch  []part    `yaml:"mismatch" help:"Parts that are told with mismatch."`
	CallerMay []option  `yaml:"caller_may" help:"Switches by which a caller's own directory entry may widen the rule."`
}

// The words of a policy; each is read as text, so that a word that does not exist is told with its line.
type (
	kind    verify.CallerKind
	purpose verify.Purpose
	call    verify.Call
	outcome verify.Outcome
	part    verify.Parts
	option  verify.Switch
)

var (
	callWords    = []string{"", "lookup", "verify", "batch", "portal"}
	outcomeWords = verify.OutcomeNames[:verify.OutcomeUnavailable] // that nothing can be known is always told
	groups       = map[string]verify.Parts{"coverage": verify.PartsCoverage, "person": verify.PartsPerson}
)

// UnmarshalText reads a kind of caller.
func (k *kind) UnmarshalText(b []byte) error { return word(k, b, verify.CallerKindNames[:]) }

// UnmarshalText reads a purpose.
func (p *purpose) UnmarshalText(b []byte) error { return word(p, b, verify.PurposeNames[:]) }

// UnmarshalText reads a call.
func (c *call) UnmarshalText(b []byte) error { return word(c, b, callWords) }

// UnmarshalText reads an outcome.
func (o *outcome) UnmarshalText(b []byte) error { return word(o, b, outcomeWords) }

// UnmarshalText reads a part of an answer or a group of them.
func (p *part) UnmarshalText(b []byte) error {
	if group, ok := groups[string(b)]; ok {
		*p = part(group)
		return nil
	}
	i := slices.Index(verify.PartNames[:], string(b))
	if i < 0 {
		return fmt.Errorf("%q: must be one of coverage, person, %s", cut(b), strings.Join(verify.PartNames[:], ", "))
	}
	*p = 1 << i
	return nil
}

// UnmarshalText reads a switch.
func (o *option) UnmarshalText(b []byte) error {
	i := slices.Index(verify.SwitchNames[:], string(b))
	if i < 0 {
		return fmt.Errorf("%q: must be one of %s", cut(b), strings.Join(verify.SwitchNames[:], ", "))
	}
	*o = 1 << i
	return nil
}

// word sets v to the place of b among the names, of which the first is nobody's.
func word[T ~uint8](v *T, b []byte, names []string) error {
	i := slices.Index(names, string(b))
	if i < 1 {
		return fmt.Errorf("%q: must be one of %s", cut(b), strings.Join(names[1:], ", "))
	}
	*v = T(i)
	return nil
}

func cut(b []byte) string {
	if len(b) > 60 {
		return strings.ToValidUTF8(string(b[:60]), "") + "…"
	}
	return string(b)
}

// Parse compiles the text of a policy; name stands for it in faults. The error joins every fault, each with its line.
func Parse(name string, text []byte) (*verify.Entitlements, error) {
	var f file
	if err := config.Parse(name, text, nil, &f); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	c := compiler{
		name: name, table: &verify.Entitlements{Version: hex.EncodeToString(sum[:8])},
		lines: make(map[cell]config.Line), told: make(map[[2]config.Line]bool),
	}
	for i := range f.Rules {
		c.add(&f.Rules[i])
	}
	if err := errors.Join(c.faults...); err != nil {
		return nil, err
	}
	return c.table, nil
}

// BuiltIn returns the policy that is in force when no file is configured.
func BuiltIn() *verify.Entitlements {
	t, err := Parse("the built-in policy", Default)
	if err != nil {
		panic(err) // a test reads it
	}
	return t
}
