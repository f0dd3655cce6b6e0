package budget

import (
	"encoding/binary"
	"math/bits"
	"runtime"
	"sync/atomic"
	"unsafe"

	"github.com/verigate/verigate/internal/mapped"
	"github.com/verigate/verigate/internal/prefetch"
	"github.com/verigate/verigate/verify"
)

// memory remembers which account has asked about which subject, and with what evidence, for the present and the last
// epoch: one cache line per set of eight, no locks, nothing allocated after the start. A full set forgets somebody, who is
// then counted once more: an error on the strict side.
type memory struct {
	sets  [][ways]atomic.Uint64
	shift int
}

const (
	ways      = 8
	setBytes  = ways * 8
	epochMask = 0x3f // of an epoch's number, in a cell beside 57 bits of hash and the mark
	oddBit    = 0x40
	cellMeta  = 0x7f
)

func newMemory(size int64) (*memory, error) {
	sets := max(1, uint64(size)/setBytes)
	shift := 64 - (bits.Len64(sets) - 1)
	b, err := mapped.Anonymous(setBytes << (64 - shift))
	if err != nil {
		return nil, err
	}
	mapped.Huge(b)
	m := &memory{sets: unsafe.Slice((*[ways]atomic.Uint64)(unsafe.Pointer(unsafe.SliceData(b))), 1<<(64-shift)), shift: shift}
	runtime.AddCleanup(m, func(b []byte) { _ = mapped.Release(b) }, b) // questions may come after Close
	return m, nil
}

// at returns the set for a subject as seen by an account, and the hash its cell begins with.
func (m *memory) at(salt uint64, s *verify.Subject) (set *[ways]atomic.Uint64, hash uint64) {
	hash = (binary.LittleEndian.Uint64(s[8:]) ^ salt) * 0x9e3779b97f4a7c15
	return &m.sets[hash>>m.shift], bits.RotateLeft64(hash, 32) &^ cellMeta
}

// expect sends for the set for a subject.
func (m *memory) expect(salt uint64, s *verify.Subject) {
	set, _ := m.at(salt, s)
	prefetch.Of(set)
}

// knows tells whether the account proved in this epoch or the last that it knows the subject.
func (m *memory) knows(salt uint64, s *verify.Subject, epoch int64) bool {
	set, hash := m.at(salt, s)
	for i := range set {
		if cell := set[i].Load(); cell&^cellMeta == hash && cell&oddBit == 0 && young(cell, epoch) {
			return true
		}
	}
	return false
}

// remember notes a subject and reports whether it was noted already with the same mark. Where a set is full a proven
// subject goes before an odd one, because who is proven once more is not counted twice anyway, see [sketch].
func (m *memory) remember(salt uint64, s *verify.Subject, epoch int64, odd bool) bool {
	set, hash := m.at(salt, s)
	mark := uint64(0)
	if odd {
		mark = oddBit
	}
	start := int(hash >> 61)
	free, proven := -1, start
	for i := range ways {
		i = (start + i) % ways
		switch cell := set[i].Load(); {
		case cell&^cellMeta == hash && cell&oddBit == mark:
			known := young(cell, epoch)
			if !known || cell&epochMask != uint64(epoch)&epochMask {
				set[i].Store(hash | mark | uint64(epoch)&epochMask)
			}
			return known
		case cell == 0 || !young(cell, epoch):
			free = i
		case cell&oddBit == 0:
			proven = i
		}
	}
	if free < 0 {
		free = proven
	}
	set[free].Store(hash | mark | uint64(epoch)&epochMask)
	return false
}

// young tells whether a cell was written in this epoch or the last; epochs are told apart modulo 64, a month.
func young(cell uint64, epoch int64) bool {
	e := cell & epochMask
	return e == uint64(epoch)&epochMask || e == uint64(epoch-1)&epochMask
}
