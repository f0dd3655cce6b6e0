package clients

import (
	"encoding/binary"
	"math/bits"
)

// keyring finds API keys by their digest. It is an open table of no more than the digests' first words, so that 13,000
// keys take half a megabyte and most look-ups wait for one line of memory, the credential's own, where the rest of the
// digest is compared. SHA-256 spreads as well as any hash would, and nobody outside chooses which digests are in it.
type keyring struct {
	cells []keyCell // a power of two of them, half of them empty or more
	shift int
}

type keyCell struct {
	word uint32
	slot int32       // of who holds it
	cred *credential // nil: an empty cell
}

// newKeyring makes room for n keys.
func newKeyring(n int) keyring {
	log := bits.Len(uint(2*n + 1))
	return keyring{cells: make([]keyCell, 1<<log), shift: 64 - log}
}

// put adds a credential by its digest, which is not in the ring yet. More than the ring was made for must not be added.
func (r *keyring) put(c *credential) {
	word := binary.LittleEndian.Uint64(c.digest[:])
	i := word >> r.shift
	for r.cells[i].cred != nil {
		i = (i + 1) & uint64(len(r.cells)-1)
	}
	r.cells[i] = keyCell{uint32(word), int32(c.caller.Slot), c}
}

// find returns the credential with a digest, nil when there is none. What is counted of its holder is sent for together
// with the credential, because the holder's request comes to it next.
func (r *keyring) find(digest *KeyDigest, counted *places) *credential {
	word := binary.LittleEndian.Uint64(digest[:])
	for i := word >> r.shift; ; i++ {
		cell := &r.cells[i&uint64(len(r.cells)-1)]
		if cell.cred == nil {
			return nil
		}
		if cell.word != uint32(word) {
			continue
		}
		if s := counted.at(int(cell.slot)); s != nil {
			s.status.Load()
		}
		if cell.cred.digest == *digest {
			return cell.cred
		}
	}
}
