package identity

import (
	"unicode"
	"unicode/utf8"
)

// MaxNameLen bounds a name in bytes; the longest real names take a fifth of it.
const MaxNameLen = 512

// CheckName tells whether a claimed name can be compared at all: [FaultNameMissing] when it is empty or blank,
// [FaultName] when it is longer than [MaxNameLen], not UTF-8, or holds a control character other than tab and line
// ends, which count as blanks, or U+FFFD, the scar of a conversion that already lost letters. It does not judge
// whether the text looks like a name, and does not allocate.
func CheckName(b []byte) Fault {
	if len(b) > MaxNameLen {
		return FaultName
	}
	blank := true
	for i := 0; i < len(b); {
		if n := spaceAt(b[i:]); n > 0 {
			i += n
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError || unicode.IsControl(r) {
			return FaultName
		}
		blank = blank && unicode.IsSpace(r)
		i += n
	}
	if blank {
		return FaultNameMissing
	}
	return FaultNone
}
