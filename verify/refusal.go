package verify

import (
	"time"

	"github.com/verigate/verigate/identity"
)

// Refusal is why a request is not answered at all: a kind that every package can name, and that one table in the
// gateway turns into a status and a text. RefusalNone means "go on".
type Refusal uint8

// The refusals. Their names are the stable codes of the native API; structural refusals are [identity.Fault]s.
const (
	RefusalNone               Refusal = iota
	RefusalKeyMissing                 // 401 key_missing
	RefusalKeyMalformed               // 401 key_malformed: a key or token damaged on its way, told without looking anybody up
	RefusalKeyUnknown                 // 401 key_unknown: unknown or wrong, deliberately not told apart
	RefusalKeyExpired                 // 401 key_expired
	RefusalKeyRevoked                 // 401 key_revoked
	RefusalTokenExpired               // 401 token_expired: an access token after its time
	RefusalReplayed                   // 401 assertion_replayed: a signed request for a token, shown a second time
	RefusalTokenRevoked               // 401 token_revoked: what the access token was got with has ended
	RefusalCertificate                // 401 certificate_mismatch: a certificate is demanded, and none or another was shown
	RefusalCertificateRevoked         // 401 certificate_revoked: or expired, or no longer of a trusted authority
	RefusalScope                      // 403 scope_missing
	RefusalPurpose                    // 403 purpose_not_allowed
	RefusalSuspended                  // 403 caller_suspended
	RefusalHarvest                    // 403 harvest_suspected
	RefusalHarvestSlow                // 429 harvest_suspected
	RefusalStaffMissing               // 403 staff_missing
	RefusalRate                       // 429 rate_limited
	RefusalConcurrency                // 429 rate_limited
	RefusalQuota                      // 429 quota_exhausted
	RefusalOverloaded                 // 503 overloaded
	RefusalUnavailable                // 503 unavailable
	RefusalIdentifierMissing          // 400 identifier_missing
	RefusalIdentifierMany             // 400 identifier_ambiguous: more than one of id, code, card, qr
	RefusalClaimsMissing              // 400 claims_missing
	RefusalBody                       // 400 body_malformed
	RefusalField                      // 400 field_unknown
	RefusalBodyTooLarge               // 413 body_too_large
	RefusalHeaderTooLarge             // 431 header_too_large
	RefusalMediaType                  // 415 media_type_unsupported
	RefusalMethod                     // 405 method_not_allowed
	RefusalPath                       // 404 path_unknown
	RefusalTimeout                    // 408 request_timeout
	RefusalInternal                   // 500 internal
	RefusalWithheld                   // 403 outcome_withheld: known, but not to be told to this caller for this purpose
	Refusals                          // how many there are
)

// Verdict is a limiter's or budget's word on one request.
type Verdict struct {
	Refusal    Refusal       // RefusalNone: go on
	RetryAfter time.Duration // with a refusal: when asking again makes sense
	Delay      time.Duration // with RefusalNone: hold the answer back this long (a slowed caller)
	Limit      int64         // RateLimit-Limit: requests per Window, 0: none
	Remaining  int64         // RateLimit-Remaining
	Reset      time.Duration // RateLimit-Reset
}

// Decision is what the audit log is told of one answer, before the answer leaves. It carries no raw identifier, name or
// birth date; strings belong to the caller snapshot or to static tables.
type Decision struct {
	At        Instant
	RequestID RequestID
	Row       uint32 // 1-based row of a batch; 0: not a batch
	Caller    *Caller
	Call      Call
	Purpose   Purpose
	Staff     Subject // keyed hash of the staff member's number; zero: none named
	Kind      identity.Kind
	Subject   Subject // keyed hash of the identifier; zero: the request never got that far
	Outcome   Outcome // OutcomeNone with a refusal
	Reason    Reason
	Trouble   Trouble
	Code      string // portal code, or the refusal's stable code
	Fields    Fields
	Released  Released
	Source    Source
	AsOf      int64
	Version   uint64
}

// Released says which parts of an answer left the house, as a bit set.
type Released uint8

// The releasable parts.
const (
	ReleasedCoverage  Released = 1 << iota // card, validity, facility, benefit
	ReleasedPerson                         // name, birth date, sex, address from the register
	ReleasedSuccessor                      // the newer card or number
	ReleasedDetails                        // how the claims compare, or which of them disagrees
	ReleasedReason                         // why there is no coverage
)

// RequestID is a 128-bit id, shown as 32 hexadecimal digits.
type RequestID [16]byte

const hexDigits = "0123456789abcdef"

// AppendTo appends the 32 hexadecimal digits of the id.
func (r RequestID) AppendTo(dst []byte) []byte {
	for _, b := range r {
		dst = append(dst, hexDigits[b>>4], hexDigits[b&15])
	}
	return dst
}

// String returns the 32 hexadecimal digits.
func (r RequestID) String() string { return string(r.AppendTo(nil)) }
