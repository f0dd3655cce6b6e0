package v1

import (
	"time"

	"github.com/verigate/verigate/verify"
)

// Usage is the answer of GET /v1/usage.
type Usage struct {
	Caller      string       `json:"caller"`
	Kind        string       `json:"kind"`
	Scopes      []string     `json:"scopes"`
	Purposes    []string     `json:"purposes"` // with which some call is answered
	Calls       UsageCalls   `json:"calls"`
	Rate        *UsageRate   `json:"rate"` // null: no limit
	Concurrency *UsagePlaces `json:"concurrency"`
	Quotas      []UsageQuota `json:"quotas"`
	RequestID   string       `json:"request_id"`
}

// UsageCalls are the purposes that the caller may ask with, by call: what its entry grants it and the field policy leaves.
type UsageCalls struct {
	Lookup []string `json:"lookup"`
	Verify []string `json:"verify"`
	Batch  []string `json:"batch"` // streams to /v1/verify
}

// UsageRate is the caller's rate limit.
type UsageRate struct {
	PerSecond int64 `json:"per_second"`
	Burst     int64 `json:"burst"`
	Remaining int64 `json:"remaining"`
}

// UsagePlaces is how many requests may be under way at once; the one that asks is one of them.
type UsagePlaces struct {
	Limit    int64 `json:"limit"`
	InFlight int64 `json:"in_flight"`
}

// UsageQuota is one long-term allowance.
type UsageQuota struct {
	Window    string `json:"window"`
	Limit     int64  `json:"limit"`
	Used      int64  `json:"used"`
	Remaining int64  `json:"remaining"`
	ResetsInS int64  `json:"resets_in_s"`
}

// NewUsage tells a caller what it may do under the field policy in force and what is left of it.
func NewUsage(c *verify.Caller, rights *verify.Entitlements, u *verify.Usage, id verify.RequestID) Usage {
	out := Usage{Caller: c.ID, Scopes: []string{}, Purposes: []string{}, Quotas: []UsageQuota{}, RequestID: id.String()}
	if int(c.Kind) < len(verify.CallerKindNames) {
		out.Kind = verify.CallerKindNames[c.Kind]
	}
	for i, name := range verify.ScopeNames {
		if c.Scopes.Has(1 << i) {
			out.Scopes = append(out.Scopes, name)
		}
	}
	out.grant(c, rights)
	if u.Rate > 0 {
		out.Rate = &UsageRate{PerSecond: u.Rate, Burst: u.Burst, Remaining: u.Remaining}
	}
	if u.Concurrency > 0 {
		out.Concurrency = &UsagePlaces{Limit: u.Concurrency, InFlight: u.InFlight}
	}
	for _, q := range u.Quotas {
		out.Quotas = append(out.Quotas, UsageQuota{
			Window: q.Window, Limit: q.Limit, Used: q.Used, Remaining: max(0, q.Limit-q.Used), ResetsInS: int64(q.Resets / time.Second),
		})
	}
	return out
}

// grant fills in what the caller may ask for: by the scope of each call, its own purposes and the field policy.
func (u *Usage) grant(c *verify.Caller, rights *verify.Entitlements) {
	u.Calls = UsageCalls{Lookup: []string{}, Verify: []string{}, Batch: []string{}}
	for p, name := range verify.PurposeNames {
		purpose := verify.Purpose(p)
		if purpose == verify.PurposeNone || !c.Allows(purpose) {
			continue
		}
		some := false
		for _, call := range []struct {
			call  verify.Call
			scope verify.Scope
			to    *[]string
		}{{verify.CallLookup, verify.ScopeLookup, &u.Calls.Lookup}, {verify.CallVerify, verify.ScopeVerify, &u.Calls.Verify}, {verify.CallBatch, verify.ScopeVerify, &u.Calls.Batch}} {
			if c.Scopes.Has(call.scope) && rights.Of(c.Kind, purpose, call.call).Allowed() {
				*call.to, some = append(*call.to, name), true
			}
		}
		if some {
			u.Purposes = append(u.Purposes, name)
		}
	}
}
