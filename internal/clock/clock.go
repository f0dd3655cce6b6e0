// Package clock reads the system clock as a [verify.Instant].
package clock

import (
	"time"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

var (
	start  = time.Now()
	asleep = newSleeps(start)
)

func newSleeps(now time.Time) *sleeps {
	s := new(sleeps)
	s.offset.Store(now.UnixNano())
	return s
}

// System reads wall and monotonic time in one call; it follows a testing/synctest bubble when called in one. Time that
// the machine slept counts on the monotonic clock.
func System() verify.Instant {
	now := time.Now()
	wall, mono := now.UnixNano(), int64(now.Sub(start))
	return verify.Instant{Wall: wall, Mono: mono + asleep.count(wall, mono)}
}

// On returns a clock whose wall time is shifted by whole days so that today is the given date; monotonic time is real.
// It is how a demonstration runs on a fixed date.
func On(today identity.Date) verify.Clock {
	from := System().Today()
	days := daysBetween(from, today)
	return func() verify.Instant {
		i := System()
		i.Wall += days * int64(24*time.Hour)
		return i
	}
}

func daysBetween(a, b identity.Date) int64 {
	at := func(d identity.Date) time.Time {
		return time.Date(int(d.Year), time.Month(d.Month), int(d.Day), 0, 0, 0, 0, time.UTC)
	}
	return int64(at(b).Sub(at(a)) / (24 * time.Hour))
}
