package portal

import (
	"bytes"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"

	"github.com/verigate/verigate/internal/mac"
	"github.com/verigate/verigate/verify"
)

// A token is everything needed to check it, so that any node can and none keeps a list: base64url of
//
//	key id (1 byte) · issued, Unix seconds (5) · account epoch (4) · id (16) · account name (1–32) · HMAC-SHA-256 (16)
//
// Its letters are [A-Za-z0-9_-], because clients paste it into addresses and cut texts at commas and colons.
const (
	tokenHead   = 1 + 5 + 4 + 16
	tokenMAC    = 16
	maxUsername = 32
	maxToken    = tokenHead + maxUsername + tokenMAC
	minKey      = 16
)

// clockSkew is how far ahead another node's clock may be when this one checks its token.
const clockSkew = 10 * time.Minute

// TokenID tells tokens of one account apart; its text form is the id_token, a GUID.
type TokenID [16]byte

// AppendTo appends the 36 characters of the GUID in small letters.
func (id TokenID) AppendTo(dst []byte) []byte {
	const hex = "0123456789abcdef"
	for i, b := range id {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = append(dst, hex[b>>4], hex[b&15])
	}
	return dst
}

// Token is what a token says.
type Token struct {
	ID     TokenID
	Epoch  uint32
	Issued int64 // Unix seconds

	name [maxUsername]byte
	n    uint8
}

// Username returns the account's name, a view into t.
func (t *Token) Username() []byte { return t.name[:t.n] }

// Tokens issues and checks tokens. It is immutable and safe for concurrent use.
type Tokens struct {
	keys        []tokenKey
	life, grace time.Duration
}

type tokenKey struct {
	id  byte
	mac *mac.Key
}

// NewTokens makes tokens that live for life and are still taken for grace after that. The first key signs, all of them
// check, so that a key can be changed without anybody logging in again. A key has 16 bytes or more.
func NewTokens(keys [][]byte, life, grace time.Duration) (*Tokens, error) {
	t := &Tokens{life: life, grace: grace}
	for _, k := range keys {
		if len(k) < minKey {
			return nil, errors.New("reading the portal token key: shorter than 16 bytes")
		}
		t.keys = append(t.keys, newTokenKey(k))
	}
	if len(t.keys) == 0 {
		return nil, errors.New("reading the portal token key: there is none")
	}
	return t, nil
}

// The labels keep what is made of a token key apart.
const (
	labelSign = 't'
	labelID   = 'i'
)

func newTokenKey(secret []byte) tokenKey {
	k := tokenKey{mac: mac.New(secret)}
	k.id = k.mac.Sum(labelID, nil)[0]
	return k
}

// Append appends a new token for an account. The id is 16 random bytes, of which six bits are set as a GUID wants them;
// the id as set is returned. The name must be 1 to 32 bytes long, else ok is false.
func (t *Tokens) Append(dst []byte, now verify.Instant, username []byte, epoch uint32, id TokenID) (_ []byte, _ TokenID, ok bool) {
	if len(username) == 0 || len(username) > maxUsername {
		return dst, id, false
	}
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	var buf [maxToken]byte
	msg := append(buf[:0], t.keys[0].id)
	var issued [8]byte
	binary.BigEndian.PutUint64(issued[:], uint64(now.Wall/int64(time.Second)))
	msg = append(msg, issued[3:]...)
	msg = binary.BigEndian.AppendUint32(msg, epoch)
	msg = append(msg, id[:]...)
	msg = append(msg, username...)
	sum := t.keys[0].mac.Sum(labelSign, msg)
	msg = append(msg, sum[:tokenMAC]...)
	return base64.RawURLEncoding.AppendEncode(dst, msg), id, true
}

var strictURL = base64.RawURLEncoding.Strict()

// Check reads a token into out and tells why it is not taken: it is missing or damaged, not one of ours, or expired. The
// id_token must be the GUID it was issued with. Whether the account still exists and its epoch is the same is for the
// caller to find out. It does not allocate. With a refusal, out holds the account's name only when the signature was
// right.
func (t *Tokens) Check(now verify.Instant, token, idToken []byte, out *Token) verify.Refusal {
	*out = Token{}
	var buf [maxToken + 2]byte
	if len(token) == 0 {
		return verify.RefusalKeyMissing
	}
	if base64.RawURLEncoding.DecodedLen(len(token)) > maxToken || bytes.ContainsAny(token, "\r\n") {
		return verify.RefusalKeyMalformed // the decoder would skip line ends: one token, many texts
	}
	n, err := strictURL.Decode(buf[:], token)
	if err != nil || n <= tokenHead+tokenMAC {
		return verify.RefusalKeyMalformed
	}
	msg, mac := buf[:n-tokenMAC], buf[n-tokenMAC:n]
	if !t.signed(msg, mac) {
		return verify.RefusalKeyUnknown
	}
	var issued [8]byte
	copy(issued[3:], msg[1:6])
	out.Issued = int64(binary.BigEndian.Uint64(issued[:]))
	out.Epoch = binary.BigEndian.Uint32(msg[6:10])
	copy(out.ID[:], msg[10:26])
	out.n = uint8(copy(out.name[:], msg[tokenHead:]))
	age := time.Duration(now.Wall - out.Issued*int64(time.Second))
	switch {
	case age <= -clockSkew || !out.ID.is(idToken):
		return verify.RefusalKeyUnknown
	case age > t.life+t.grace:
		return verify.RefusalTokenExpired
	}
	return verify.RefusalNone
}

func (t *Tokens) signed(msg, mac []byte) bool {
	for i := range t.keys {
		if t.keys[i].id != msg[0] {
			continue
		}
		sum := t.keys[i].mac.Sum(labelSign, msg)
		if subtle.ConstantTimeCompare(sum[:tokenMAC], mac) == 1 {
			return true
		}
	}
	return false
}

func (id TokenID) is(text []byte) bool {
	var buf [36]byte
	return len(text) == len(buf) && bytes.EqualFold(id.AppendTo(buf[:0]), text)
}

// Expires returns when a token issued now says it expires; it is taken somewhat longer.
func (t *Tokens) Expires(now verify.Instant) time.Time { return now.Time().Add(t.life) }
