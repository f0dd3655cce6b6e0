package identity

func isDigit(c byte) bool { return c-'0' <= 9 }

func isSpace(c byte) bool { return c == ' ' || c-'\t' <= '\r'-'\t' }

func upper(c byte) byte {
	if c-'a' <= 'z'-'a' {
		return c - ('a' - 'A')
	}
	return c
}

func lower(c byte) byte {
	if c-'A' <= 'Z'-'A' {
		return c + ('a' - 'A')
	}
	return c
}

func allDigits(b []byte) bool {
	for _, c := range b {
		if !isDigit(c) {
			return false
		}
	}
	return true
}

// trimSpace cuts what keyboards, forms and scanners leave around a value: ASCII white space, no-break and zero-width
// spaces, and a byte order mark.
func trimSpace(b []byte) []byte {
	for len(b) > 0 {
		n := spaceAt(b)
		if n == 0 {
			break
		}
		b = b[n:]
	}
	for len(b) > 0 {
		n := spaceBefore(b)
		if n == 0 {
			break
		}
		b = b[:len(b)-n]
	}
	return b
}

const (
	noBreakSpace   = "\u00a0"
	zeroWidthSpace = "\u200b"
	byteOrderMark  = "\ufeff"
)

// spaceAt returns the length in bytes of the blank that b begins with, or 0.
func spaceAt(b []byte) int {
	switch {
	case isSpace(b[0]):
		return 1
	case len(b) >= 2 && string(b[:2]) == noBreakSpace:
		return 2
	case len(b) >= 3 && (string(b[:3]) == zeroWidthSpace || string(b[:3]) == byteOrderMark):
		return 3
	}
	return 0
}

// spaceBefore returns the length in bytes of the blank that b ends with, or 0.
func spaceBefore(b []byte) int {
	n := len(b)
	switch {
	case isSpace(b[n-1]):
		return 1
	case n >= 2 && string(b[n-2:]) == noBreakSpace:
		return 2
	case n >= 3 && (string(b[n-3:]) == zeroWidthSpace || string(b[n-3:]) == byteOrderMark):
		return 3
	}
	return 0
}

// strokeAt returns the length in bytes of the letter đ, Đ, ð or Ð that b begins with, or 0. A keyboard driver for
// Vietnamese makes them out of the D or the 0 that a scanner "types".
func strokeAt(b []byte) int {
	if len(b) >= 2 {
		switch string(b[:2]) {
		case "đ", "Đ", "ð", "Ð":
			return 2
		}
	}
	return 0
}
