package clients

import (
	"encoding/binary"
	"math/bits"

	"github.com/verigate/verigate/internal/prefetch"
)

// keyring finds API keys by their id, which is no secret: so the credential is on its way from memory while the secret is
// still being hashed. It is an open table of the ids' hashes alone, so that 13,000 keys take half a megabyte and stay in
// the processor's cache. Ids are drawn by chance, and nobody outside chooses which are in it.
type keyring struct {
	cells []keyCell // a power of two of them, half of them empty or more
	shift int
}

type keyCell struct {
	word uint32      // of the id's hash
	slot int32       // of who holds it
	cred *credential // nil: an empty cell; further keys of the same hash hang on it
}

// newKeyring makes room for n keys.
func newKeyring(n int) keyring {
	log := bits.Len(uint(2*n + 1))
	return keyring{cells: make([]keyCell, 1<<log), shift: 64 - log}
}

// hashOf spreads a key's id, which is text, over 64 bits. id begins with its eight characters.
func hashOf(id []byte) uint64 { return binary.LittleEndian.Uint64(id) * 0x9e3779b97f4a7c15 }

// cell returns where a hash is, or where it would be put.
func (r *keyring) cell(hash uint64) *keyCell {
	for i := hash >> r.shift; ; i++ {
		if c := &r.cells[i&uint64(len(r.cells)-1)]; c.cred == nil || c.word == uint32(hash) {
			return c
		}
	}
}

// put adds a key by its id. More than the ring was made for must not be added.
func (r *keyring) put(id string, c *credential) {
	hash := hashOf([]byte(id))
	cell := r.cell(hash)
	c.next = cell.cred
	*cell = keyCell{uint32(hash), int32(c.caller.Slot), c}
}

// expect sends for the cell of a key.
func (r *keyring) expect(key []byte) {
	prefetch.Of(&r.cells[hashOf(key[len(keyPrefix):])>>r.shift])
}

// find returns the credential of a key, nil when there is none; the secret is hashed also where the id is unknown. Before
// that, found is called when the id is known, so that what the holder's request comes to next is sent for.
func (r *keyring) find(key []byte, found func(slot int)) *credential {
	cell := r.cell(hashOf(key[len(keyPrefix):]))
	c := cell.cred
	if c != nil {
		prefetch.Of(c)
		prefetch.Of(&c.caller)
		found(int(cell.slot))
	}
	digest := digestOf(key)
	for ; c != nil; c = c.next {
		if c.digest == digest {
			break
		}
	}
	return c
}
