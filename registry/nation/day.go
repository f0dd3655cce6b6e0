package nation

import (
	"time"

	"github.com/verigate/verigate/identity"
)

// vietnam is the one time zone of the register; the country has had no other offset since 1975.
var vietnam = time.FixedZone("+07", 7*60*60)

// DateOf returns the Vietnamese civil date of an instant.
func DateOf(t time.Time) identity.Date {
	y, m, d := t.In(vietnam).Date()
	return identity.Date{Year: uint16(y), Month: uint8(m), Day: uint8(d)}
}

// day counts days from an arbitrary origin; 0 stands for "no day".
type day int

// dayOf returns the day of a full date. The arithmetic counts from a March, so that the leap day is a year's last.
func dayOf(d identity.Date) day {
	y, m := int(d.Year), int(d.Month)
	if m <= 2 {
		y--
		m += 12
	}
	return day(365*y + y/4 - y/100 + y/400 + (153*(m-3)+2)/5 + int(d.Day))
}

// date is the inverse of dayOf; the zero day gives the zero Date.
func (n day) date() identity.Date {
	if n == 0 {
		return identity.Date{}
	}
	z := int(n) - 1
	era := z / 146_097
	doe := z % 146_097
	yoe := (doe - doe/1460 + doe/36_524 - doe/146_096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	y, m := era*400+yoe, mp+3
	if m > 12 {
		y++
		m -= 12
	}
	return identity.Date{Year: uint16(y), Month: uint8(m), Day: uint8(doy - (153*mp+2)/5 + 1)}
}

// yearsAfter returns the same day some years later; 29 February becomes 1 March where there is none.
func yearsAfter(d identity.Date, years int) identity.Date {
	d.Year += uint16(years)
	return dayOf(d).date()
}

func firstOf(year int) day { return dayOf(identity.Date{Year: uint16(year), Month: 1, Day: 1}) }
