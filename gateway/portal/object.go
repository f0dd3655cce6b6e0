package portal

import (
	"unicode/utf8"

	"github.com/verigate/verigate/internal/jsontext"
)

// loose reads JSON the way the portal's framework does: single quotes count as quotes, names may go without, a comma
// may trail, control characters may stand in a string. Values that are no text are taken as their characters (1 as
// "1"); objects and lists inside are skipped.
type loose struct {
	b []byte
	i int
}

// maxDepth bounds what is skipped: no client nests at all.
const maxDepth = 32

func (f *Fields) object(body []byte) bool {
	s := loose{b: body, i: 1}
	for {
		switch s.space() {
		case '}':
			s.i++
			s.space()
			return s.i == len(s.b)
		case ',':
			s.i++
			continue
		}
		name, ok := s.name()
		if !ok || s.space() != ':' {
			return false
		}
		s.i++
		text, ok := s.value()
		if !ok {
			return false
		}
		f.set(name, text)
		if c := s.space(); c != ',' && c != '}' {
			return false
		}
	}
}

func (s *loose) space() byte {
	for ; s.i < len(s.b); s.i++ {
		switch c := s.b[s.i]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

func (s *loose) name() ([]byte, bool) {
	if c := s.space(); c == '"' || c == '\'' {
		return s.str(c)
	}
	word := s.word()
	return word, len(word) > 0
}

func (s *loose) value() ([]byte, bool) {
	switch c := s.space(); c {
	case '"', '\'':
		return s.str(c)
	case '{', '[':
		return nil, s.skip()
	}
	word := s.word()
	if string(word) == "null" {
		return nil, true
	}
	return word, len(word) > 0
}

// word consumes a number, a literal or an unquoted name.
func (s *loose) word() []byte {
	start := s.i
	for ; s.i < len(s.b); s.i++ {
		c := s.b[s.i]
		letter := c == '_' || c == '$' || c == '-' || c == '+' || c == '.' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter {
			break
		}
	}
	return s.b[start:s.i:s.i]
}

// skip consumes an object or a list, with strings in it, without looking at its structure beyond the brackets.
func (s *loose) skip() bool {
	depth := 0
	for s.i < len(s.b) {
		switch c := s.b[s.i]; c {
		case '"', '\'':
			if _, ok := s.str(c); !ok {
				return false
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		s.i++
		if depth == 0 {
			return true
		}
		if depth > maxDepth {
			return false
		}
	}
	return false
}

// str consumes a quoted string and resolves its escapes in place.
func (s *loose) str(quote byte) ([]byte, bool) {
	s.i++
	start, out := s.i, s.i
	for s.i < len(s.b) {
		switch c := s.b[s.i]; c {
		case quote:
			s.i++
			return s.b[start:out:out], true
		case '\\':
			r, ok := s.escape()
			if !ok {
				return nil, false
			}
			out += utf8.EncodeRune(s.b[out:s.i], r)
		default:
			s.b[out] = c
			out++
			s.i++
		}
	}
	return nil, false
}

// escape consumes an escape sequence; beside those of JSON there is one for the single quote.
func (s *loose) escape() (rune, bool) {
	if s.i+1 < len(s.b) && s.b[s.i+1] == '\'' {
		s.i += 2
		return '\'', true
	}
	r, next, ok := jsontext.Escape(s.b, s.i)
	s.i = next
	return r, ok
}
