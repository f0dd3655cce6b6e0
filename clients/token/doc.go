// Package token issues short-lived access tokens to callers and knows them again (OAuth 2.0 client credentials, RFC
// 6749; tokens in the shape of RFC 9068, signed EdDSA).
//
// It promises that a token is worth no more than what it was got with: every token names the caller's API key, public
// key or certificate, and ends with it, with its caller, and with a change of the caller's rights, as soon as the
// directory says so. A token that was checked is remembered by its whole text for as long as it lives, so that the next
// request costs a look-up, no signature and no allocation; what is remembered is bounded, and refusals are not.
//
// It fails closed: without a signing key there are no tokens, and a token that cannot be checked is refused. It must
// never print a token, an assertion or a private key, nor keep one anywhere but in memory.
package token
