package nation

import (
	"fmt"
	"slices"

	"github.com/verigate/verigate/identity"
)

// MaxPeople is the largest nation: everybody the real register knows.
const MaxPeople = 98_700_000

// The span of dates for which the numbering scheme and the ages make sense.
const (
	minYear = 2010
	maxYear = 2099
)

// Config is what a nation is computed from; equal configurations give equal nations on every machine.
type Config struct {
	People int           // 1 … MaxPeople
	Seed   uint64        // any number
	Today  identity.Date // a full date, 2010 … 2099: what everything in force, expired or yet to come is counted from
}

// Nation is a synthetic nation. It is immutable and safe for concurrent use; its size does not depend on its people.
type Nation struct {
	people int
	seed   uint64
	year   int // of today
	today  day

	starts []uint32 // by bucket: the first person in it; one more entry for the end
	lots   *lots
}

// New computes a nation. Errors name the setting and its value.
func New(c Config) (*Nation, error) {
	if c.People < 1 || c.People > MaxPeople {
		return nil, fmt.Errorf("people %d: must be 1 to %d", c.People, MaxPeople)
	}
	if !validDate(c.Today) || c.Today.Year < minYear || c.Today.Year > maxYear {
		return nil, fmt.Errorf("today %q: must be a date, YYYY-MM-DD, from %d to %d", c.Today, minYear, maxYear)
	}
	n := &Nation{people: c.People, seed: mix(c.Seed), year: int(c.Today.Year), today: dayOf(c.Today), lots: newLots()}
	n.starts = make([]uint32, 1, buckets+1)
	for _, count := range census(c.People) {
		n.starts = append(n.starts, n.starts[len(n.starts)-1]+uint32(count))
	}
	return n, nil
}

func validDate(d identity.Date) bool {
	return d.Precision() == identity.PrecisionDay && dayOf(d).date() == d
}

// People returns how many people the nation has, lab births apart.
func (n *Nation) People() int { return n.people }

// Today returns the date the nation is of.
func (n *Nation) Today() identity.Date { return n.today.date() }

// seat is a person's place in the census: all that the numbers are made of.
type seat struct {
	i        int // the person
	province int // index into provinces
	year     int // of birth, as the ID number says it
	sex      identity.Sex
	in       int // how many come before in the same bucket
	before   int // how many come before in the same province
}

// bucketOf returns where people of a province, an age in calendar years and a sex sit in starts.
func bucketOf(province, age int, sex identity.Sex) int {
	return (province*ages+age)*2 + int(sex-identity.Male)
}

func (n *Nation) seatOf(i int) seat {
	b, found := slices.BinarySearch(n.starts, uint32(i))
	for found && n.starts[b+1] == uint32(i) {
		b++ // the last of several empty buckets' starts is the one with people in it
	}
	if !found {
		b--
	}
	return n.seatIn(b, i)
}

// seatIn is seatOf for a caller who knows the bucket.
func (n *Nation) seatIn(b, i int) seat {
	province := b / (ages * 2)
	return seat{
		i:        i,
		province: province,
		year:     n.year - b/2%ages,
		sex:      identity.Male + identity.Sex(b&1),
		in:       i - int(n.starts[b]),
		before:   i - int(n.starts[province*ages*2]),
	}
}

// age counts calendar years: it does not change when the day does.
func (n *Nation) age(s seat) int { return n.year - s.year }
