package identity

// FirstYear is the earliest year of birth that is taken for possible: numbers exist for births since 1900 only.
const FirstYear = 1900

// lastServiceYear bounds a day of service from above; it only has to be beyond doubt.
const lastServiceYear = 2199

// ParseDOB reads a birth date in the native form YYYY, YYYY-MM or YYYY-MM-DD. It must be a real calendar date between
// 1900 and today; the zero today sets no upper limit. Empty is [FaultDOBMissing], anything else wrong [FaultDOB].
// It does not allocate.
func ParseDOB(b []byte, today Date) (Date, Fault) {
	b = trimSpace(b)
	if len(b) == 0 {
		return Date{}, FaultDOBMissing
	}
	d, ok := parseISO(b)
	if !ok || !bornBy(d, today) {
		return Date{}, FaultDOB
	}
	return d, FaultNone
}

// ParsePortalDOB reads a birth date as portal clients and paper cards write it: dd/MM/yyyy, MM/yyyy or yyyy; day and
// month with one digit, and ddMMyyyy without slashes, are forgiven. The bounds and faults are those of [ParseDOB].
// It does not allocate.
func ParsePortalDOB(b []byte, today Date) (Date, Fault) {
	b = trimSpace(b)
	if len(b) == 0 {
		return Date{}, FaultDOBMissing
	}
	d, ok := parseSlashed(b)
	if !ok || !bornBy(d, today) {
		return Date{}, FaultDOB
	}
	return d, FaultNone
}

// ParseDay reads a day of service, YYYY-MM-DD, which may lie in the past or in the future. It does not allocate.
func ParseDay(b []byte) (Date, Fault) {
	d, ok := parseISO(trimSpace(b))
	if !ok || d.Precision() != PrecisionDay || d.Year < FirstYear || d.Year > lastServiceYear {
		return Date{}, FaultOn
	}
	return d, FaultNone
}

// Valid tells whether d is zero or a real date of the Gregorian calendar at its precision.
func (d Date) Valid() bool {
	switch d.Precision() {
	case PrecisionNone:
		return d.IsZero()
	case PrecisionYear:
		return d.Day == 0
	case PrecisionMonth:
		return d.Month <= 12
	}
	return d.Month <= 12 && d.Day <= daysIn(d.Year, d.Month)
}

// Cut returns d at no more than precision p: the day or the month forgotten.
func (d Date) Cut(p Precision) Date {
	if p < PrecisionDay {
		d.Day = 0
	}
	if p < PrecisionMonth {
		d.Month = 0
	}
	if p < PrecisionYear {
		d.Year = 0
	}
	return d
}

func bornBy(d, today Date) bool {
	if d.Year < FirstYear {
		return false
	}
	return today.IsZero() || !d.After(today.Cut(d.Precision()))
}

func daysIn(year uint16, month uint8) uint8 {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// parseISO reads YYYY, YYYY-MM and YYYY-MM-DD.
func parseISO(b []byte) (Date, bool) {
	switch {
	case len(b) == 4:
		return dateOf(b, nil, nil)
	case len(b) == 7 && b[4] == '-':
		return dateOf(b[:4], b[5:], nil)
	case len(b) == 10 && b[4] == '-' && b[7] == '-':
		return dateOf(b[:4], b[5:7], b[8:])
	}
	return Date{}, false
}

// parseSlashed reads yyyy, ddMMyyyy, MM/yyyy and dd/MM/yyyy with one or two digits of day and month.
func parseSlashed(b []byte) (Date, bool) {
	first, rest, ok := cutSlash(b)
	if !ok {
		if len(b) == 8 {
			return dateOf(b[4:], b[2:4], b[:2])
		}
		return dateOf(b, nil, nil)
	}
	if second, year, ok := cutSlash(rest); ok {
		return dateOf(year, second, first)
	}
	return dateOf(rest, first, nil)
}

func cutSlash(b []byte) (before, after []byte, ok bool) {
	for i, c := range b {
		if c == '/' {
			return b[:i:i], b[i+1:], true
		}
	}
	return b, nil, false
}

// dateOf makes a real date of digits: a year of four, a month and a day of one or two. A nil month or day is unknown;
// an empty one is an error.
func dateOf(year, month, day []byte) (Date, bool) {
	y, ok := number(year, 4, 4)
	if !ok || y == 0 {
		return Date{}, false
	}
	d := Date{Year: y}
	if month != nil {
		m, ok := number(month, 1, 2)
		if !ok || m == 0 {
			return Date{}, false
		}
		d.Month = uint8(m)
	}
	if day != nil {
		v, ok := number(day, 1, 2)
		if !ok || v == 0 {
			return Date{}, false
		}
		d.Day = uint8(v)
	}
	return d, d.Valid()
}

func number(b []byte, least, most int) (uint16, bool) {
	if len(b) < least || len(b) > most || !allDigits(b) {
		return 0, false
	}
	var v uint16
	for _, c := range b {
		v = v*10 + uint16(c-'0')
	}
	return v, true
}
