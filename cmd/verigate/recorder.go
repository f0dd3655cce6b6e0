//go:build !unaudited

package main

import "github.com/verigate/verigate/audit"

// recorder is where decisions are written down before they are answered.
func recorder(n *node) *audit.Log { return n.audit }
