package resolve

import (
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

// Code returns the person's social-insurance number, which is part of the coverage; the zero Key when coverage may not
// leave or the person has none.
func (it *Item) Code() identity.Key {
	if it.Released&verify.ReleasedCoverage == 0 {
		return identity.Key{}
	}
	return it.told.Record.Code
}
