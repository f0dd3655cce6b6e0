package registry

import (
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/zeebo/xxh3"
)

// A token names a place in the feed of one registry: the version up to which a reader has everything, the second it was
// handed out, and a checksum over both and the registry's ID. The checksum keeps a token of another registry or of
// another history from being taken for one of ours; it is no secret and need not be.
const tokenSize = 24

var tokenText = base64.RawURLEncoding

func appendToken(out []byte, registry string, version uint64, at time.Time) []byte {
	var b [tokenSize]byte
	binary.BigEndian.PutUint64(b[0:], version)
	binary.BigEndian.PutUint64(b[8:], uint64(at.Unix()))
	binary.BigEndian.PutUint64(b[16:], tokenSum(registry, b[:16]))
	return tokenText.AppendEncode(out, b[:])
}

func parseToken(text, registry string) (version uint64, at time.Time, ok bool) {
	b, err := tokenText.DecodeString(text)
	if err != nil || len(b) != tokenSize || binary.BigEndian.Uint64(b[16:]) != tokenSum(registry, b[:16]) {
		return 0, time.Time{}, false
	}
	return binary.BigEndian.Uint64(b), time.Unix(int64(binary.BigEndian.Uint64(b[8:])), 0), true
}

func tokenSum(registry string, b []byte) uint64 { return xxh3.HashSeed(b, xxh3.HashString(registry)) }
