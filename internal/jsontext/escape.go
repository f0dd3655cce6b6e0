package jsontext

// Escape reads the escape sequence at b[i], which is a backslash: one character, \uXXXX, or two of those that make a
// surrogate pair. It returns the character and where the text goes on. Half a pair is refused: there is no character
// it could stand for.
func Escape(b []byte, i int) (r rune, next int, ok bool) {
	if i+1 >= len(b) {
		return 0, i, false
	}
	if c := b[i+1]; c != 'u' {
		return rune(simple[c]), i + 2, simple[c] != 0
	}
	r, ok = hex4(b, i)
	if !ok || r < 0xD800 || r > 0xDFFF {
		return r, i + 6, ok
	}
	low, ok := hex4(b, i+6)
	if !ok || r > 0xDBFF || low < 0xDC00 || low > 0xDFFF {
		return 0, i, false
	}
	return (r-0xD800)<<10 + (low - 0xDC00) + 0x10000, i + 12, true
}

var simple = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// hex4 reads \uXXXX at b[i].
func hex4(b []byte, i int) (r rune, ok bool) {
	if i+6 > len(b) || b[i] != '\\' || b[i+1] != 'u' {
		return 0, false
	}
	for _, c := range b[i+2 : i+6] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
