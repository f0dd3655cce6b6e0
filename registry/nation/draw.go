package nation

import "math/bits"

const golden = 0x9E3779B97F4A7C15 // 2^64 divided by the golden ratio

// mix scatters x over 64 bits (the finaliser of splitmix64).
func mix(x uint64) uint64 {
	x += golden
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}

// aspect separates the draws of one person from each other, so that a further draw in one never shifts another.
type aspect uint64

const (
	ofLife aspect = iota + 1
	ofNumbers
	ofBirth
	ofName
	ofPlace
	ofCards
	ofDeclared
	ofSerials
	ofCodes
	ofSex
)

// hash is what chance says of one aspect of person i.
func (n *Nation) hash(i int, a aspect) uint64 { return mix(n.seed ^ mix(uint64(i)<<8|uint64(a))) }

// stream is a sequence of draws.
type stream struct{ state uint64 }

func (n *Nation) stream(i int, a aspect) stream { return stream{n.hash(i, a)} }

func (s *stream) next() uint64 {
	s.state += golden
	return mix(s.state)
}

// below draws a number from 0 to k-1.
func (s *stream) below(k int) int {
	hi, _ := bits.Mul64(s.next(), uint64(k))
	return int(hi)
}

// chance is true in bp of 10,000 draws.
func (s *stream) chance(bp int) bool { return s.below(10_000) < bp }

// chance12 reads a 12-bit field of a hash as a chance of bp in 10,000.
func chance12(field uint64, bp uint64) bool { return (field&(faces-1))*10_000 < bp*faces }

// faces is the number of sides of a die: fine enough for shares of 0.025 %.
const faces = 1 << 12

// dice maps a 12-bit draw to one of up to 256 weighted choices.
type dice [faces]uint8

// newDice shares the faces out by largest remainder.
func newDice(weights []uint64) *dice {
	d := new(dice)
	at := 0
	for choice, count := range apportion(faces, weights) {
		for range count {
			d[at] = uint8(choice)
			at++
		}
	}
	return d
}

func (d *dice) roll(field uint64) uint8 { return d[field&(faces-1)] }
