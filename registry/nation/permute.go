package nation

import "math/bits"

// permutation is a seeded one-to-one map of 0 … side²-1 onto itself that can be run backwards: a Feistel network whose
// halves are added modulo side, so that it needs no cycle walking and works for a million as well as for 10^8.
type permutation struct {
	side uint64
	key  uint64
}

const rounds = 4

// at returns where x goes; x must be below side².
func (p permutation) at(x uint64) uint64 {
	l, r := x/p.side, x%p.side
	for i := range uint64(rounds) {
		l += p.round(i, r)
		if l >= p.side {
			l -= p.side
		}
		l, r = r, l
	}
	return l*p.side + r
}

// from returns the x with at(x) == y.
func (p permutation) from(y uint64) uint64 {
	l, r := y/p.side, y%p.side
	for i := uint64(rounds); i > 0; i-- {
		l, r = r, l
		f := p.round(i-1, r)
		if l < f {
			l += p.side
		}
		l -= f
	}
	return l*p.side + r
}

func (p permutation) round(i, half uint64) uint64 {
	h, _ := bits.Mul64(mix(p.key+i*golden+half), p.side)
	return h
}
