//go:build unaudited

package main

import (
	"context"

	"github.com/verigate/verigate/verify"
)

// unaudited forgets decisions. It exists for one purpose: `make audit-cost` measures the log against a gateway without
// one. No setting leads here, only this build tag, and the program says so with every start.
type unaudited struct{}

func (unaudited) Record(context.Context, []verify.Decision) error { return nil }

func recorder(n *node) unaudited {
	n.log.Error("UNAUDITED: this build answers without recording; it is for measuring only")
	return unaudited{}
}
