package identity

// Date is a calendar date known to the day, to the month (Day 0) or to the year (Month and Day 0). The zero Date means
// "not known". Dates are proleptic Gregorian without a time zone: the registry's dates are Vietnamese civil dates.
type Date struct {
	Year  uint16
	Month uint8
	Day   uint8
}

// Precision says how much of a [Date] is known.
type Precision uint8

// The precisions, from nothing to a full calendar day.
const (
	PrecisionNone Precision = iota
	PrecisionYear
	PrecisionMonth
	PrecisionDay
)

// IsZero tells whether nothing is known of the date.
func (d Date) IsZero() bool { return d == Date{} }

// Precision returns how much of d is known.
func (d Date) Precision() Precision {
	switch {
	case d.Year == 0:
		return PrecisionNone
	case d.Month == 0:
		return PrecisionYear
	case d.Day == 0:
		return PrecisionMonth
	}
	return PrecisionDay
}

// Compare orders dates by year, month and day; an unknown part sorts before a known one. It returns -1, 0 or +1.
func (d Date) Compare(e Date) int {
	a := uint32(d.Year)<<16 | uint32(d.Month)<<8 | uint32(d.Day)
	b := uint32(e.Year)<<16 | uint32(e.Month)<<8 | uint32(e.Day)
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Before tells whether d sorts before e.
func (d Date) Before(e Date) bool { return d.Compare(e) < 0 }

// After tells whether d sorts after e.
func (d Date) After(e Date) bool { return d.Compare(e) > 0 }

// AppendISO appends YYYY, YYYY-MM or YYYY-MM-DD, by precision; nothing for the zero Date.
func (d Date) AppendISO(dst []byte) []byte {
	p := d.Precision()
	if p == PrecisionNone {
		return dst
	}
	dst = appendDigits(dst, uint(d.Year), 4)
	if p >= PrecisionMonth {
		dst = appendDigits(append(dst, '-'), uint(d.Month), 2)
	}
	if p == PrecisionDay {
		dst = appendDigits(append(dst, '-'), uint(d.Day), 2)
	}
	return dst
}

// AppendPortal appends yyyy, MM/yyyy or dd/MM/yyyy (the portal's form), by precision; nothing for the zero Date.
func (d Date) AppendPortal(dst []byte) []byte {
	p := d.Precision()
	if p == PrecisionNone {
		return dst
	}
	if p == PrecisionDay {
		dst = append(appendDigits(dst, uint(d.Day), 2), '/')
	}
	if p >= PrecisionMonth {
		dst = append(appendDigits(dst, uint(d.Month), 2), '/')
	}
	return appendDigits(dst, uint(d.Year), 4)
}

// String returns the ISO form.
func (d Date) String() string { return string(d.AppendISO(nil)) }

func appendDigits(dst []byte, v uint, width int) []byte {
	var b [8]byte
	for i := width - 1; i >= 0; i-- {
		b[i] = byte('0' + v%10)
		v /= 10
	}
	return append(dst, b[:width]...)
}
