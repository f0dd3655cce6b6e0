// Package records speaks the registry's record API: POST /records, as docs/registry-api.md publishes it.
//
// It trusts nothing that comes back: size, encoding, digest, order, count, enumerations, and that a record really holds
// the identifier asked for. What does not pass is a garbled reply, never an absence.
package records
