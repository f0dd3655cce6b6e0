package budget

import (
	"testing"
	"unsafe"
)

// TestAccountsLieOnCacheLines: an ordinary question must find all it needs on one line, a new patient on the next.
func TestAccountsLieOnCacheLines(t *testing.T) {
	var a account
	const line = 64
	if n := unsafe.Sizeof(a); n%(2*line) != 0 {
		t.Errorf("an account has %d bytes, %d more than whole pairs of lines", n, n%(2*line))
	}
	if n := unsafe.Offsetof(a.epoch); n != line {
		t.Errorf("what a question reads ends at %d", n)
	}
	if n := unsafe.Offsetof(a.now) + unsafe.Offsetof(a.now.people) + unsafe.Offsetof(a.now.people.reg); n != 2*line {
		t.Errorf("what a new patient changes ends at %d", n)
	}
}
