package audit_test

import (
	"context"
	"fmt"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/verigate/verigate/audit"
	"github.com/verigate/verigate/verify"
)

// clockAt is a clock that stands where it is put.
type clockAt struct{ wall atomic.Int64 }

func (c *clockAt) now() verify.Instant {
	w := c.wall.Load()
	return verify.Instant{Wall: w, Mono: w}
}

func (c *clockAt) put(t time.Time) { c.wall.Store(t.UnixNano()) }

var noon = time.Date(2026, 11, 21, 5, 0, 0, 0, time.UTC)

func counts(t testing.TB, dir string) (found []audit.Count) {
	t.Helper()
	s := audit.Search{Dir: dir, Problem: func(err error) { t.Error(err) }, Visit: func(f *audit.Found) error {
		if f.Count != nil {
			found = append(found, *f.Count)
		}
		return nil
	}}
	if err := s.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	return found
}

func refusal(c *verify.Caller, code string) []verify.Decision {
	return []verify.Decision{{Caller: c, Code: code}}
}

// However many refusals of a kind a caller or an address causes in a second, they become one record at once and one at
// the end of the second, and none goes uncounted.
func TestFloodIsCounted(t *testing.T) {
	cfg := settings(t, quick)
	var clock clockAt
	clock.put(noon)
	l, err := audit.Open(cfg, audit.Deps{Clock: clock.now})
	if err != nil {
		t.Fatal(err)
	}
	address := netip.MustParseAddr("192.0.2.7")
	for second := range 3 {
		clock.put(noon.Add(time.Duration(second) * time.Second))
		for range 1000 {
			if err := l.Record(context.Background(), refusal(caller, "rate_limited")); err != nil {
				t.Fatal(err)
			}
			if err := l.Refused(nil, address, "key_unknown"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	records, total := map[string]int{}, map[string]int{}
	for _, c := range counts(t, cfg.Dir) {
		key := fmt.Sprintf("%s %s %v", c.Code, c.Caller, c.Address)
		records[key]++
		total[key] += int(c.Number)
	}
	for _, key := range []string{"rate_limited clinic-01000 invalid IP", "key_unknown  192.0.2.7"} {
		if records[key] != 6 || total[key] != 3000 {
			t.Errorf("%s: %d in %d records, want 3000 in 6", key, total[key], records[key])
		}
	}
	if len(records) != 2 {
		t.Errorf("%v", records)
	}
}

// A decision about a person is never counted away, whatever its code.
func TestDecisionsAreNotCounted(t *testing.T) {
	cfg := settings(t, quick)
	l := open(t, cfg)
	d := decision(1)
	d.Outcome, d.Code = verify.OutcomeNone, "harvest_suspected"
	batch := []verify.Decision{refusal(caller, "rate_limited")[0], d, decision(2), refusal(nil, "key_unknown")[0], d}
	if err := l.Record(context.Background(), batch); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	r := mustVerify(t, audit.VerifyConfig{Dir: cfg.Dir})
	if r.Decisions != 3 || r.Counts != 2 {
		t.Errorf("%d decisions and %d counts, want 3 and 2", r.Decisions, r.Counts)
	}
}

// A flood from everywhere is bounded: beyond the memory and the disk it may take, all are counted together.
func TestFloodIsBounded(t *testing.T) {
	cfg := settings(t, quick, func(c *audit.Config) { c.FloodQuota = 1 << 20 })
	var clock clockAt
	clock.put(noon)
	l, err := audit.Open(cfg, audit.Deps{Clock: clock.now})
	if err != nil {
		t.Fatal(err)
	}
	const seconds, each = 20, 10_000
	for second := range seconds {
		clock.put(noon.Add(time.Duration(second) * time.Second))
		for i := range each {
			a := netip.AddrFrom4([4]byte{10, byte(second), byte(i >> 8), byte(i)})
			if err := l.Refused(nil, a, "key_unknown"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	all := counts(t, cfg.Dir)
	total := 0
	for _, c := range all {
		total += int(c.Number)
	}
	if total != seconds*each {
		t.Errorf("%d counted, want %d", total, seconds*each)
	}
	if limit := 1<<20/128 + 4096 + 10; len(all) > limit {
		t.Errorf("%d records, want at most %d", len(all), limit)
	}
}
