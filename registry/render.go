package registry

import (
	"strconv"
	"unicode/utf8"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/registry/nation"
)

// appendRecord appends a person as the record API shows them; what has no value is left out.
func appendRecord(out []byte, p *nation.Person) []byte {
	o := object{out: append(out, '{')}
	o.text("id", p.ID)
	o.text("code", p.Code)
	o.text("name", p.Name)
	o.date("dob", p.DOB)
	o.text("sex", p.Sex.String())
	o.text("address", p.Address)
	o.text("office", p.Office)
	o.date("died", p.Died)
	if len(p.Cards) > 0 {
		o.name("cards")
		o.out = append(o.out, '[')
		for i := range p.Cards {
			o.out = appendCard(appendComma(o.out, i), &p.Cards[i])
		}
		o.out = append(o.out, ']')
	}
	if len(p.Former) > 0 {
		o.name("former")
		o.out = append(o.out, '[')
		for i := range p.Former {
			o.out = appendFormer(appendComma(o.out, i), &p.Former[i])
		}
		o.out = append(o.out, ']')
	}
	return append(o.out, '}')
}

func appendCard(out []byte, c *nation.Card) []byte {
	o := object{out: append(out, '{')}
	o.text("number", c.Number)
	o.date("valid_from", c.From)
	o.date("valid_to", c.To)
	o.text("status", c.Status)
	o.date("status_from", c.StatusFrom)
	o.text("facility", c.Facility)
	o.text("facility_name", c.FacilityName)
	if c.Benefit > 0 {
		o.name("benefit")
		o.out = appendUint(o.out, uint64(c.Benefit))
	}
	if c.Area > 0 {
		o.name("area")
		o.out = append(o.out, '"', 'K', byte('0'+c.Area), '"')
	}
	o.date("five_years_from", c.FiveYears)
	return append(o.out, '}')
}

func appendFormer(out []byte, f *nation.Former) []byte {
	o := object{out: append(out, '{')}
	o.text("kind", f.Kind.String())
	o.text("value", f.Value)
	o.date("until", f.Until)
	return append(o.out, '}')
}

// object appends members to a JSON object that was opened; values that are not known leave nothing behind.
type object struct {
	out   []byte
	begun bool
}

func (o *object) name(n string) {
	if o.begun {
		o.out = append(o.out, ',')
	}
	o.begun = true
	o.out = append(append(append(o.out, '"'), n...), '"', ':')
}

func (o *object) text(name, v string) {
	if v != "" {
		o.name(name)
		o.out = appendText(o.out, v)
	}
}

func (o *object) date(name string, d identity.Date) {
	if !d.IsZero() {
		o.name(name)
		o.out = append(d.AppendISO(append(o.out, '"')), '"')
	}
}

// appendText appends a JSON string: raw UTF-8, escapes only where JSON demands them.
func appendText(out []byte, v string) []byte {
	out = append(out, '"')
	start := 0
	for i := 0; i < len(v); i++ {
		c := v[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		out = append(out, v[start:i]...)
		const hex = "0123456789abcdef"
		if c < ' ' {
			out = append(out, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		} else {
			out = append(out, '\\', c)
		}
		start = i + 1
	}
	return append(append(out, v[start:]...), '"')
}

func appendUint(out []byte, v uint64) []byte { return strconv.AppendUint(out, v, 10) }

func appendComma(out []byte, i int) []byte {
	if i > 0 {
		return append(out, ',')
	}
	return out
}

// validText tells whether v may stand in a record: UTF-8 without control characters, not empty, not too long.
func validText(v string) bool {
	if v == "" || len(v) > 255 || !utf8.ValidString(v) {
		return false
	}
	for _, c := range v {
		if c < ' ' || c >= 0x7f && c < 0xa0 {
			return false
		}
	}
	return true
}
