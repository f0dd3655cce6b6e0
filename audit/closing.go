package audit

import (
	"crypto/sha256"
	"encoding/binary"
)

// chainHash is the running value of the hash chain.
type chainHash [sha256.Size]byte

// link is the chain's value over everything of a segment before an offset: SHA-256 of the previous value and the bytes
// between the previous offset and this one. The first link of a segment starts from the leaf hash of the segment
// before, and from offset 0, so that it covers the header.
type link struct {
	at     int64
	upTo   uint64 // offset in the segment
	frames uint64 // frames of the segment before upTo
	hash   chainHash
}

const linkBody = 8 + 8 + 8 + sha256.Size

func (l *link) encode() []byte {
	b := make([]byte, 0, linkBody)
	b = binary.LittleEndian.AppendUint64(b, uint64(l.at))
	b = binary.LittleEndian.AppendUint64(b, l.upTo)
	b = binary.LittleEndian.AppendUint64(b, l.frames)
	return append(b, l.hash[:]...)
}

func (l *link) decode(b []byte) error {
	if len(b) != linkBody {
		return errBody
	}
	*l = link{
		at: int64(binary.LittleEndian.Uint64(b)), upTo: binary.LittleEndian.Uint64(b[8:]),
		frames: binary.LittleEndian.Uint64(b[16:]), hash: chainHash(b[24:]),
	}
	return nil
}

// seal closes a segment. Its encoding is a leaf of the Merkle tree, so it stands for everything in the segment.
type seal struct {
	log    logID
	index  uint64 // of the segment
	first  uint64 // sequence number of the segment's first frame
	last   uint64 // of the seal itself
	from   int64  // when the segment was begun
	to     int64  // when it was sealed
	length uint64 // of the file, the seal included
	hash   chainHash
}

const sealBody = 16 + 6*8 + sha256.Size

// maxSegment bounds the length a seal may claim; segment_size is at most half of it.
const maxSegment = 8 << 30

func (s *seal) encode() []byte {
	b := append(make([]byte, 0, sealBody), s.log[:]...)
	for _, v := range []uint64{s.index, s.first, s.last, uint64(s.from), uint64(s.to), s.length} {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	return append(b, s.hash[:]...)
}

func (s *seal) decode(b []byte) error {
	if len(b) != sealBody {
		return errBody
	}
	u := func(i int) uint64 { return binary.LittleEndian.Uint64(b[16+8*i:]) }
	*s = seal{
		log: logID(b[:16]), index: u(0), first: u(1), last: u(2), from: int64(u(3)), to: int64(u(4)), length: u(5),
		hash: chainHash(b[64:]),
	}
	return nil
}

// void stands for frames that a crash left incomplete.
type void struct {
	at     int64
	frames uint64 // how many sequence numbers it stands for, its own included
}

const (
	voidBody = 16
	minVoid  = (frameHeader + voidBody + frameAlign - 1) &^ (frameAlign - 1)
)

func (v *void) encode() []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(v.at))
	return binary.LittleEndian.AppendUint64(b, v.frames)
}

func (v *void) decode(b []byte) error {
	if len(b) < voidBody {
		return errBody
	}
	*v = void{at: int64(binary.LittleEndian.Uint64(b)), frames: binary.LittleEndian.Uint64(b[8:])}
	return nil
}
