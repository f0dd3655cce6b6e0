// Package clients knows who is calling: the directory of callers, their credentials and their limits.
//
// The directory is one text, a line per caller (see [Decode]), in a file or, for several nodes, in Redis (see
// [RedisStore]), kept in memory as immutable tables behind one atomic pointer: a request reads it without a lock and
// without allocating. Its place is looked at again and again; a change is in force within [Config].Poll. A broken
// directory is refused whole, with the line and the reason, and the callers known before stay; so they do while Redis is
// away. Nodes tell each other what callers have used, and correct their limits by it.
//
// It fails closed where a caller cannot be known: an unknown, malformed, expired or revoked credential is refused, and
// never in a way that tells whether an account exists. It fails open where only fairness is at stake: a limit that
// cannot be found does not stop a request.
//
// It must never keep or print a secret in the clear after it was issued: keys are stored as SHA-256, portal passwords
// and staff numbers as HMAC-SHA-256, and staff names sealed, all under one key from a secret file, so that whoever has
// only the file can neither log in nor learn who works where. It must never take from Redis what is not sealed under that
// key, or older than what it knows.
package clients
