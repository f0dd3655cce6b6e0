package audit

import "testing"

func TestZeros(t *testing.T) {
	for n := range 40 {
		for at := -1; at < n; at++ {
			b := make([]byte, n)
			lead, length := n, 0
			if at >= 0 {
				b[at], lead, length = 1, at, at+1
			}
			if leadingZeros(b) != lead || lengthWithoutZeros(b) != length || allZero(b) != (at < 0) {
				t.Errorf("%d bytes with a one at %d: %d, %d, %v", n, at, leadingZeros(b), lengthWithoutZeros(b), allZero(b))
			}
		}
	}
}
