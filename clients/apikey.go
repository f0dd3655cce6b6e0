package clients

import (
	"crypto/rand"
	"crypto/sha256"
	"hash/crc32"
)

// An API key is text of fixed length:
//
//	vg_ k3yid0ab _ 43 base-62 characters _ 6 base-62 characters
//
// The prefix lets scanners find leaked keys; the 8-character id names the key in listings and logs; the 43 characters
// hold 256 bits of chance; the last six are the CRC-32C of everything before them, so that a typing error or a cut-off
// paste is seen without a look-up. Nothing in it needs escaping anywhere.
const (
	keyPrefix    = "vg_"
	keyIDLen     = 8
	keySecretLen = 43
	keyCheckLen  = 6

	keyIDEnd  = len(keyPrefix) + keyIDLen
	keyEnd    = keyIDEnd + 1 + keySecretLen
	APIKeyLen = keyEnd + 1 + keyCheckLen // characters of an API key
)

const (
	base62    = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	keyIDText = "0123456789abcdefghjkmnpqrstvwxyz" // Crockford's, without the letters people mistake
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// KeyDigest is what is stored of an API key: SHA-256 of its id and secret. With 256 bits of chance inside there is
// nothing to guess, so neither salt nor a slow hash is needed.
type KeyDigest [sha256.Size]byte

// NewAPIKey draws a new key from the system's random source. The text is the only copy there will ever be.
func NewAPIKey() (text, id string, digest KeyDigest) {
	b := append(make([]byte, 0, APIKeyLen), keyPrefix...)
	b = appendRandom(b, keyIDText, keyIDLen)
	b = append(b, '_')
	b = appendRandom(b, base62, keySecretLen)
	b = append(b, '_')
	b = appendCheck(b, keyCheck(b[:keyEnd]))
	digest, _ = ParseAPIKey(b)
	return string(b), string(b[len(keyPrefix):keyIDEnd]), digest
}

// ParseAPIKey returns the digest of a well-formed key; ok is false for any other text, of any length. It does not
// allocate and keeps nothing.
func ParseAPIKey(text []byte) (digest KeyDigest, ok bool) {
	if !shaped(text) || !checked(text) {
		return KeyDigest{}, false
	}
	return digestOf(text), true
}

// shaped tells whether a text looks like a key, so that its parts can be taken from it.
func shaped(text []byte) bool {
	return len(text) == APIKeyLen && string(text[:len(keyPrefix)]) == keyPrefix && text[keyIDEnd] == '_' && text[keyEnd] == '_'
}

// checked tells whether a key's last characters agree with the others.
func checked(key []byte) bool {
	var check [keyCheckLen]byte
	return string(appendCheck(check[:0], keyCheck(key[:keyEnd]))) == string(key[keyEnd+1:])
}

// digestOf leaves the prefix out, so that what is hashed fits one block.
func digestOf(key []byte) KeyDigest { return sha256.Sum256(key[len(keyPrefix):keyEnd]) }

func keyCheck(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

func appendCheck(dst []byte, sum uint32) []byte {
	var out [keyCheckLen]byte
	for i := keyCheckLen - 1; i >= 0; i-- {
		out[i] = base62[sum%62]
		sum /= 62
	}
	return append(dst, out[:]...)
}

// appendRandom appends n characters of the alphabet, each with the same chance.
func appendRandom(dst []byte, alphabet string, n int) []byte {
	limit := byte(256 / len(alphabet) * len(alphabet) % 256) // 0 when the alphabet divides 256
	var b [64]byte
	for n > 0 {
		rand.Read(b[:])
		for _, c := range b {
			if n == 0 {
				break
			}
			if limit == 0 || c < limit {
				dst = append(dst, alphabet[int(c)%len(alphabet)])
				n--
			}
		}
	}
	return dst
}
