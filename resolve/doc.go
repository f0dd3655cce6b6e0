// Package resolve is the middle of a request's walk, for one query or five hundred: screen, recall, ask, judge, record.
//
// It declares the ports it needs and knows none of their implementations. It fails closed where knowledge is missing
// (outcome unavailable, never not_found) and where a decision cannot be recorded (unavailable, never unlogged); it
// fails open where only speed is lost (a cache that does not answer is a miss).
package resolve
