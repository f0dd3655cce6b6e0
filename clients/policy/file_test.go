package policy_test

import (
	"strings"
	"testing"

	"github.com/verigate/verigate/clients/policy"
	"github.com/verigate/verigate/verify"
)

const head = "format: 1\nrules:\n"

// TestFaultsAreTold: every fault of a file at once, each with its line.
func TestFaultsAreTold(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
	}{
		{"empty", "", []string{"format: must be set", "rules: must be set"}},
		{"no rules", "format: 1\n", []string{"rules: must be set"}},
		{"another format", "format: 2\nrules: []\n", []string{"format 2: must be at most 1"}},
		{"not YAML", "format: [1\n", []string{"p.yaml:1: "}},
		{"unknown words", head + "  - callers: [clinics]\n    purposes: [cure]\n    calls: [login]\n    outcomes: [unavailable]\n    found: [names]\n    caller_may: [widen]\n",
			[]string{`p.yaml:3: rules[0].callers[0]: "clinics": must be one of clinic, agency`, `p.yaml:4: rules[0].purposes[0]: "cure"`,
				`p.yaml:5: rules[0].calls[0]: "login"`, `p.yaml:6: rules[0].outcomes[0]: "unavailable"`, `p.yaml:7: rules[0].found[0]: "names"`,
				`p.yaml:8: rules[0].caller_may[0]: "widen"`}},
		{"unknown key", head + "  - callers: [clinic]\n    purposes: [claim]\n    calls: [lookup]\n    founds: [card]\n", []string{"p.yaml:6: rules[0].founds: unknown key, did you mean found?"}},
		{"key left out", head + "  - callers: [clinic]\n    calls: [lookup]\n", []string{"rules[0].purposes: must be set"}},
		{"two rules for one", head + "  - callers: [clinic, agency]\n    purposes: [claim]\n    calls: [lookup]\n  - callers: [agency]\n    purposes: [claim, test]\n    calls: [lookup]\n",
			[]string{"p.yaml:6: agency, claim, lookup: the rule in line 3 speaks of it already"}},
		{"no place for it", head + "  - callers: [agency]\n    purposes: [claim]\n    calls: [verify, batch]\n    found: [results, coverage]\n    mismatch: [name]\n    caller_may: [disclose_on_mismatch]\n",
			[]string{"p.yaml:3: found: card, code, validity", "p.yaml:3: mismatch: name: no call of this rule", "p.yaml:3: caller_may: disclose_on_mismatch: only the portal"}},
		{"a mismatch that tells more", head + "  - callers: [clinic]\n    purposes: [claim]\n    calls: [portal]\n    found: [card]\n    mismatch: [results, name]\n",
			[]string{"p.yaml:3: mismatch: name: must not tell more than found does"}},
		{"a death without a reason", head + "  - callers: [clinic]\n    purposes: [claim]\n    calls: [lookup]\n    found: [deceased]\n", []string{"p.yaml:3: found: deceased: needs reason"}},
		{"a death the caller may widen to", head + "  - callers: [clinic]\n    purposes: [claim]\n    calls: [lookup]\n    caller_may: [show_deceased]\n", []string{"caller_may: show_deceased: needs reason"}},
		{"no outcome", head + "  - callers: [clinic]\n    purposes: [claim]\n    calls: [lookup]\n    outcomes: []\n", []string{"p.yaml:3: outcomes: need at least one"}},
		{"an alias", head + "  - &a\n    callers: [clinic]\n    purposes: [claim]\n    calls: [lookup]\n", []string{"p.yaml:3: "}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := policy.Parse("p.yaml", []byte(tt.text))
			if err == nil {
				t.Fatal("taken")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("does not say %q:\n%v", want, err)
				}
			}
		})
	}
}

// TestBuiltIn holds the policy that nobody chose to the least.
func TestBuiltIn(t *testing.T) {
	table := policy.BuiltIn()
	const verifying = 1<<verify.CallVerify | 1<<verify.CallBatch
	for k := verify.CallerNone; int(k) < len(verify.CallerKindNames); k++ {
		for p := verify.PurposeNone; int(p) < len(verify.PurposeNames); p++ {
			for c := verify.CallLookup; c <= verify.CallPortal; c++ {
				e := table.Of(k, p, c)
				found, mismatch := e.For(&verify.Policy{MismatchDetails: true})
				data := verify.PartsData | verify.PartSuccessor | verify.PartReason | verify.PartHolder
				switch {
				case k != verify.CallerClinic && (found | mismatch).Any(data):
					t.Errorf("%v, %v, %v: told %v of the register's own", k, p, c, found|mismatch)
				case verifying&(1<<c) != 0 && (found|mismatch)&^verify.PartResults != 0:
					t.Errorf("%v, %v, %v: a verification tells more than results", k, p, c)
				case mismatch.Any(verify.PartsData), found.Has(verify.PartDeceased):
					t.Errorf("%v, %v, %v: discloses without the caller's entry saying so", k, p, c)
				case (k == verify.CallerNone || p == verify.PurposeNone) && e.Allowed():
					t.Errorf("%v, %v, %v: allowed", k, p, c)
				}
			}
		}
	}
	if !table.Of(verify.CallerClinic, verify.PurposeTreatment, verify.CallLookup).Allowed() {
		t.Error("a clinic may not look up for treatment")
	}
}

// TestACallersOwnSwitches: they narrow always and widen only where the rule lets them.
func TestACallersOwnSwitches(t *testing.T) {
	const details, disclose, deceased = verify.SwitchMismatchDetails, verify.SwitchDiscloseOnMismatch, verify.SwitchShowDeceased
	e := verify.Entitlement{Outcomes: 0x7e, Found: verify.PartReason | verify.PartCard | verify.PartName, Mismatch: verify.PartResults}
	shy := verify.Entitlement{Outcomes: 0x7e, Found: e.Found}
	open := e
	open.Mismatch |= verify.PartName
	open.Found |= verify.PartDeceased
	may := func(e verify.Entitlement) verify.Entitlement { e.CallerMay = details | disclose | deceased; return e }
	on := verify.Policy{MismatchDetails: true, DiscloseOnMismatch: true, ShowDeceased: true, Set: details | disclose | deceased}
	off := verify.Policy{Set: details | disclose | deceased}
	tests := []struct {
		name            string
		e               verify.Entitlement
		p               verify.Policy
		found, mismatch verify.Parts
	}{
		{"says nothing", e, verify.DefaultPolicy(), e.Found, e.Mismatch},
		{"says nothing, may", may(shy), verify.DefaultPolicy(), e.Found, 0},
		{"wants all, may not", e, on, e.Found, e.Mismatch},
		{"wants details, may not", shy, on, e.Found, 0},
		{"wants all, may", may(shy), on, e.Found | verify.PartDeceased, verify.PartResults | verify.PartCard | verify.PartName},
		{"wants nothing", open, off, e.Found, 0},
		{"says nothing where much is given", open, verify.DefaultPolicy(), open.Found, open.Mismatch},
	}
	for _, tt := range tests {
		if found, mismatch := tt.e.For(&tt.p); found != tt.found || mismatch != tt.mismatch {
			t.Errorf("%s: found %b, mismatch %b; want %b, %b", tt.name, found, mismatch, tt.found, tt.mismatch)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(policy.Default)
	f.Add([]byte(head + "  - callers: [clinic]\n    purposes: [claim]\n    calls: [lookup]\n    found: [card]\n"))
	f.Add([]byte("rules: {a: b}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		table, err := policy.Parse("p.yaml", text)
		if (table == nil) == (err == nil) {
			t.Errorf("table %v, error %v", table, err)
		}
	})
}
