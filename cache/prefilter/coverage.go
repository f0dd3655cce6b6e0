package prefilter

import (
	"errors"
	"slices"
	"strings"

	"github.com/verigate/verigate/identity"
)

// Coverage says which identifiers of a kind a register is competent for: those whose first characters lie in one of the
// ranges, if there are ranges, and that do not begin with an exception. An identifier outside is never answered by the
// filter.
type Coverage struct {
	Ranges []Range  `json:"ranges"`
	Except []string `json:"except,omitempty"`
}

// Range is an inclusive range of prefixes of equal length, compared as text.
type Range struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// maxCoverage bounds the ranges and the exceptions of one kind.
const maxCoverage = 1024

var errCoverage = errors.New("coverage needs ranges, which may be empty, of prefixes with from ≤ to of equal length 1 to 15, and not more than 1024 ranges and 1024 exceptions")

func (c *Coverage) check() error {
	// Missing ranges are a fault, empty ones a statement: nothing may be denied because something was left out.
	if c.Ranges == nil || len(c.Ranges) > maxCoverage || len(c.Except) > maxCoverage {
		return errCoverage
	}
	for _, r := range c.Ranges {
		if !prefixLen(r.From) || len(r.From) != len(r.To) || r.From > r.To {
			return errCoverage
		}
	}
	for _, e := range c.Except {
		if !prefixLen(e) {
			return errCoverage
		}
	}
	return nil
}

func prefixLen(s string) bool { return len(s) >= 1 && len(s) <= 15 }

func (c *Coverage) clone() Coverage {
	return Coverage{Ranges: append([]Range{}, c.Ranges...), Except: slices.Clone(c.Except)}
}

// covers tells whether an identifier, as text, lies inside.
func (c *Coverage) covers(id []byte) bool {
	for _, e := range c.Except {
		if len(id) >= len(e) && string(id[:len(e)]) == e {
			return false
		}
	}
	if len(c.Ranges) == 0 {
		return true
	}
	for _, r := range c.Ranges {
		n := len(r.From)
		if len(id) >= n && string(id[:n]) >= r.From && string(id[:n]) <= r.To {
			return true
		}
	}
	return false
}

// pack returns the number a covered identifier is hashed by; ok is false for one that is not covered.
func (c *Coverage) pack(k identity.Key) (packed uint64, ok bool) {
	packed, ok = identity.PackKey(k)
	if !ok {
		return 0, false
	}
	var buf [identity.MaxKeyLen]byte
	return packed, c.covers(k.AppendTo(buf[:0]))
}

// String describes the coverage in one line: "001–096, not QN, CA, CY".
func (c *Coverage) String() string {
	var b strings.Builder
	if len(c.Ranges) == 0 {
		b.WriteString("all")
	}
	for i, r := range c.Ranges {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(r.From + "–" + r.To)
	}
	if len(c.Except) > 0 {
		b.WriteString(", not " + strings.Join(c.Except, ", "))
	}
	return b.String()
}
