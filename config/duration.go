package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Duration is a span of time written as Go writes it ("250ms", "1h30m") or in whole days ("7d").
type Duration time.Duration

// Std returns the value as a time.Duration.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String returns the shortest form that [Duration.UnmarshalText] reads back: "7d", "1h30m", "250ms".
func (d Duration) String() string {
	const day = Duration(24 * time.Hour)
	if d != 0 && d%day == 0 {
		return strconv.FormatInt(int64(d/day), 10) + "d"
	}
	s := d.Std().String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}

// UnmarshalText reads a duration; a number without a unit is refused.
func (d *Duration) UnmarshalText(text []byte) error {
	s := string(text)
	if n, ok := strings.CutSuffix(s, "d"); ok {
		days, err := strconv.ParseInt(n, 10, 32)
		if err == nil {
			s = strconv.FormatInt(days*24, 10) + "h"
		}
	}
	v, err := time.ParseDuration(s)
	if err != nil {
		return fmt.Errorf("%q is not a duration such as 250ms, 5s, 15m or 7d", text)
	}
	*d = Duration(v)
	return nil
}

// MarshalText writes what [Duration.String] returns.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }
