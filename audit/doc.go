// Package audit keeps one record of every decision, in a log that shows when it was tampered with.
//
// It promises that when [Log.Record] returns nil, the records are in the log: with durability "process" in the kernel's
// page cache, where a killed process cannot lose them; with "disk" on the disk, after a group commit. The log is a
// folder of segments. Records are appended without a lock by claiming space in a file mapped into memory; behind them
// one goroutine links them into a hash chain, seals full segments, makes each seal a leaf of a Merkle tree and signs
// checkpoints of it, so that whoever keeps an old checkpoint can prove what was changed, cut off or slipped in since.
//
// It fails closed: when a decision cannot be recorded, Record returns an error and the gateway does not answer. The
// opposite can be configured; what was answered unlogged is then counted, and written down as soon as writing works.
// A folder that is foreign, newer, older or damaged is refused and not touched; what a crash left half written is
// repaired and reported.
//
// It must never hold a raw identifier, a name or a birth date. A person is a keyed hash under a key that changes by
// epoch: without the key of its epoch a record leads to nobody.
package audit
