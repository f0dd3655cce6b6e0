// Package prefilter proves, without asking anybody, that an identifier was never issued: Bloom filters over every
// identifier of the nation, one per kind.
//
// It promises that its "no" is true. A "no" is given only for an identifier inside what the generation covers, from a
// complete and verified generation, with every identifier issued since its snapshot added, and while the newest
// watermark is younger than a bound on this node's monotonic clock. Everything else is left for the next step and
// counted by reason. It fails open: without a generation, a feed or a young watermark the registry is asked.
//
// It must never answer for identifiers it does not cover (cards of other registers, the 17-character card), never let a
// damaged or foreign file replace a good generation, and never compare the registry's clock with this node's.
//
// A generation is immutable: read from an export by [Build] or from a file by [Open], and shared by all readers. What is
// issued later goes into an exact set beside it ([Filter.Add]) and is dropped again once a newer generation holds it.
package prefilter
