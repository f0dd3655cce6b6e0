// Package local is the in-process record cache: what this node has learned of identifiers, keyed by their keyed hash,
// in a fixed amount of memory outside the Go heap.
//
// It promises: a fill never overwrites newer knowledge, whatever the order in which fills and changes arrive; after a
// change nothing older is handed out, by a tombstone that outlives every answer that may still be under way; bulk work
// takes free room only and never displaces what clinics need; memory stays within its bound; nothing in it is scanned by
// the garbage collector. A record handed out is a copy in the caller's own memory.
//
// It judges no freshness: it hands out what it has, with its age, and package cache decides. It fails open: what does not
// fit is not kept, what is not there is a miss. It must never hand out bytes that may change later.
package local
