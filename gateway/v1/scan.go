package v1

import (
	"unicode/utf8"

	"github.com/verigate/verigate/internal/jsontext"
)

// scanner reads the JSON of a request body front to back. It knows only what a question can hold: objects, strings and
// null. Strings come out as views into the body; escapes are resolved in place, which always fits.
type scanner struct {
	b []byte
	i int
}

// space skips white space and returns the next byte, or 0 at the end of the body.
func (s *scanner) space() byte {
	for s.i < len(s.b) {
		switch c := s.b[s.i]; c {
		case ' ', '\t', '\r', '\n':
			s.i++
		default:
			return c
		}
	}
	return 0
}

// take consumes c, which is not 0, after white space.
func (s *scanner) take(c byte) bool {
	if s.space() != c {
		return false
	}
	s.i++
	return true
}

// end tells whether only white space is left.
func (s *scanner) end() bool {
	s.space()
	return s.i == len(s.b)
}

// null consumes the literal null.
func (s *scanner) null() bool {
	if len(s.b)-s.i < 4 || string(s.b[s.i:s.i+4]) != "null" {
		return false
	}
	s.i += 4
	return true
}

// str consumes a string and returns its text: valid UTF-8 without the quotes.
func (s *scanner) str() ([]byte, bool) {
	if !s.take('"') {
		return nil, false
	}
	start, ascii := s.i, true
	for ; s.i < len(s.b); s.i++ {
		switch c := s.b[s.i]; {
		case c == '"':
			text := s.b[start:s.i:s.i]
			s.i++
			return text, ascii || utf8.Valid(text)
		case c == '\\':
			return s.escaped(start)
		case c < 0x20:
			return nil, false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return nil, false
}

// escaped goes on with a string that has an escape at s.i, writing the resolved text over the escaped one.
func (s *scanner) escaped(start int) ([]byte, bool) {
	out := s.i
	for s.i < len(s.b) {
		c := s.b[s.i]
		switch {
		case c == '"':
			text := s.b[start:out:out]
			s.i++
			return text, utf8.Valid(text)
		case c < 0x20:
			return nil, false
		case c != '\\':
			s.b[out] = c
			s.i++
			out++
			continue
		}
		r, next, ok := jsontext.Escape(s.b, s.i)
		if !ok {
			return nil, false
		}
		s.i = next
		out += utf8.EncodeRune(s.b[out:s.i], r)
	}
	return nil, false
}
