package token

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// tagHeader is where a token's tag stands: a member of the protected header that readers elsewhere pass over (RFC 7515, 4).
const tagHeader = "tag"

// tagLength is what of the tag a token carries: 64 bits, which are only to be dear to guess, not proof.
const tagLength = 8

// tag is a keyed hash of a token's claims as they are sent. Whoever invents tokens cannot make it, so that an invented
// token costs a hash and not a signature check. What a token proves, its signature alone does.
func tag(key []byte, claims string) string {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(claims))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:tagLength])
}

// taggingKey follows from the signing key, so that every node that has the one has the other.
func taggingKey(private ed25519.PrivateKey) []byte {
	m := hmac.New(sha256.New, private.Seed())
	m.Write([]byte("verigate access token tag"))
	return m.Sum(nil)
}

// tagged tells whether a token that was read, but not checked, carries the tag of its claims.
func (k *signingKey) tagged(t *jwt.Token) bool {
	shown, _ := t.Header[tagHeader].(string)
	return subtle.ConstantTimeCompare([]byte(shown), []byte(tag(k.tagging, claimsOf(t.Raw)))) == 1
}

// claimsOf returns the second part of a token, with or without its signature.
func claimsOf(text string) string {
	_, rest, _ := strings.Cut(text, ".")
	claims, _, _ := strings.Cut(rest, ".")
	return claims
}

// signed writes a token down and signs it.
func (k *signingKey) signed(t *jwt.Token) (string, error) {
	t.Header["typ"], t.Header["kid"] = tokenType, k.id
	plain, err := t.SigningString()
	if err != nil {
		return "", fmt.Errorf("writing a token: %w", err)
	}
	t.Header[tagHeader] = tag(k.tagging, claimsOf(plain))
	return t.SignedString(k.private)
}
