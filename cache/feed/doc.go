// Package feed tails a registry's change feed and keeps the prefilter and the record caches honest.
//
// It promises: every change is given to the prefilter before the caches hear of it, and the caches hear of it before a
// watermark that covers it counts; applying a change twice, or changes out of order, does no harm; how old a watermark is
// counts from the moment this node sent the request that brought it, on its monotonic clock; a watermark that stands
// still proves nothing. It knows its own state, and for how long: live, lagging, paused, gap, none.
//
// It fails towards asking: what it cannot read is refused with a reason and read again from the last good token; a token
// that is no longer good, or a version that runs backwards, is a gap, and the prefilter is silenced at once. It must
// never advance over a change it has not applied, and never let a feed make it hold more than its bounds.
package feed
