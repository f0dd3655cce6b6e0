package v1

// Language is the language of texts for people.
type Language uint8

// The languages; Vietnamese is the default.
const (
	Vietnamese Language = iota
	English
)

// Tag returns the language's BCP 47 tag, for Content-Language.
func (l Language) Tag() string {
	if l == English {
		return "en"
	}
	return "vi"
}

// AcceptLanguage chooses the language of an Accept-Language header: English when it is preferred to Vietnamese, else
// Vietnamese. A malformed header is read as far as it goes.
func AcceptLanguage(header []byte) Language {
	vi, en := -1, -1
	for len(header) > 0 {
		var part []byte
		part, header = cut(header, ',')
		tag, params := cut(trim(part), ';')
		q := quality(trim(params))
		switch lead(trim(tag)) {
		case "vi":
			vi = max(vi, q)
		case "en":
			en = max(en, q)
		}
	}
	if en > 0 && en > vi {
		return English
	}
	return Vietnamese
}

func cut(b []byte, sep byte) (before, after []byte) {
	for i, c := range b {
		if c == sep {
			return b[:i], b[i+1:]
		}
	}
	return b, nil
}

func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// lead returns "vi" or "en" for a tag of that language, else "".
func lead(tag []byte) string {
	if len(tag) < 2 || len(tag) > 2 && tag[2] != '-' {
		return ""
	}
	switch string([]byte{tag[0] | 0x20, tag[1] | 0x20}) {
	case "vi":
		return "vi"
	case "en":
		return "en"
	}
	return ""
}

// quality reads "q=0.8" as 800; no parameter means 1000.
func quality(param []byte) int {
	if len(param) < 3 || param[0]|0x20 != 'q' || param[1] != '=' {
		return 1000
	}
	q, unit, dot := 0, 1000, false
	for _, c := range param[2:] {
		switch {
		case c == '.' && !dot:
			dot = true
			continue
		case c < '0' || c > '9':
			return q
		case dot:
			unit /= 10
		}
		q += int(c-'0') * unit
	}
	return min(q, 1000)
}
