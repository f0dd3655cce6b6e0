// Package cache decides what may be answered without asking: it joins the local and the shared record cache under one
// table of freshness ([Rules]).
//
// It promises: nothing is answered from memory beyond the bound printed on the answer (max_age_s), counted on this
// node's monotonic clock from when the question that brought it was sent; while the change feed cannot vouch for what is
// held, the bounds shrink; what was learned before the feed's last break never enjoys the feed's bounds again. It fails
// open: what is not known or too old is left to the registry, and a record too old to answer from is kept in hand, marked
// stale, for the case that the registry fails.
//
// It must never hand out as fresh what a change has overtaken, and never keep a refusal or an absence in hand as stale.
package cache
