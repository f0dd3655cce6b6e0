package budget

import (
	"math"
	"math/bits"
)

// registers is the size of a sketch: the standard error of its count is 0.83/√128, about 7 %.
const registers = 128

// sketch counts distinct subjects in 144 bytes: a HyperLogLog that keeps its count up to date with every new register
// value (Ting 2014, "Streamed approximate counting of distinct elements"), so that reading it costs nothing. The zero
// sketch is empty. Subjects are keyed hashes, so nobody outside can choose them to fool it.
type sketch struct {
	n     float64 // the count
	taken float64 // how likely a new subject is to change nothing
	reg   [registers]uint8
}

// add counts a subject by 64 bits of its hash and reports whether the count changed.
func (s *sketch) add(h uint64) bool {
	r := s.register(h)
	rank := uint8(bits.TrailingZeros64(h>>7|1<<57) + 1)
	if rank <= *r {
		return false
	}
	s.n += 1 / (1 - s.taken)
	s.taken += (math.Ldexp(1, -int(*r)) - math.Ldexp(1, -int(rank))) / registers
	*r = rank
	return true
}

// register is where a subject is counted.
func (s *sketch) register(h uint64) *uint8 { return &s.reg[h%registers] }

// estimate is the classical count of a set of registers; [union] needs it, because a sum of counts would count everybody
// seen on two nodes twice.
func estimate(reg *[registers]uint8) float64 {
	sum, empty := 0.0, 0
	for _, r := range reg {
		sum += math.Ldexp(1, -int(r))
		if r == 0 {
			empty++
		}
	}
	raw := 0.7213 / (1 + 1.079/registers) * registers * registers / sum
	if raw <= 2.5*registers && empty > 0 {
		return registers * math.Log(registers/float64(empty))
	}
	return raw
}

// union merges the registers of more into reg.
func union(reg, more *[registers]uint8) {
	for i, r := range more {
		reg[i] = max(reg[i], r)
	}
}
