package local

import (
	"encoding/binary"

	"github.com/verigate/verigate/verify"
)

// An entry lies in a ring as
//
//	 0  4  size of all of it, a multiple of 8     4  1  kind     5  1  state    6  1  holder    7  1  uses
//	 8  4  length of the record                  12  1  bulk    13  3  –
//	16 16  subject       32  8  version          40  8  as_of   48  8  learned   56  the record
//
// in this machine's byte order. A filler, where the end of the ring is too short for an entry, has size and kind only.
const headerSize = 56

// The kinds of ring content.
const (
	kindDead uint8 = iota // replaced, invalidated or filler
	kindLive
)

// maxUses is how far uses are counted; each one buys an entry another round through the ring.
const maxUses = 3

// entry is a view of an entry inside a ring.
type entry []byte

func (e entry) size() int       { return int(binary.NativeEndian.Uint32(e)) }
func (e entry) live() bool      { return e[4] == kindLive }
func (e entry) kill()           { e[4] = kindDead }
func (e entry) uses() uint8     { return e[7] }
func (e entry) subject() []byte { return e[16:32] }
func (e entry) version() uint64 { return binary.NativeEndian.Uint64(e[32:]) }
func (e entry) learned() int64  { return int64(binary.NativeEndian.Uint64(e[48:])) }
func (e entry) record() []byte {
	return e[headerSize : headerSize+int(binary.NativeEndian.Uint32(e[8:]))]
}
func (e entry) setUses(n uint8)  { e[7] = n }
func (e entry) bulk() bool       { return e[12] != 0 } // brought by bulk work, and no clinic has asked for it yet
func (e entry) setSize(size int) { binary.NativeEndian.PutUint32(e, uint32(size)) }

// sizeFor is what an entry with a record of n bytes takes.
func sizeFor(n int) int { return (headerSize + n + 7) &^ 7 }

func (e entry) setBulk(bulk bool) {
	e[12] = 0
	if bulk {
		e[12] = 1
	}
}

// write fills e, whose size is already set, with what is known of a subject.
func (e entry) write(s *verify.Subject, h *verify.Held) {
	e[4], e[5], e[6], e[7], e[12] = kindLive, byte(h.State), byte(h.Holder), 0, 0
	ne := binary.NativeEndian
	ne.PutUint32(e[8:], uint32(len(h.Record)))
	copy(e[16:32], s[:])
	ne.PutUint64(e[32:], h.Version)
	ne.PutUint64(e[40:], uint64(h.AsOf))
	ne.PutUint64(e[48:], uint64(h.Learned))
	copy(e[headerSize:], h.Record)
}

// head returns what e knows but the record.
func (e entry) head() verify.Held {
	return verify.Held{
		State: verify.State(e[5]), Holder: verify.Holder(e[6]), Source: verify.SourceLocal, Version: e.version(),
		AsOf: int64(binary.NativeEndian.Uint64(e[40:])), Learned: e.learned(),
	}
}

// read returns what e knows; the record is copied to the end of space, which it returns.
func (e entry) read(space []byte) (verify.Held, []byte) {
	h := e.head()
	if r := e.record(); len(r) > 0 {
		from := len(space)
		space = append(space, r...)
		h.Record = space[from:len(space):len(space)]
	}
	return h, space
}
