//go:build !race

package mac_test

import (
	"testing"

	"github.com/verigate/verigate/internal/mac"
)

func TestSumDoesNotAllocate(t *testing.T) {
	k, msg := mac.New(make([]byte, 32)), make([]byte, 191)
	if n := testing.AllocsPerRun(100, func() { k.Sum(1, msg) }); n != 0 {
		t.Errorf("%v allocations for a message of 191 bytes, want 0", n)
	}
}
