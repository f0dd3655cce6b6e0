// Package clients knows who is calling: the directory of callers, their credentials and their limits.
//
// The directory is one file, a line per caller (see [Decode]), kept in memory as immutable tables behind one atomic
// pointer: a request reads it without a lock and without allocating. The file is watched; a change is in force within
// [Config].Poll. A broken file is refused whole, with the line and the reason, and the callers known before stay.
//
// It fails closed where a caller cannot be known: an unknown, malformed, expired or revoked credential is refused, and
// never in a way that tells whether an account exists. It fails open where only fairness is at stake: a limit that
// cannot be found does not stop a request.
//
// It must never keep or print a secret in the clear after it was issued: keys are stored as SHA-256, portal passwords
// and staff numbers as HMAC-SHA-256, and staff names sealed, all under one key from a secret file, so that whoever has
// only the file can neither log in nor learn who works where.
package clients
