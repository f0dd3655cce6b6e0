package gateway

import (
	"context"
	"net/netip"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/resolve"
	"github.com/verigate/verigate/verify"
)

// Resolver answers a batch of parsed queries. It does not fail: what cannot be known, or cannot be recorded, becomes
// [verify.OutcomeUnavailable] in the item's answer. *resolve.Resolver is one.
type Resolver interface {
	Resolve(ctx context.Context, b *resolve.Batch)
}

// Callers knows the holders of credentials. Arguments are views into the request, of which nothing is kept; nothing
// allocates. A caller is returned with a refusal too, when it is known, so that the refusal is recorded under its name.
type Callers interface {
	// Authenticate finds the holder of an API key.
	Authenticate(now verify.Instant, bearer []byte) (*verify.Caller, verify.Refusal)
	// Certified finds the caller whose client certificate is a credential by itself.
	Certified(now verify.Instant, shown *verify.Certificate) (*verify.Caller, verify.Refusal)
	// Holder returns the caller as it is now for a credential that was good before.
	Holder(now verify.Instant, callerID, keyID string) (*verify.Caller, verify.Refusal)
}

// Tokens issues short-lived access tokens and knows them again.
type Tokens interface {
	TokenChecker
	TokenIssuer
	TokenPublisher
}

// TokenChecker finds the holder of an access token on a connection with that certificate, if any. It follows the rules of
// [Callers].
type TokenChecker interface {
	Check(now verify.Instant, token []byte, shown *verify.Certificate) (*verify.Caller, verify.Refusal)
}

// TokenIssuer finds who asks for a token, and makes it once the edge has let the caller in. A request is good for one
// token.
type TokenIssuer interface {
	Client(now verify.Instant, req *verify.TokenRequest) (*verify.Caller, verify.Refusal)
	Issue(now verify.Instant, c *verify.Caller, req *verify.TokenRequest) (verify.TokenGrant, verify.Refusal)
}

// TokenPublisher tells others how to check tokens: a JWK set and an authorization server's metadata, as JSON.
type TokenPublisher interface {
	Keys() []byte
	Metadata() []byte
}

// PortalAccounts knows the accounts of the national portal's contract. Names are compared without regard to letter
// case; arguments are views into the request.
type PortalAccounts interface {
	// Login checks an account's password, given as the 32 hexadecimal digits of its MD5 in either case. A suspended
	// account is returned together with [verify.RefusalSuspended]: it is given a token, so that its lookups can say why
	// they are not answered.
	Login(now verify.Instant, username, md5hex []byte, addr netip.Addr) (*verify.Caller, verify.Refusal)

	// Account returns the account a token was issued for. The epoch changes when the password does or the account is
	// revoked, which ends all tokens issued before; ok is false when there is no such account.
	Account(username []byte) (caller *verify.Caller, epoch uint32, ok bool)

	// Officer tells whether the officer named in a lookup is on the list the caller registered: Status000,
	// Status054 (unknown number) or Status055 (another name).
	Officer(c *verify.Caller, idNumber, name []byte) verify.PortalStatus
}

// Limits holds each caller to its rate, quota and concurrency. It fails open: when it is broken the request goes on.
type Limits interface {
	// Admit asks for cost queries (0: only a place among those under way). Without a refusal the caller holds a place
	// until Release; with one it does not.
	Admit(now verify.Instant, c *verify.Caller, cost int) verify.Verdict
	Release(c *verify.Caller)
	// Spend asks for cost queries more within a request that was admitted: a further chunk of a stream.
	Spend(now verify.Instant, c *verify.Caller, cost int) verify.Verdict
	Usage(now verify.Instant, c *verify.Caller) verify.Usage
}

// Budget is asked before a question is put to the register whether this caller has asked about too many people in
// vain, or about this one too often. It fails open.
type Budget interface {
	Ask(now verify.Instant, c *verify.Caller, staff, subject verify.Subject, k identity.Key) verify.Verdict
}

// Policy is the field policy in force. The table is immutable; another one may be returned from one moment to the next.
type Policy interface {
	Entitlements() *verify.Entitlements
}

// Recorder is the audit log for what never reaches the resolver: refusals and portal log-ins. Record returns nil only
// when every decision is in the log; it keeps nothing of the slice.
type Recorder interface {
	Record(ctx context.Context, decisions []verify.Decision) error
}

type noBudget struct{}

func (noBudget) Ask(verify.Instant, *verify.Caller, verify.Subject, verify.Subject, identity.Key) verify.Verdict {
	return verify.Verdict{}
}
