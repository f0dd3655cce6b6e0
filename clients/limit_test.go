package clients_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/verify"
)

// limited opens a directory with one caller that has the given limits.
func limited(t testing.TB, l clients.Limits, change ...func(*clients.Config)) (*fixture, *verify.Caller) {
	t.Helper()
	var key string
	d := open(t, func(f *clients.File, _ *clients.Secrets) {
		var e *clients.Entry
		e, key = add(t, f, "caller-1", "clinic")
		e.Limits = l
	}, change...)
	c, refusal := d.Authenticate(noon, []byte(key))
	if refusal != verify.RefusalNone {
		t.Fatal(refusal.Code())
	}
	return d, c
}

// bucket is the reference: a bucket that leaks one query per emission and holds burst of them. It counts what is in
// the bucket, where the limiter keeps the time at which it will be empty.
type bucket struct {
	emission, burst int64
	level, last     int64 // nanoseconds' worth of queries, and when it was that
}

func (b *bucket) ask(now, cost int64) bool {
	b.level, b.last = max(0, b.level-(now-b.last)), now
	need := cost * b.emission
	if b.level+need > max(b.burst*b.emission, need) {
		return false
	}
	b.level += need
	return true
}

// The limiter agrees with the bucket at every step, and its figures are exact: one nanosecond before RetryAfter the
// answer is still no, at RetryAfter it is yes; Remaining single queries pass and not one more.
func TestRateIsExact(t *testing.T) {
	rates := []int64{1, 3, 7, 20, 999, 5000}
	bursts := []int64{1, 2, 10, 100}
	type limits struct{ rate, burst int64 }
	opened := map[limits]func() (*fixture, *verify.Caller){}
	for _, r := range rates {
		for _, b := range bursts {
			opened[limits{r, b}] = sync.OnceValues(func() (*fixture, *verify.Caller) {
				return limited(t, clients.Limits{Rate: r, Burst: b, Concurrency: 1 << 20, Daily: 1 << 29})
			})
		}
	}
	now := noon
	rapid.Check(t, func(t *rapid.T) {
		l := limits{rapid.SampledFrom(rates).Draw(t, "rate"), rapid.SampledFrom(bursts).Draw(t, "burst")}
		d, c := opened[l]()
		now = later(now, 24*time.Hour) // the bucket is empty again
		ref := bucket{emission: int64(time.Second) / l.rate, burst: l.burst, last: now.Mono}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			now = later(now, time.Duration(rapid.Int64Range(0, 3*ref.emission).Draw(t, "pause")))
			cost := rapid.Int64Range(1, 2*l.burst).Draw(t, "cost")
			v := d.Admit(now, c, int(cost))
			if got, want := v.Refusal == verify.RefusalNone, ref.ask(now.Mono, cost); got != want {
				t.Fatalf("rate %d burst %d cost %d: admitted %v, the reference says %v", l.rate, l.burst, cost, got, want)
			}
			if v.Refusal != verify.RefusalNone {
				checkRetry(t, d, c, now, v, cost)
				now = later(now, v.RetryAfter)
				ref.ask(now.Mono, cost)
			}
		}
		checkRemaining(t, d, c, now)
	})
}

func checkRetry(t *rapid.T, d *fixture, c *verify.Caller, now verify.Instant, v verify.Verdict, cost int64) {
	if v.Refusal != verify.RefusalRate || v.RetryAfter <= 0 {
		t.Fatalf("refused by %q, retry after %v", v.Refusal.Code(), v.RetryAfter)
	}
	if early := d.Admit(later(now, v.RetryAfter-1), c, int(cost)); early.Refusal == verify.RefusalNone {
		t.Fatalf("admitted one nanosecond before RetryAfter %v", v.RetryAfter)
	}
	if due := d.Admit(later(now, v.RetryAfter), c, int(cost)); due.Refusal != verify.RefusalNone {
		t.Fatalf("still %q at RetryAfter %v", due.Refusal.Code(), v.RetryAfter)
	}
}

func checkRemaining(t *rapid.T, d *fixture, c *verify.Caller, now verify.Instant) {
	left := d.Usage(now, c).Remaining
	for i := range left {
		if v := d.Admit(now, c, 1); v.Refusal != verify.RefusalNone || v.Remaining != left-i-1 {
			t.Fatalf("query %d of %d remaining: %q, remaining %d", i+1, left, v.Refusal.Code(), v.Remaining)
		}
	}
	if v := d.Admit(now, c, 1); v.Refusal != verify.RefusalRate {
		t.Fatalf("more than the remaining %d passed", left)
	}
}

func later(i verify.Instant, d time.Duration) verify.Instant {
	return verify.Instant{Wall: i.Wall + int64(d), Mono: i.Mono + int64(d)}
}

// However many ask at once, no more than the limit are under way, and after all are done none is.
func TestConcurrency(t *testing.T) {
	const limit = 5
	d, c := limited(t, clients.Limits{Rate: 1_000_000, Burst: 1_000_000, Concurrency: limit})
	var under, most, refused atomic.Int64
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 2000 {
				v := d.Admit(noon, c, 1)
				if v.Refusal == verify.RefusalConcurrency {
					refused.Add(1)
					continue
				}
				n := under.Add(1)
				for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
				}
				under.Add(-1)
				d.Release(c)
			}
		})
	}
	wg.Wait()
	if most.Load() > limit {
		t.Errorf("%d under way at once, limit %d", most.Load(), limit)
	}
	if n := d.Usage(noon, c).InFlight; n != 0 {
		t.Errorf("%d under way after all were released", n)
	}
}

