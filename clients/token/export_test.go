package token

import (
	"crypto/ed25519"

	"github.com/golang-jwt/jwt/v5"
)

// Tag gives a token that a test forges the tag that the holder of the key would.
func Tag(private ed25519.PrivateKey, t *jwt.Token) error {
	plain, err := t.SigningString()
	if err != nil {
		return err
	}
	t.Header[tagHeader] = tag(taggingKey(private), claimsOf(plain))
	return nil
}
