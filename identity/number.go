package identity

// The lengths of the identifiers, in characters, once separators are removed.
const (
	idLen       = 12
	codeLen     = 10
	cardLen     = 15
	longCardLen = 17
)

// maxRawLen bounds the bytes of a number as typed, separators included: longer cannot be one number, and is not read.
const maxRawLen = 128

// ParseID reads a 12-digit personal identification number (số định danh cá nhân; decree 137/2015, circular 07/2016).
// Blanks and the separators people type are removed.
//
// Hard, so refused with [FaultMalformed]: anything but twelve digits, and the province 000. Nothing else is: digit 4
// (century and sex) and the birth year bind citizens only, foreigners are given numbers of twelve digits too and a
// number does not tell whose it is; there is no check digit; the list of country codes is not public. See [Key.Born]
// and [Key.Sex] for what a number suggests. ParseID does not allocate.
func ParseID(b []byte) (Key, Fault) {
	var c compact
	if !c.read(b) {
		return Key{}, FaultMalformed
	}
	return c.id()
}

// ParseCode reads a 10-digit social-insurance number (mã số BHXH). Ten digits is the only rule: there is no check digit
// and the first two prove nothing. It does not allocate.
func ParseCode(b []byte) (Key, Fault) {
	var c compact
	if !c.read(b) {
		return Key{}, FaultMalformed
	}
	return c.code()
}

// ParseCard reads a health-insurance card number: two letters, the benefit digit, two digits of province and ten digits
// (decision 1351/QĐ-BHXH of 2015), or, in the 17-character form, twelve. Separators are removed, small letters
// raised, and the Đ that a keyboard driver makes of D is turned back when the number makes no sense as it stands.
//
// The faults: [FaultMalformed] for the shape, [FaultProvince] for province 00, [FaultBenefit] for a benefit digit other
// than 1–5. Unknown letters, 97–99 as province and any pairing of letters and benefit pass. It does not allocate.
func ParseCard(b []byte) (Key, Fault) {
	var c compact
	if !c.read(b) {
		return Key{}, FaultMalformed
	}
	return c.card()
}

// ParseAny reads what the portal takes as maThe: an ID number, a code or a card, told apart by its shape. Several
// cards joined by a semicolon are not one of them. It does not allocate.
func ParseAny(b []byte) (Key, Fault) {
	var c compact
	if !c.read(b) {
		return Key{}, FaultMalformed
	}
	return c.any()
}

// compact is a number as typed, without separators and with its letters raised.
type compact struct {
	n       int
	damaged bool // holds strokes: a D or a 0 that went through a keyboard driver
	b       [MaxKeyLen]byte
}

// stroke stands for đ or Đ until the length tells whether it was a letter or a digit.
const stroke = 0xff

// read fills c and reports whether everything in raw is a letter, a digit or a separator and fits.
func (c *compact) read(raw []byte) bool {
	c.n, c.damaged = 0, false
	if len(raw) > maxRawLen {
		return false
	}
	for len(raw) > 0 {
		ch, n := upper(raw[0]), 1
		if !isDigit(ch) && ch-'A' > 'Z'-'A' {
			if n = separatorAt(raw); n > 0 {
				raw = raw[n:]
				continue
			}
			if n = strokeAt(raw); n == 0 {
				return false
			}
			ch, c.damaged = stroke, true
		}
		if c.n == len(c.b) {
			return false
		}
		c.b[c.n] = ch
		c.n++
		raw = raw[n:]
	}
	return true
}

// separatorAt returns the length in bytes of the separator that b begins with, or 0: the blanks, and what masks of
// input fields leave between groups.
func separatorAt(b []byte) int {
	switch b[0] {
	case '-', '_', '.', ',':
		return 1
	}
	if len(b) >= 3 && (string(b[:3]) == "–" || string(b[:3]) == "—") {
		return 3
	}
	return spaceAt(b)
}

// repair settles what each stroke stood for: D among the first letters characters, 0 after them.
func (c *compact) repair(letters int) {
	if !c.damaged {
		return
	}
	for i := range c.n {
		switch {
		case c.b[i] != stroke:
		case i < letters:
			c.b[i] = 'D'
		default:
			c.b[i] = '0'
		}
	}
}

func (c *compact) id() (Key, Fault) {
	c.repair(0)
	if c.n != idLen || !allDigits(c.b[:c.n]) || string(c.b[:3]) == "000" {
		return Key{}, FaultMalformed
	}
	return c.key(KindID), FaultNone
}

func (c *compact) code() (Key, Fault) {
	c.repair(0)
	if c.n != codeLen || !allDigits(c.b[:c.n]) {
		return Key{}, FaultMalformed
	}
	return c.key(KindCode), FaultNone
}

func (c *compact) card() (Key, Fault) {
	c.repair(2)
	if c.n != cardLen && c.n != longCardLen {
		return Key{}, FaultMalformed
	}
	if isDigit(c.b[0]) || isDigit(c.b[1]) || !allDigits(c.b[2:c.n]) {
		return Key{}, FaultMalformed
	}
	if c.b[3] == '0' && c.b[4] == '0' {
		return Key{}, FaultProvince
	}
	if c.b[2] < '1' || c.b[2] > '5' {
		return Key{}, FaultBenefit
	}
	return c.key(KindCard), FaultNone
}

func (c *compact) any() (Key, Fault) {
	switch c.n {
	case idLen:
		return c.id()
	case codeLen:
		return c.code()
	}
	return c.card()
}

func (c *compact) key(kind Kind) Key {
	k := Key{kind: kind, n: uint8(c.n)}
	copy(k.b[:], c.b[:c.n])
	return k
}
