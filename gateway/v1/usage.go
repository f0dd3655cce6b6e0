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
	Purposes    []string     `json:"purposes"`
	Rate        *UsageRate   `json:"rate"` // null: no limit
	Concurrency *UsagePlaces `json:"concurrency"`
	Quotas      []UsageQuota `json:"quotas"`
	RequestID   string       `json:"request_id"`
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

// NewUsage tells a caller what it may do and what is left of it.
func NewUsage(c *verify.Caller, u *verify.Usage, id verify.RequestID) Usage {
	out := Usage{Caller: c.ID, Scopes: []string{}, Purposes: []string{}, Quotas: []UsageQuota{}, RequestID: id.String()}
	if int(c.Kind) < len(verify.CallerKindNames) {
		out.Kind = verify.CallerKindNames[c.Kind]
	}
	for i, name := range verify.ScopeNames {
		if c.Scopes.Has(1 << i) {
			out.Scopes = append(out.Scopes, name)
		}
	}
	for p, name := range verify.PurposeNames {
		if p > 0 && c.Allows(verify.Purpose(p)) {
			out.Purposes = append(out.Purposes, name)
		}
	}
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
