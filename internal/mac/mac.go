// Package mac computes HMAC-SHA-256 of short messages without allocating. It is what passwords, staff numbers and
// subjects are hashed with where the hash is taken once per request.
package mac

import "crypto/sha256"

// Size is the length of a sum in bytes.
const Size = sha256.Size

// Sum is one HMAC-SHA-256 value.
type Sum [Size]byte

// Key is a prepared secret. It is immutable and safe for concurrent use.
type Key struct {
	inner, outer [sha256.BlockSize]byte
}

// New prepares a secret of any length; 32 random bytes are right.
func New(secret []byte) *Key {
	if len(secret) > sha256.BlockSize {
		sum := sha256.Sum256(secret)
		secret = sum[:]
	}
	k := new(Key)
	copy(k.inner[:], secret)
	copy(k.outer[:], secret)
	for i := range k.inner {
		k.inner[i] ^= 0x36
		k.outer[i] ^= 0x5c
	}
	return k
}

// onStack is the longest message that is hashed without allocating.
const onStack = 192

// Sum returns HMAC-SHA-256 of the label followed by msg. The label keeps uses of one key apart. Messages of up to 191
// bytes do not allocate; msg is not kept.
func (k *Key) Sum(label byte, msg []byte) Sum {
	var stack [sha256.BlockSize + onStack]byte
	b := append(stack[:0], k.inner[:]...)
	b = append(append(b, label), msg...)
	in := sha256.Sum256(b)

	var last [sha256.BlockSize + sha256.Size]byte
	copy(last[:], k.outer[:])
	copy(last[sha256.BlockSize:], in[:])
	return sha256.Sum256(last[:])
}
