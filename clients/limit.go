package clients

import (
	"sync/atomic"
	"time"

	"github.com/verigate/verigate/verify"
)

// rule is a caller's limits in the units the limiter counts in. Zero means no limit.
type rule struct {
	emission    int64 // nanoseconds that one query costs
	burst       int64 // queries
	concurrency int64
	daily       int64
	rate        int64 // as configured, for Usage
}

func newRule(l Limits) rule {
	r := rule{burst: l.Burst, concurrency: l.Concurrency, daily: l.Daily, rate: l.Rate}
	if l.Rate > 0 {
		r.emission = int64(time.Second) / l.Rate
		r.burst = max(l.Burst, 1)
	}
	return r
}

func (r *rule) window() int64 { return r.emission * r.burst }

// slot is what is counted of one caller. It outlives every version of the directory, so that a reload neither refills
// a bucket nor forgets a request under way.
type slot struct {
	rule     atomic.Pointer[rule]
	status   atomic.Uint32 // verify.Refusal: a caller suspended while its requests or streams are under way
	tat      atomic.Int64  // theoretical arrival time on the monotonic clock: the rate's bucket is full from then on
	inFlight atomic.Int64
	day      atomic.Uint64 // daily quota: see dayBits
	others   atomic.Uint64 // the same, counted by other nodes and by this one before it restarted
	_        [16]byte      // a cache line, and one to itself
}

// concurrencyRetry is what a caller with too many requests under way is told to wait: about as long as one takes.
const concurrencyRetry = time.Second

func (s *slot) admit(now verify.Instant, cost int64) verify.Verdict {
	if refusal := verify.Refusal(s.status.Load()); refusal != verify.RefusalNone {
		return verify.Verdict{Refusal: refusal}
	}
	r := s.rule.Load()
	if n := s.inFlight.Add(1); r.concurrency > 0 && n > r.concurrency {
		s.inFlight.Add(-1)
		return verify.Verdict{Refusal: verify.RefusalConcurrency, RetryAfter: concurrencyRetry}
	}
	v := s.spend(now, r, cost)
	if v.Refusal != verify.RefusalNone {
		s.inFlight.Add(-1)
	}
	return v
}

// spend takes cost queries from the rate and then from the day's quota. A refusal by either leaves both as they were.
func (s *slot) spend(now verify.Instant, r *rule, cost int64) verify.Verdict {
	v := s.takeRate(now.Mono, r, cost)
	if v.Refusal != verify.RefusalNone || r.daily == 0 {
		return v
	}
	if s.takeQuota(now.Wall, r.daily, cost) {
		return v
	}
	if r.emission > 0 {
		s.tat.Add(-r.emission * cost)
	}
	return verify.Verdict{Refusal: verify.RefusalQuota, RetryAfter: untilTomorrow(now.Wall), Limit: r.daily, Reset: untilTomorrow(now.Wall)}
}

// takeRate is the generic cell rate algorithm: exact, one word of state, nothing to refill. A request that costs more
// than the whole burst passes when the bucket is full and pays the rest afterwards, so that a large chunk is slow
// rather than impossible.
func (s *slot) takeRate(now int64, r *rule, cost int64) verify.Verdict {
	if r.emission == 0 {
		return verify.Verdict{}
	}
	window := r.window()
	for {
		tat := s.tat.Load()
		from := max(tat, now)
		next := from + r.emission*cost
		if cost > 0 && next-now > max(window, r.emission*cost) {
			wait := next - now - max(window, r.emission*cost)
			return verify.Verdict{Refusal: verify.RefusalRate, RetryAfter: time.Duration(wait), Limit: r.burst, Remaining: r.left(tat - now), Reset: time.Duration(tat - now)}
		}
		if cost == 0 || s.tat.CompareAndSwap(tat, next) {
			return verify.Verdict{Limit: r.burst, Remaining: r.left(next - now), Reset: time.Duration(next - now)}
		}
	}
}

// left returns how many queries may still be asked at once when the bucket is full after ahead nanoseconds.
func (r *rule) left(ahead int64) int64 { return max(0, (r.window()-ahead)/r.emission) }

// The day's count is one word: the number of the Vietnamese calendar day above, the queries asked on it below.
const (
	dayBits   = 40
	dayCount  = 1<<dayBits - 1
	dayLength = int64(24 * time.Hour)
	// vietnamOffset is the country's only offset from UTC: no daylight saving since 1975.
	vietnamOffset = int64(7 * time.Hour)
)

func dayOf(wall int64) uint64 { return uint64((wall + vietnamOffset) / dayLength) }

func untilTomorrow(wall int64) time.Duration {
	return time.Duration(dayLength - (wall+vietnamOffset)%dayLength)
}

func (s *slot) takeQuota(wall, limit, cost int64) bool {
	today := dayOf(wall)
	for {
		word := s.day.Load()
		day, used := countOn(word, today)
		if used+s.elsewhere(day)+cost > limit {
			return false
		}
		if s.day.CompareAndSwap(word, day<<dayBits|uint64(used+cost)) {
			return true
		}
	}
}

// elsewhere returns what others counted on a day.
func (s *slot) elsewhere(day uint64) int64 {
	if word := s.others.Load(); word>>dayBits == day {
		return int64(word & dayCount)
	}
	return 0
}

// charge takes from the rate what was asked elsewhere since the last time, at most what one node lets through in span.
func (s *slot) charge(now, queries int64, span time.Duration) {
	r := s.rule.Load()
	if r.emission == 0 || queries <= 0 {
		return
	}
	most := r.window() + int64(span)
	debt := most
	if queries < most/r.emission {
		debt = queries * r.emission
	}
	for {
		tat := s.tat.Load()
		if s.tat.CompareAndSwap(tat, max(tat, now)+debt) {
			return
		}
	}
}

// countOn returns the day that is counted on and its count. A clock that was put back past midnight keeps counting on
// the day it came from; one put back further was wrong before, and the count begins anew.
func countOn(word, today uint64) (day uint64, used int64) {
	if day = word >> dayBits; day == today || day == today+1 {
		return day, int64(word & dayCount)
	}
	return today, 0
}

func (s *slot) usage(now verify.Instant) verify.Usage {
	r := s.rule.Load()
	u := verify.Usage{Rate: r.rate, Burst: r.burst, Concurrency: r.concurrency, InFlight: s.inFlight.Load()}
	if r.emission > 0 {
		u.Remaining = r.left(max(0, s.tat.Load()-now.Mono))
	}
	if r.daily > 0 {
		day, used := countOn(s.day.Load(), dayOf(now.Wall))
		used += s.elsewhere(day)
		u.Quotas = []verify.QuotaUsage{{Window: "day", Limit: r.daily, Used: used, Resets: untilTomorrow(now.Wall)}}
	}
	return u
}
