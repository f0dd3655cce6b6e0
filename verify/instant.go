package verify

import (
	"time"

	"github.com/verigate/verigate/identity"
)

// Instant is one reading of the clock: wall time for display and days, monotonic time for ages. It holds no pointer.
type Instant struct {
	Wall int64 // nanoseconds since the Unix epoch
	Mono int64 // nanoseconds on this process's monotonic clock; only differences mean something
}

// Clock reads the time; it is safe for concurrent use.
type Clock func() Instant

// Since returns the monotonic time passed from e to i.
func (i Instant) Since(e Instant) time.Duration { return time.Duration(i.Mono - e.Mono) }

// Time returns the wall time in UTC.
func (i Instant) Time() time.Time { return time.Unix(0, i.Wall).UTC() }

// vietnamOffset is the country's offset from UTC: it has one zone and no daylight saving since 1975.
const vietnamOffset = 7 * 60 * 60

// Today returns the Vietnamese civil date at i.
func (i Instant) Today() identity.Date {
	y, m, d := time.Unix(i.Wall/1e9+vietnamOffset, 0).UTC().Date()
	return identity.Date{Year: uint16(y), Month: uint8(m), Day: uint8(d)}
}