func TestConcurrencyRefuses(t *testing.T) {
	d, c := limited(t, clients.Limits{Rate: 1000, Burst: 1000, Concurrency: 2})
	d.Admit(noon, c, 1)
	d.Admit(noon, c, 0)
	v := d.Admit(noon, c, 1)
	if v.Refusal != verify.RefusalConcurrency || v.RetryAfter <= 0 {
		t.Errorf("the third: %q, retry after %v", v.Refusal.Code(), v.RetryAfter)
	}
	if left := d.Usage(noon, c).Remaining; left != 999 {
		t.Errorf("%d remaining, want 999: the refused request cost something", left)
	}
	d.Release(c)
	if v := d.Admit(noon, c, 1); v.Refusal != verify.RefusalNone {
		t.Errorf("after a release: %q", v.Refusal.Code())
	}
}

// The day is the Vietnamese calendar day; what is refused for the quota costs nothing of the rate.
func TestQuota(t *testing.T) {
	d, c := limited(t, clients.Limits{Rate: 1000, Burst: 1000, Concurrency: 100, Daily: 10})
	steps := []struct {
		name  string
		at    time.Duration // after noon
		cost  int
		want  verify.Refusal
		used  int64
		retry time.Duration
	}{
		{"most of it", 0, 9, verify.RefusalNone, 9, 0},
		{"too much", 0, 2, verify.RefusalQuota, 9, 12 * time.Hour},
		{"what is left", time.Hour, 1, verify.RefusalNone, 10, 0},
		{"one more", 11 * time.Hour, 1, verify.RefusalQuota, 10, time.Hour},
		{"at midnight", 12 * time.Hour, 1, verify.RefusalNone, 1, 0},
		{"the clock went back a minute", 12*time.Hour - time.Minute, 1, verify.RefusalNone, 2, 0},
		{"the next day", 36 * time.Hour, 10, verify.RefusalNone, 10, 0},
		{"the clock had been wrong by years", 1000 * 24 * time.Hour, 10, verify.RefusalNone, 10, 0},
		{"and is put right", 37 * time.Hour, 3, verify.RefusalNone, 3, 0},
	}
	for i, s := range steps {
		now := at(s.at)
		now.Mono = noon.Mono + int64(i)*int64(time.Second) // only the wall clock ever goes back
		v := d.Admit(now, c, s.cost)
		if v.Refusal != s.want || v.RetryAfter != s.retry {
			t.Errorf("%s: %q, retry after %v; want %q, %v", s.name, v.Refusal.Code(), v.RetryAfter, s.want.Code(), s.retry)
		}
		if used := d.Usage(now, c).Quotas[0].Used; used != s.used {
			t.Errorf("%s: %d used, want %d", s.name, used, s.used)
		}
	}
	u := d.Usage(at(37*time.Hour), c)
	if u.InFlight != 7 || u.Quotas[0].Resets != 23*time.Hour {
		t.Errorf("%d under way, want 7 (refusals hold no place); resets in %v, want 23h", u.InFlight, u.Quotas[0].Resets)
	}
}

func TestQuotaRefusalCostsNoRate(t *testing.T) {
	d, c := limited(t, clients.Limits{Rate: 1, Burst: 100, Concurrency: 100, Daily: 5})
	for range 50 {
		d.Admit(noon, c, 6)
	}
	if left := d.Usage(noon, c).Remaining; left != 100 {
		t.Errorf("%d remaining of 100", left)
	}
}

func TestSpend(t *testing.T) {
	d, c := limited(t, clients.Limits{Rate: 10, Burst: 20, Concurrency: 1})
	d.Admit(noon, c, 0)
	if v := d.Spend(noon, c, 20); v.Refusal != verify.RefusalNone {
		t.Errorf("a chunk of a stream: %q", v.Refusal.Code())
	}
	if v := d.Spend(noon, c, 5); v.Refusal != verify.RefusalRate || v.RetryAfter != 500*time.Millisecond {
		t.Errorf("the next chunk: %q, retry after %v; want rate_limited, 500ms", v.Refusal.Code(), v.RetryAfter)
	}
	if n := d.Usage(noon, c).InFlight; n != 1 {
		t.Errorf("%d under way, want 1", n)
	}
}

func TestUnlimited(t *testing.T) {
	d, c := limited(t, clients.Limits{Rate: 1, Burst: 1, Concurrency: 1, Daily: 1}, func(c *clients.Config) { c.Unlimited = true })
	for range 100 {
		if v := d.Admit(noon, c, 1000); v != (verify.Verdict{}) {
			t.Fatalf("%+v", v)
		}
	}
}

// A snapshot that is none of this directory's has no limits here: it goes on.
func TestForeignCallerFailsOpen(t *testing.T) {
	d, _ := limited(t, clients.Limits{})
	for _, slot := range []int{-1, 99} {
		c := &verify.Caller{Slot: slot}
		if v := d.Admit(noon, c, 1); v != (verify.Verdict{}) {
			t.Errorf("slot %d: %+v", slot, v)
		}
		d.Release(c)
	}
}

func BenchmarkAdmit(b *testing.B) {
	d, c := limited(b, clients.Limits{Rate: 1_000_000, Burst: 1_000_000, Concurrency: 1000, Daily: 1_000_000_000})
	b.ReportAllocs()
	now := noon
	for b.Loop() {
		now.Mono += 2000
		if v := d.Admit(now, c, 1); v.Refusal != verify.RefusalNone {
			b.Fatal(v.Refusal.Code())
		}
		d.Release(c)
	}
}
