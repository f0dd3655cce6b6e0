package portal

// Field is something a client can send, in the query or in the body.
type Field uint8

// The fields this gateway reads; whatever else is sent is ignored.
const (
	FieldNone Field = iota
	FieldMaThe
	FieldHoTen
	FieldNgaySinh
	FieldGioiTinh
	FieldMaCSKCB
	FieldHoTenCb
	FieldCccdCb
	FieldUsername
	FieldPassword
	FieldToken
	FieldIDToken
	fieldCount
)

// Fields is what a client sent, by field: text without its encoding, views into the buffers it was read from. A field
// that was left out, null or empty has no text.
type Fields [fieldCount][]byte

// fieldOf finds a field by its name without regard to letter case.
func fieldOf(name []byte) Field {
	if len(name) > maxFieldName {
		return FieldNone
	}
	var buf [maxFieldName]byte
	switch string(lower(buf[:0], name)) {
	case "mathe":
		return FieldMaThe
	case "hoten":
		return FieldHoTen
	case "ngaysinh":
		return FieldNgaySinh
	case "gioitinh":
		return FieldGioiTinh
	case "macskcb":
		return FieldMaCSKCB
	case "hotencb":
		return FieldHoTenCb
	case "cccdcb":
		return FieldCccdCb
	case "username":
		return FieldUsername
	case "password":
		return FieldPassword
	case "token":
		return FieldToken
	case "id_token":
		return FieldIDToken
	}
	return FieldNone
}

const maxFieldName = 16

// set stores a field; the last of several wins, as it does in the portal's own framework.
func (f *Fields) set(name, text []byte) {
	if field := fieldOf(name); field != FieldNone {
		f[field] = text
	}
}

// Query reads a query string into f, over what the body said: the query wins. Values are taken as they come, since
// clients paste raw UTF-8 and base64 into it; %XX is decoded in place and + stays a plus.
func (f *Fields) Query(query []byte) {
	f.pairs(query, false)
}

// Body reads a body into f, overwriting it where encodings are undone. Whether it is JSON or a form is decided by its
// first character, not by its content type. It returns false when what begins as an object cannot be understood.
func (f *Fields) Body(body []byte) bool {
	body = trimStart(body)
	if len(body) > 0 && body[0] == '{' {
		return f.object(body)
	}
	f.pairs(body, true)
	return true
}

func trimStart(b []byte) []byte {
	if len(b) >= 3 && b[0] == 0xEF && b[1] == 0xBB && b[2] == 0xBF {
		b = b[3:]
	}
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t' || b[0] == '\r' || b[0] == '\n') {
		b = b[1:]
	}
	return b
}

// pairs reads name=value pairs joined by ampersands.
func (f *Fields) pairs(b []byte, plusIsSpace bool) {
	for len(b) > 0 {
		var pair []byte
		pair, b = cut(b, '&')
		name, value := cut(pair, '=')
		f.set(unescape(name, plusIsSpace), unescape(value, plusIsSpace))
	}
}

func cut(b []byte, sep byte) (before, after []byte) {
	for i, c := range b {
		if c == sep {
			return b[:i], b[i+1:]
		}
	}
	return b, nil
}

// unescape undoes %XX in place; a percent sign that begins no escape stands for itself.
func unescape(b []byte, plusIsSpace bool) []byte {
	out := 0
	for i := 0; i < len(b); i++ {
		c := b[i]
		switch {
		case c == '+' && plusIsSpace:
			c = ' '
		case c == '%' && i+2 < len(b):
			high, ok1 := unhex(b[i+1])
			low, ok2 := unhex(b[i+2])
			if ok1 && ok2 {
				c = high<<4 | low
				i += 2
			}
		}
		b[out] = c
		out++
	}
	return b[:out:out]
}

func unhex(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}
