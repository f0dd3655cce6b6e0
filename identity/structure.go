package identity

// What the digits of an identifier suggest. All of it is soft: records are corrected while numbers stay, old province
// codes live on in every number issued under them, and foreigners' numbers need not follow the citizens' structure.
// None of it may refuse anybody.

// Born returns the year of birth that an ID number suggests (digits 4 to 6), or 0 for another kind of key.
func (k Key) Born() int {
	if k.kind != KindID {
		return 0
	}
	century := int(k.b[3]-'0') / 2
	return 1900 + 100*century + int(k.b[4]-'0')*10 + int(k.b[5]-'0')
}

// Sex returns the sex that an ID number suggests (digit 4: even for men, odd for women), or SexUnknown for another kind.
func (k Key) Sex() Sex {
	switch {
	case k.kind != KindID:
		return SexUnknown
	case k.b[3]&1 == 0:
		return Male
	}
	return Female
}

// Province returns the two-digit province code in an ID number (where the birth was registered) or in a card (where it
// was issued), 0 for a code. An ID number of 100 or more carries a country code instead, for which Province is 0 too.
func (k Key) Province() int {
	switch k.kind {
	case KindID:
		if k.b[0] == '0' {
			return int(k.b[1]-'0')*10 + int(k.b[2]-'0')
		}
	case KindCard:
		return int(k.b[3]-'0')*10 + int(k.b[4]-'0')
	}
	return 0
}

// Benefit returns the benefit digit of a card, 1–5, or 0 for another kind.
func (k Key) Benefit() int {
	if k.kind != KindCard {
		return 0
	}
	return int(k.b[2] - '0')
}

// Inner returns the number inside a card: the 10-digit code of a 15-character card issued since September 2017, the
// 12-digit ID number of the 17-character form, by its length. It is the zero Key for another kind, and a suggestion:
// the structure of the long form is not published, and older cards carried another number.
func (k Key) Inner() Key {
	if k.kind != KindCard || k.n < cardLen {
		return Key{}
	}
	in := Key{kind: KindCode, n: k.n - 5}
	if k.n == longCardLen {
		in.kind = KindID
	}
	copy(in.b[:], k.b[5:k.n])
	return in
}
