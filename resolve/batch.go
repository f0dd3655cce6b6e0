package resolve

import (
	"time"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

// Item is one query of a batch and, after [Resolver.Resolve], its answer. Slices inside it are views into buffers of
// the batch and are good until the batch is reset.
type Item struct {
	Query    verify.Query
	Subject  verify.Subject // keyed hash of Query.Key, derived in parse; zero: the resolver derives it
	Row      uint32         // 1-based row of the caller's file or stream; 0 for a single query
	Fault    identity.Fault // set by parse: the row is refused, only recorded
	Answer   verify.Answer
	Parts    verify.Parts    // what of Answer is told, by field
	Released verify.Released // the same in the words of the audit log
	Withheld bool            // the outcome is known, but not to be told to this caller for this purpose

	told verify.Told // its Record is the person's, decoded, whoever judged
}

// Record returns the person's record when something of it or of a card may be told, else nil. Which of its fields may
// be is what Parts says.
func (it *Item) Record() *verify.Record {
	if !it.Parts.Any(verify.PartsCoverage | verify.PartsPerson | verify.PartSuccessor) {
		return nil
	}
	return &it.told.Record
}

// Batch is one request on its way through the middle five steps. It belongs to one goroutine at a time and is meant to
// be pooled: Reset keeps its memory.
type Batch struct {
	Now       verify.Instant
	Deadline  time.Duration // from Now; how long asking may take. 0: the resolver's default
	Caller    *verify.Caller
	Call      verify.Call
	Purpose   verify.Purpose
	Staff     verify.Subject
	RequestID verify.RequestID
	Items     []Item

	Entitlements *verify.Entitlements // the field policy the batch was let in by; nil: the one in force when it is judged
	Carries      verify.Parts         // what the call's reply has a place for; 0: all that its kind of call has
	Seat         Seat                 // nil: nobody minds how long the batch runs

	lookup    verify.Lookup
	index     []int // lookup entry i belongs to Items[index[i]]
	decisions []verify.Decision
}

// Reset empties the batch for another request and keeps its memory.
func (b *Batch) Reset() {
	items := b.Items[:0]
	*b = Batch{Items: items, lookup: b.lookup, index: b.index[:0], decisions: b.decisions[:0]}
}

// Add appends an empty item and returns it; the pointer is good until the next Add.
func (b *Batch) Add() *Item {
	if n := len(b.Items); n < cap(b.Items) {
		b.Items = b.Items[:n+1]
		item := &b.Items[n]
		told := item.told
		*item = Item{told: told}
		return item
	}
	b.Items = append(b.Items, Item{})
	return &b.Items[len(b.Items)-1]
}

// Code returns the person's social-insurance number, which is told beside the card; the zero Key when it may not be or
// the person has none.
func (it *Item) Code() identity.Key {
	if !it.Parts.Has(verify.PartCode) {
		return identity.Key{}
	}
	return it.told.Record.Code
}
