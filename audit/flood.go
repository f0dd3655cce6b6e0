package audit

import (
	"net/netip"
	"sync"
	"time"

	"github.com/verigate/verigate/verify"
)

// floodKey says which refusals are counted together.
type floodKey struct {
	caller string
	addr   netip.Addr
	code   string
}

// floods counts refusals that a caller or a stranger can cause as fast as it can send: one record at once for the first
// of a kind in a second, and one at the end of the second for the rest, whatever their number. Memory is bounded by
// maxFloods, the disk by flood_quota: beyond either, refusals of one kind are counted together for everybody.
type floods struct {
	mu      sync.Mutex
	period  int64 // the second, or minute, that is counted
	counted map[floodKey]uint32
	day     int64
	spent   int64 // bytes written on that day
}

const (
	maxFloods  = 4096
	floodBytes = 128 // what one record of a count takes at most, nearly always less
)

// isFlood tells whether a decision is a refusal to ask at all that costs its sender nothing: whatever is refused to a
// stranger, and what a caller's own limits and standing refuse.
func isFlood(d *verify.Decision) bool {
	if d.Outcome != verify.OutcomeNone || d.Subject != (verify.Subject{}) {
		return false
	}
	if d.Caller == nil {
		return true
	}
	switch d.Code {
	case "key_expired", "key_revoked", "token_expired", "token_revoked", "certificate_mismatch", "certificate_revoked",
		"caller_suspended", "harvest_suspected", "rate_limited", "quota_exhausted", "overloaded", "101", "401":
		return true
	}
	return false
}

func floodOf(d *verify.Decision) floodKey { return floodKey{caller: callerOf(d).ID, code: d.Code} }

// Refused records that something was refused to a caller (nil: an unknown one) or an address before there was anything
// to decide: a wrong password, an invalid key, too many requests. Many in one second become one count.
func (l *Log) Refused(c *verify.Caller, addr netip.Addr, code string) error {
	if l.failed.Load() != nil {
		return errFailed
	}
	if c == nil {
		c = &nobody
	}
	return l.floods.add(l, floodKey{caller: c.ID, addr: addr, code: code})
}

func (f *floods) add(l *Log, k floodKey) error {
	now := l.deps.Clock().Wall
	f.mu.Lock()
	defer f.mu.Unlock()
	over := f.overQuota(l, now)
	f.roll(l, now, over)
	n, known := f.counted[k]
	if over || !known && len(f.counted) >= maxFloods {
		k = floodKey{code: k.code}
		n, known = f.counted[k]
	}
	if known {
		f.counted[k] = n + 1
		return nil
	}
	if f.counted == nil {
		f.counted = make(map[floodKey]uint32)
	}
	f.counted[k] = 0
	return f.write(l, k, 1)
}

// roll writes down what was counted when the period is over.
func (f *floods) roll(l *Log, now int64, over bool) {
	length := int64(time.Second)
	if over {
		length = int64(time.Minute)
	}
	period := now - now%length
	if period <= f.period && f.period-period < int64(time.Hour) {
		return
	}
	for k, n := range f.counted {
		if n > 0 {
			// What cannot be written is not lost: the gap tells how many records are missing.
			if err := f.write(l, k, n); err != nil {
				l.gap.add(int(n), now, err)
			}
		}
	}
	clear(f.counted)
	f.period = period
}

func (f *floods) overQuota(l *Log, now int64) bool {
	if day := now / int64(24*time.Hour); day != f.day {
		f.day, f.spent = day, 0
	}
	return f.spent >= l.cfg.FloodQuota.Bytes()
}

func (f *floods) write(l *Log, k floodKey, n uint32) error {
	f.spent += floodBytes
	var buf [256]byte
	c := Count{At: max(f.period, 0), Number: n, Caller: k.caller, Address: k.addr, Code: k.code}
	if n == 1 {
		c.At = l.deps.Clock().Wall
	}
	if err := l.put(TypeCount, encodeCount(buf[:0], &c)); err != nil {
		return err
	}
	l.count.counts.Inc()
	return nil
}

// flush writes down what was counted in a period that is over, or in any case.
func (f *floods) flush(l *Log, all bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := l.deps.Clock().Wall
	over := f.overQuota(l, now)
	if all {
		now += int64(time.Minute)
	}
	f.roll(l, now, over)
}
