package policy

import (
	"fmt"
	"math/bits"
	"strings"

	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/verify"
)

// cell names one combination.
type cell struct {
	kind    verify.CallerKind
	purpose verify.Purpose
	call    verify.Call
}

func (c cell) String() string {
	return verify.CallerKindNames[c.kind] + ", " + c.purpose.String() + ", " + c.call.String()
}

// compiler turns rules into a table and collects what is wrong with them.
type compiler struct {
	name   string
	table  *verify.Entitlements
	lines  map[cell]config.Line    // which rule filled a cell
	told   map[[2]config.Line]bool // pairs of rules that are known to disagree
	faults []error
}

func (c *compiler) fault(r *rule, format string, args ...any) {
	c.faults = append(c.faults, fmt.Errorf("%s:%d: %s", c.name, r.Line, fmt.Sprintf(format, args...)))
}

func (c *compiler) add(r *rule) {
	e := verify.Entitlement{
		Outcomes: set[verify.OutcomeSet](r.Outcomes, func(o outcome) verify.OutcomeSet { return 1 << o }),
		Found:    set[verify.Parts](r.Found, func(p part) verify.Parts { return verify.Parts(p) }),
		Mismatch: set[verify.Parts](r.Mismatch, func(p part) verify.Parts { return verify.Parts(p) }),
	}
	e.CallerMay = set[verify.Switch](r.CallerMay, func(o option) verify.Switch { return verify.Switch(o) })
	c.checkParts(r, &e)
	for _, k := range r.Callers {
		for _, p := range r.Purposes {
			for _, cl := range r.Calls {
				c.put(r, cell{verify.CallerKind(k), verify.Purpose(p), verify.Call(cl)}, e)
			}
		}
	}
}

func set[S ~uint8 | ~uint32, W any](words []W, bit func(W) S) (s S) {
	for _, w := range words {
		s |= bit(w)
	}
	return s
}

// put fills a cell. A group such as coverage gives a call what of it the call has a place for.
func (c *compiler) put(r *rule, at cell, e verify.Entitlement) {
	if before, taken := c.lines[at]; taken {
		if !c.told[[2]config.Line{before, r.Line}] { // once for each pair of rules
			c.told[[2]config.Line{before, r.Line}] = true
			c.fault(r, "%s: the rule in line %d speaks of it already", at, before)
		}
		return
	}
	c.lines[at] = r.Line
	found, mismatch := at.call.Carries()
	e.Found &= found
	e.Mismatch &= mismatch
	c.table.Set(at.kind, at.purpose, at.call, e)
}

// checkParts refuses what would promise something that no call of the rule can tell, and what contradicts itself.
func (c *compiler) checkParts(r *rule, e *verify.Entitlement) {
	var found, mismatch verify.Parts
	portal := false
	for _, cl := range r.Calls {
		f, m := verify.Call(cl).Carries()
		found, mismatch = found|f, mismatch|m
		portal = portal || verify.Call(cl) == verify.CallPortal
	}
	if more := none(r.Found, found); more != 0 {
		c.fault(r, "found: %s: no call of this rule has a place for it", names(more))
	}
	if more := none(r.Mismatch, mismatch); more != 0 {
		c.fault(r, "mismatch: %s: no call of this rule has a place for it", names(more))
	}
	if e.Found.Has(verify.PartDeceased) && !e.Found.Has(verify.PartReason) {
		c.fault(r, "found: deceased: needs reason")
	}
	if e.CallerMay.Has(verify.SwitchDiscloseOnMismatch) && !portal {
		c.fault(r, "caller_may: disclose_on_mismatch: only the portal's calls have a place for it")
	}
	if e.CallerMay.Has(verify.SwitchShowDeceased) && !e.Found.Has(verify.PartReason) {
		c.fault(r, "caller_may: show_deceased: needs reason under found")
	}
	if more := e.Mismatch & verify.PartsData &^ e.Found; more != 0 {
		c.fault(r, "mismatch: %s: must not tell more than found does", names(more))
	}
	if len(r.Outcomes) == 0 {
		c.fault(r, "outcomes: need at least one; leave the rule out if nothing may be told")
	}
}

// none returns the words of which the calls can tell nothing at all.
func none(words []part, carried verify.Parts) (out verify.Parts) {
	for _, w := range words {
		if !carried.Any(verify.Parts(w)) {
			out |= verify.Parts(w)
		}
	}
	return out
}

func names(p verify.Parts) string {
	var out []string
	for ; p != 0; p &= p - 1 {
		out = append(out, verify.PartNames[bits.TrailingZeros32(uint32(p))])
	}
	return strings.Join(out, ", ")
}
