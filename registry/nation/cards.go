package nation

// yearly is how long most cards run, in days, first and last included.
const yearly = 365

// steady is how many days what is true of a card today stays true, whatever is yet to come of it: a load test that runs
// over midnight still gets what its samples expect. What is past may be of today itself.
const steady = 3

// issuer writes the cards of one person, oldest first. All its days lean on the nation's today.
type issuer struct {
	p     *Person
	t     *traits
	z     stream
	code  uint64
	today day
	born  day
	years int // of age, in calendar years
}

// fillCards writes the cards that the life of p asks for.
func (n *Nation) fillCards(p *Person, s seat, t traits, born day) {
	in := &issuer{p: p, t: &t, z: n.stream(s.i, ofCards), code: n.codeOf(s), today: n.today, born: born, years: n.age(s)}
	if t.newest.object == objectTE {
		in.asChild()
	} else {
		in.asAdult()
	}
	in.finish()
}

// asChild issues the one card that runs from birth to the sixth birthday. A newborn's life is Current or Cardless, any
// other child is at least a day old.
func (in *issuer) asChild() {
	ends := dayOf(yearsAfter(in.born.date(), 6)) - 1
	lived := int(in.today - in.born)
	switch in.t.life {
	case Cardless:
	case Renumbered:
		changed := in.born + 1 + day(in.z.below(lived))
		in.issue(in.t.older, in.born, changed-1)
		in.issue(in.t.newest, changed, ends)
	default:
		in.issue(in.t.newest, in.born, ends)
		if in.t.life != Current {
			in.end(in.born + 1 + day(in.z.below(lived)))
		}
	}
}

func (in *issuer) asAdult() {
	t, z := in.t, &in.z
	switch t.life {
	case Renumbered:
		in.renumbered()
	case RenewedInAdvance, ReplacedInAdvance:
		ends := in.today + steady + day(z.below(57))
		held := t.newest
		if t.life == ReplacedInAdvance {
			held = t.older
		}
		in.history(held, ends-yearly)
		in.issue(held, ends-yearly+1, ends)
		in.issue(t.newest, ends+1, ends+yearly)
	case Overlapping:
		first := in.today - 150 - day(z.below(200))
		in.issue(t.older, first, in.today+steady+day(z.below(147)))
		in.issueYear(t.newest, in.today-day(z.below(100)))
	case Expired:
		ends := in.today - 1 - day(z.below(700))
		in.history(t.newest, ends-yearly)
		in.issue(t.newest, ends-yearly+1, ends)
	case NotYetValid:
		in.issueYear(t.newest, in.today+steady+day(z.below(43)))
	case Recalled, Decreased, MovedProvince, MovedWithinProvince, ReEnrolled, LeftScheme, Deceased:
		in.ended()
	default:
		in.current()
	}
}

// current issues a card in force today: most run for a year, those of pensioners and people of merit have no end.
func (in *issuer) current() {
	if openEnded(in.t.newest.object) && in.z.chance(6000) {
		in.issue(in.t.newest, in.today-day(in.z.below(2000)), 0)
		return
	}
	from := in.today - day(in.z.below(350))
	in.history(in.t.newest, from-1)
	in.issueYear(in.t.newest, from)
	if in.z.chance(announced) {
		last := in.last()
		last.Status, last.StatusFrom = Decreased.String(), (in.today + steady + day(in.z.below(12))).date()
	}
}

// announced is the share, in ten-thousandths, of cards in force whose end is already decided.
const announced = 40

func openEnded(object uint8) bool {
	switch object {
	case objectHT, objectCC, objectCK, objectKC, objectMS, objectCT:
		return true
	}
	return false
}

// renumbered issues an older number and, from some day on, the newest, renewed until today.
func (in *issuer) renumbered() {
	changed := in.today - day(in.z.below(3)*yearly) - 1 - day(in.z.below(yearly-1-steady))
	in.issue(in.t.older, changed-1-day(30+in.z.below(300)), changed-1)
	if in.z.chance(5000) { // half of the old cards were cut short
		old := in.last()
		old.To = (changed + day(in.z.below(200))).date()
		reasons := [...]Life{MovedProvince, MovedWithinProvince, ReEnrolled, Decreased, Recalled}
		old.Status, old.StatusFrom = reasons[in.z.below(len(reasons))].String(), changed.date()
	}
	for ; changed <= in.today; changed += yearly {
		in.issueYear(in.t.newest, changed)
	}
}

// ended issues a card that would still run today, had it not been ended by today. Whoever died may have a card that
// nobody closed.
func (in *issuer) ended() {
	on := in.today - day(in.z.below(200))
	if in.t.life == Deceased {
		on = in.today - day(in.z.below(900))
	}
	from := on - 1 - day(in.z.below(160))
	in.history(in.t.newest, from-1)
	in.issueYear(in.t.newest, from)
	in.end(on)
}

// end ends the last card on a day for the reason that the life gives.
func (in *issuer) end(on day) {
	last, status := in.last(), in.t.life.String()
	if in.t.life == Deceased {
		in.p.Died = on.date()
		if in.z.chance(2000) {
			return
		}
		status = Decreased.String()
	}
	last.Status, last.StatusFrom = status, on.date()
}

// history issues up to three earlier years under the same number, the last of them ending on a day.
func (in *issuer) history(g group, until day) {
	since := 6 // the age from which cards of this kind are held
	if in.p.Holder != "" {
		since = 18
	}
	years := min(in.z.below(4), max(in.years-since, 0))
	for y := years; y > 0; y-- {
		in.issue(g, until-day(y*yearly)+1, until-day((y-1)*yearly))
	}
}

func (in *issuer) issueYear(g group, from day) { in.issue(g, from, from+yearly-1) }

func (in *issuer) issue(g group, from, to day) {
	in.p.Cards = append(in.p.Cards, Card{Number: cardText(g.packed(in.code)), From: from.date(), To: to.date(),
		Status: "active", Benefit: int(objects[g.object].benefit)})
}

func (in *issuer) last() *Card { return &in.p.Cards[len(in.p.Cards)-1] }

// finish adds what all cards of a person share: facility, living area, the five-year date.
func (in *issuer) finish() {
	cards := in.p.Cards
	if len(cards) == 0 {
		return
	}
	area := drawArea(&in.z, in.t.newest.object)
	five := dayOf(cards[0].From) + day(5*yearly+1-yearly*in.z.below(6))
	known := in.t.life != NotYetValid && in.t.newest.object != objectTE && !in.z.chance(1000)
	where := in.z.next()
	for i := range cards {
		c := &cards[i]
		c.Area = area
		if known {
			c.FiveYears = five.date()
		}
		if i > 0 && (c.Number != cards[i-1].Number || in.z.chance(500)) {
			where = in.z.next()
		}
		c.Facility = facilityIn(c.Number, in.p.Province, where)
		c.FacilityName = FacilityName(c.Facility)
	}
}

// drawArea draws the living area: mostly none, mostly some in hard regions.
func drawArea(z *stream, object uint8) int {
	some := 900
	if object == objectDT || object == objectDK {
		some = 8000
	}
	if !z.chance(some) {
		return 0
	}
	return 1 + z.below(3)
}
