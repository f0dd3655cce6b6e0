package registry

import (
	"strconv"
	"unicode/utf8"

	"github.com/verigate/verigate/identity"
)

// maxKeys is the most keys one request may carry.
const maxKeys = 500

// parseKeys reads {"keys":[{"kind":"id","value":"…"},…]} and appends the keys to dst. It is strict: no other member, none
// twice, no escape in a string (neither kinds nor identifiers have a character that needs one), nothing behind the end.
// It keeps nothing of body and allocates only what dst must grow.
func parseKeys(body []byte, dst []identity.Key) ([]identity.Key, *problem) {
	s := scanner{b: body}
	if !s.take('{') || !s.member("keys") || !s.take('[') {
		return dst, errBody
	}
	if s.take(']') {
		return dst, errCount
	}
	for n := 0; ; n++ {
		if n == maxKeys {
			return dst, errCount
		}
		kind, value, ok := s.key()
		if !ok {
			return dst, errBody
		}
		k, ok := wellFormed(kind, value)
		if !ok {
			return dst, &problem{status: 400, code: "key_malformed", index: n,
				detail: "key " + strconv.Itoa(n) + " is not an identifier of its kind"}
		}
		dst = append(dst, k)
		if !s.take(',') {
			break
		}
	}
	if !s.take(']') || !s.take('}') || !s.end() {
		return dst, errBody
	}
	return dst, nil
}

// wellFormed makes a key of an identifier that has the characters its kind is made of.
func wellFormed(kind, value []byte) (identity.Key, bool) {
	k := identity.KindOf(string(kind))
	ok := false
	switch k {
	case identity.KindID:
		ok = len(value) == 12 && allDigits(value)
	case identity.KindCode:
		ok = len(value) == 10 && allDigits(value)
	case identity.KindCard:
		ok = (len(value) == 15 || len(value) == identity.MaxKeyLen) && isCapital(value[0]) && isCapital(value[1]) && allDigits(value[2:])
	}
	if !ok {
		return identity.Key{}, false
	}
	return identity.NewKey(k, string(value))
}

func isCapital(c byte) bool { return c-'A' < 26 }

func allDigits(b []byte) bool {
	for _, c := range b {
		if c-'0' > 9 {
			return false
		}
	}
	return true
}

// scanner walks over JSON text.
type scanner struct {
	b []byte
	i int
}

func (s *scanner) skipSpace() {
	for s.i < len(s.b) && (s.b[s.i] == ' ' || s.b[s.i] == '\n' || s.b[s.i] == '\t' || s.b[s.i] == '\r') {
		s.i++
	}
}

// take steps over c if it comes next.
func (s *scanner) take(c byte) bool {
	s.skipSpace()
	if s.i < len(s.b) && s.b[s.i] == c {
		s.i++
		return true
	}
	return false
}

func (s *scanner) end() bool {
	s.skipSpace()
	return s.i == len(s.b)
}

// text reads a string without escapes and returns a view of it.
func (s *scanner) text() ([]byte, bool) {
	if !s.take('"') {
		return nil, false
	}
	for start := s.i; s.i < len(s.b); s.i++ {
		switch c := s.b[s.i]; {
		case c == '"':
			v := s.b[start:s.i]
			s.i++
			return v, utf8.Valid(v)
		case c == '\\' || c < ' ':
			return nil, false
		}
	}
	return nil, false
}

// member steps over the name and colon of the member that must come next.
func (s *scanner) member(name string) bool {
	v, ok := s.text()
	return ok && string(v) == name && s.take(':')
}

// key reads {"kind":"…","value":"…"} with its members in either order, each once.
func (s *scanner) key() (kind, value []byte, ok bool) {
	if !s.take('{') {
		return nil, nil, false
	}
	for range 2 {
		name, ok := s.text()
		if !ok || !s.take(':') {
			return nil, nil, false
		}
		v, ok := s.text()
		switch {
		case !ok:
			return nil, nil, false
		case string(name) == "kind" && kind == nil:
			kind = v
		case string(name) == "value" && value == nil:
			value = v
		default:
			return nil, nil, false
		}
		if kind == nil || value == nil {
			if !s.take(',') {
				return nil, nil, false
			}
		}
	}
	return kind, value, s.take('}')
}
