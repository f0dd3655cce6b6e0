package shared

import (
	"encoding/binary"
	"errors"
	"strconv"
	"time"

	"github.com/verigate/verigate/verify"
)

// A value in Redis is
//
//	 0 20  the registry's version in decimal, zero-padded: scripts compare it as text
//	20  1  mark: 'p' written but not yet confirmed by its writer, 'r' ready, 't' tombstone (then nothing follows)
//	21 24  nonce
//	45     the sealed plaintext; the subject and the version are its additional data
//
// and the plaintext is
//
//	0 1 layout   1 1 state   2 1 holder   3 1 –   4 8 as_of   12 8 age when written   20 8 time to live when written
//	28  the record
//
// with times in nanoseconds, little-endian.
const (
	versionLen  = 20
	markAt      = versionLen
	sealedAt    = markAt + 1
	identityLen = sealedAt + nonceSize // names one write of one value
	plainHeader = 28
	layout      = 1
)

const (
	markPending   = 'p'
	markReady     = 'r'
	markTombstone = 't'
)

func appendVersion(dst []byte, version uint64) []byte {
	var digits [versionLen]byte
	text := strconv.AppendUint(digits[:0], version, 10)
	for range versionLen - len(text) {
		dst = append(dst, '0')
	}
	return append(dst, text...)
}

// additional is what a value is bound to: whose it is, and of which version.
func additional(s *verify.Subject, version []byte) []byte {
	return append(append(make([]byte, 0, len(s)+versionLen), s[:]...), version...)
}

// encode returns the pending value for h, which was learned age ago and is to live for ttl.
func (c *Cache) encode(s *verify.Subject, h *verify.Held, age, ttl time.Duration) []byte {
	plain := make([]byte, plainHeader, plainHeader+len(h.Record))
	plain[0], plain[1], plain[2] = layout, byte(h.State), byte(h.Holder)
	le := binary.LittleEndian
	le.PutUint64(plain[4:], uint64(h.AsOf))
	le.PutUint64(plain[12:], uint64(age))
	le.PutUint64(plain[20:], uint64(ttl))
	plain = append(plain, h.Record...)
	value := appendVersion(make([]byte, 0, sealedAt+nonceSize+overhead+len(plain)), h.Version)
	ad := additional(s, value)
	return c.seal.seal(append(value, markPending), plain, ad)
}

var (
	errTombstone = errors.New("the value is a tombstone")
	errPending   = errors.New("the value is not confirmed")
	errGarbled   = errors.New("the value is not of this cache's form")
)

// decode reads a value that has left to live. The age is in the second result; Learned is the caller's to set.
func (c *Cache) decode(s *verify.Subject, value string, left time.Duration) (h verify.Held, age time.Duration, err error) {
	if len(value) <= markAt {
		return h, 0, errGarbled
	}
	version, err := strconv.ParseUint(value[:versionLen], 10, 64)
	switch {
	case err != nil:
		return h, 0, errGarbled
	case value[markAt] == markTombstone:
		return h, 0, errTombstone
	case value[markAt] == markPending:
		return h, 0, errPending
	case value[markAt] != markReady:
		return h, 0, errGarbled
	}
	plain, err := c.seal.open([]byte(value[sealedAt:]), additional(s, []byte(value[:versionLen])))
	if err != nil {
		return h, 0, err
	}
	if len(plain) < plainHeader || plain[0] != layout {
		return h, 0, errGarbled
	}
	le := binary.LittleEndian
	h = verify.Held{
		State: verify.State(plain[1]), Holder: verify.Holder(plain[2]), Source: verify.SourceShared, Version: version,
		AsOf: int64(le.Uint64(plain[4:])),
	}
	age, ttl := time.Duration(le.Uint64(plain[12:])), time.Duration(le.Uint64(plain[20:]))
	since := ttl - left // Redis has counted down by this much since the write
	if !sound(&h) || age < 0 || left <= 0 || since < 0 {
		return verify.Held{}, 0, errGarbled
	}
	if len(plain) > plainHeader {
		h.Record = plain[plainHeader:]
	}
	return h, age + since, nil
}

func sound(h *verify.Held) bool {
	switch h.State {
	case verify.StatePresent, verify.StateAbsent, verify.StateTold:
		return h.Holder == verify.HolderNone
	case verify.StateElsewhere:
		return h.Holder > verify.HolderNone && int(h.Holder) < len(verify.HolderNames)
	}
	return false
}
