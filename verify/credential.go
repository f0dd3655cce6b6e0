package verify

import (
	"crypto/sha256"
	"time"
)

// Digest is a SHA-256.
type Digest [sha256.Size]byte

// Certificate is what the program knows of the client certificate that a connection was opened with. Its chain was
// checked; whose it is is not decided yet.
type Certificate struct {
	Key   Digest // of its SubjectPublicKeyInfo: what a directory entry names, and a renewal under the same key keeps
	Whole Digest // of the certificate itself: what access tokens are bound to (RFC 8705, x5t#S256)
}

// TokenRequest asks for an access token by client credentials (RFC 6749, 4.4), as the edge read it. Exactly one of
// Secret and Assertion says who asks, or neither, and then it is the certificate. Byte slices are views into the
// request.
type TokenRequest struct {
	Client      string       // the caller's id; may be empty beside an assertion, which names it
	Secret      []byte       // client_secret_basic: one of the caller's API keys
	Assertion   []byte       // private_key_jwt (RFC 7523)
	Certificate *Certificate // of the connection; nil: none
	Scopes      Scope        // wanted; 0: all that the caller has
	Purpose     Purpose      // wanted; 0: any that the caller has
	ID          RequestID    // becomes the token's jti
	Once        string       // set by whoever reads the assertion: its id, good for one token
}

// TokenGrant is an access token that was issued.
type TokenGrant struct {
	Token  []byte
	Life   time.Duration // from now
	Scopes Scope
}
