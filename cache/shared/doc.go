// Package shared is the record cache that several nodes share in Redis: standalone, behind Sentinel or a Cluster.
//
// It promises: keys are keyed hashes and values are sealed, so that Redis, its files and its traffic give nobody away; a
// fill never overwrites newer knowledge and a change leaves a tombstone, each in one atomic step on one key; a recall is
// one round trip under its own short timeout; filling and invalidating happen in the background from bounded queues.
// It fails open: a Redis that is slow, down or full of garbage is a miss and a counter, never an error to a caller.
//
// How old a value is crosses machines without two clocks ever being compared: a value says how old it was when it was
// written, and Redis's own countdown of its time to live says how long ago that was. A value counts only once its writer
// has seen, in time, that it was written; a write that Redis carries out late, after it was stopped or cut off, is never
// confirmed. What remains is a failover between Redis servers whose clocks differ: the age is then off by the
// difference, so they are to be kept in step.
//
// It must never be the only place that knows something, and never hold a value that could be read without the key.
package shared
