package clock

import "time"

// Sleeps makes a counter of sleep that began at a wall time, for tests.
func Sleeps(start time.Time) func(wall, mono int64) int64 { return newSleeps(start).count }
