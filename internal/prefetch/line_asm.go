//go:build amd64 || arm64

package prefetch

import "unsafe"

// line is one instruction, for which the language has no word.
//
//go:noescape
func line(p unsafe.Pointer)
