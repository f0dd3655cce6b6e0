package verify

import "time"

// Usage is what a caller may do and has done, as told by /v1/usage. Zero limits mean "no limit".
type Usage struct {
	Rate        int64 // requests per second, sustained
	Burst       int64 // requests at once after a pause
	Remaining   int64 // of Burst, now
	Concurrency int64 // requests under way at once
	InFlight    int64 // of Concurrency, now
	Quotas      []QuotaUsage
}

// QuotaUsage is one long-term allowance of a caller: so many queries per day, say.
type QuotaUsage struct {
	Window string // "day" or "month"
	Limit  int64
	Used   int64
	Resets time.Duration // until Used is zero again
}
