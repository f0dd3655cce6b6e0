package policy

import (
	"fmt"
	"io"
	"math/bits"
	"strings"

	"github.com/verigate/verigate/verify"
)

// row is one line of a policy shown as a table: purposes that are treated alike stand together.
type row struct {
	kind     verify.CallerKind
	call     verify.Call
	purposes []string
	cell     verify.Entitlement
}

// Table writes the policy as a Markdown table, a line for each kind of caller, call and group of purposes that are
// treated alike, in a fixed order. Writing errors are the writer's to remember.
func Table(w io.Writer, t *verify.Entitlements) {
	fmt.Fprint(w, "| caller | call | purposes | outcomes | told when found | told on a mismatch | a caller's entry may |\n|---|---|---|---|---|---|---|\n")
	for k := verify.CallerClinic; int(k) < len(verify.CallerKindNames); k++ {
		for c := verify.CallLookup; c <= verify.CallPortal; c++ {
			for _, r := range rows(t, k, c) {
				r.write(w)
			}
		}
	}
}

func rows(t *verify.Entitlements, k verify.CallerKind, c verify.Call) (all []row) {
	for p := verify.PurposeTreatment; int(p) < len(verify.PurposeNames); p++ {
		cell := *t.Of(k, p, c)
		if !cell.Allowed() {
			continue
		}
		known := false
		for i := range all {
			if all[i].cell == cell {
				all[i].purposes = append(all[i].purposes, p.String())
				known = true
			}
		}
		if !known {
			all = append(all, row{kind: k, call: c, purposes: []string{p.String()}, cell: cell})
		}
	}
	return all
}

func (r *row) write(w io.Writer) {
	fmt.Fprintf(w, "| `%s` | `%s` | %s | %s | %s | %s | %s |\n", verify.CallerKindNames[r.kind], r.call,
		strings.Join(r.purposes, ", "), outcomes(r.cell.Outcomes), grouped(r.cell.Found), grouped(r.cell.Mismatch), switches(r.cell.CallerMay))
}

func outcomes(s verify.OutcomeSet) string {
	var told []string
	for o := verify.OutcomeMatch; o < verify.OutcomeUnavailable; o++ {
		if s.Has(o) {
			told = append(told, o.String())
		}
	}
	if len(told) == int(verify.OutcomeUnavailable)-1 {
		return "all"
	}
	return strings.Join(told, ", ")
}

// grouped names parts, whole groups by their group.
func grouped(p verify.Parts) string {
	var words []string
	group := func(name string, all verify.Parts) {
		if all != 0 && p.Has(all) {
			words = append(words, name)
			p &^= all
		}
	}
	if coverage := verify.PartsCoverage; p.Has(coverage) {
		group("coverage", coverage)
	} else if p.Has(coverage &^ verify.PartBenefit) { // as far as the portal has a place for it
		group("coverage", coverage&^verify.PartBenefit)
	}
	group("person", verify.PartsPerson)
	if p != 0 {
		words = append(words, names(p))
	}
	if len(words) == 0 {
		return "—"
	}
	return strings.Join(words, ", ")
}

func switches(s verify.Switch) string {
	var words []string
	for ; s != 0; s &= s - 1 {
		words = append(words, "`"+verify.SwitchNames[bits.TrailingZeros8(uint8(s))]+"`")
	}
	return strings.Join(words, ", ")
}
