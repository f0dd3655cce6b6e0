package identity

// maxFields is one more than the longest form has, its end mark included; what follows is not read.
const maxFields = 18

// fields are the parts of a payload between its bars, empty ones kept: a payload with no old number has an empty
// field 1, and dropping it would shift the name.
type fields struct {
	raw  []byte
	n    int
	part [maxFields]span
}

type span struct{ from, to int }

// at returns field i without the blanks around it; a field that is not there is empty.
func (f *fields) at(i int) []byte {
	if i >= f.n {
		return nil
	}
	s := f.part[i]
	return trimSpace(f.raw[s.from:s.to:s.to])
}

func (f *fields) split(raw []byte, as reading) {
	f.raw, f.n = raw, 0
	from := 0
	for i := 0; i < len(raw) && f.n < maxFields-1; {
		n := barAt(raw, i, as)
		if n == 0 {
			i++
			continue
		}
		f.add(from, i)
		i += n
		from = i
	}
	f.add(from, len(raw))
	if as == slashedScan {
		f.mendDate()
	}
}

func (f *fields) add(from, to int) {
	f.part[f.n] = span{from, to}
	f.n++
}

// barAt returns the length in bytes of the field separator at raw[i], or 0. It is small enough to be inlined.
func barAt(raw []byte, i int, as reading) int {
	if raw[i] == '|' {
		return 1
	}
	if as == plainScan {
		return 0
	}
	return mangledBarAt(raw[i:], as)
}

func mangledBarAt(b []byte, as reading) int {
	switch {
	case b[0] == '\\', b[0] == '/' && as == slashedScan:
		return 1
	case len(b) >= 2 && string(b[:2]) == string(brokenBar):
		return 2
	}
	return 0
}

// mendDate puts a birth date of the paper card together again after its own slashes were taken for bars.
func (f *fields) mendDate() {
	for _, parts := range [...]int{3, 2} {
		last := 2 + parts - 1
		if last >= f.n || len(f.at(last)) != 4 || !allDigits(f.at(last)) || !dayOrMonth(f.at(2)) || !dayOrMonth(f.at(last-1)) {
			continue
		}
		f.part[2].to = f.part[last].to
		copy(f.part[3:], f.part[last+1:f.n])
		f.n -= parts - 1
		return
	}
}

func dayOrMonth(b []byte) bool { return (len(b) == 1 || len(b) == 2) && allDigits(b) }

// paper tells whether a payload that begins with an ID number is nevertheless laid out like a health-insurance card,
// as it may be now that the ID number replaces the ten digits: sex is field 3, and field 2 a date.
func (f *fields) paper(today Date, as reading) bool {
	sex := f.at(3)
	if len(sex) != 1 || sex[0] < '1' || sex[0] > '3' {
		return false
	}
	_, fault := dateField(f.at(2), today, as)
	return fault == FaultNone
}
