package metric

import "sync/atomic"

// Counter only goes up. It is padded so that two counters never share a cache line.
type Counter struct {
	v atomic.Int64
	_ [56]byte
}

// Add adds n, which must not be negative.
func (c *Counter) Add(n int64) { c.v.Add(n) }

// Inc adds one.
func (c *Counter) Inc() { c.v.Add(1) }

// Value returns the count.
func (c *Counter) Value() int64 { return c.v.Load() }
