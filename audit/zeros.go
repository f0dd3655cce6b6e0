package audit

import "encoding/binary"

// leadingZeros returns how many bytes at the start of b are zero.
func leadingZeros(b []byte) int {
	n := 0
	for len(b)-n >= 8 && binary.LittleEndian.Uint64(b[n:]) == 0 {
		n += 8
	}
	for n < len(b) && b[n] == 0 {
		n++
	}
	return n
}

// allZero tells whether b holds nothing but zeros.
func allZero(b []byte) bool { return leadingZeros(b) == len(b) }

// lengthWithoutZeros returns the length of b without the zeros at its end.
func lengthWithoutZeros(b []byte) int {
	n := len(b)
	for n >= 8 && binary.LittleEndian.Uint64(b[n-8:]) == 0 {
		n -= 8
	}
	for n > 0 && b[n-1] == 0 {
		n--
	}
	return n
}
