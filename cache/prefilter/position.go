package prefilter

import (
	"encoding/binary"
	"math/bits"

	"github.com/zeebo/xxh3"

	"github.com/verigate/verigate/identity"
)

// hashID names the scheme of this file. A generation made with another scheme would answer "never issued" for
// everybody, so it is refused by this number.
const hashID = 1

// maxK bounds the probes per key; 30 would be a false-positive rate of one in a billion.
const maxK = 30

// digest is the 128-bit hash of an identifier: XXH3 over the kind and the packed number, so that equal numbers of two
// kinds have nothing in common.
type digest struct{ a, b uint64 }

func digestOf(kind identity.Kind, packed uint64) digest {
	var buf [9]byte
	buf[0] = byte(kind)
	binary.LittleEndian.PutUint64(buf[1:], packed)
	h := xxh3.Hash128(buf[:])
	return digest{h.Hi, h.Lo}
}

// positions fills dst with the bits that d stands for in a filter of m bits: enhanced double hashing, reduced by
// multiply-shift, so that every position is below m without a division.
func (d digest) positions(dst []uint64, m uint64) {
	a, b := d.a, d.b
	for i := range dst {
		dst[i], _ = bits.Mul64(a, m)
		a += b
		b += uint64(i)
	}
}
