package audit

import (
	"encoding/binary"
	"hash/crc32"
	"sync/atomic"
	"unsafe"
)

// A frame is the unit of a segment, in little-endian order:
//
//	 0  4  length of the frame in bytes, a multiple of 8; with the top bit set: claimed, not written yet
//	 4  4  CRC-32C of everything after it
//	 8  8  sequence number, rising by one over the whole log
//	16  1  type
//	17  1  bytes of padding at the end
//	18  2  zero
//	20     body
const (
	frameHeader = 20
	frameAlign  = 8
	minFrame    = 24
	maxFrame    = 64 << 10
	claimed     = 1 << 31
)

// Type says what a frame holds.
type Type uint8

// The types. Decisions, counts and events are the log's content; the others hold it together.
const (
	TypeDecision Type = iota + 1 // one answer or refusal
	TypeCount                    // refusals of one kind to one caller or address within a second
	TypeEvent                    // start, stop, log-in, configuration, administration
	TypeLink                     // the chain's hash over everything up to an offset
	TypeSeal                     // the last frame of a segment
	TypeVoid                     // stands where a crash left incomplete records
)

var typeNames = [...]string{"", "decision", "count", "event", "link", "seal", "void"}

// String returns the type's name.
func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return "unknown"
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// frameSize returns the length of a frame with a body of n bytes.
func frameSize(n int) int { return (frameHeader + n + frameAlign - 1) &^ (frameAlign - 1) }

// finishFrame fills the header of a frame whose body is written, all but the length: storing that publishes it.
func finishFrame(b []byte, t Type, seq uint64, body int) {
	pad := len(b) - frameHeader - body
	clear(b[frameHeader+body:])
	binary.LittleEndian.PutUint64(b[8:], seq)
	b[16], b[17], b[18], b[19] = byte(t), byte(pad), 0, 0
	binary.LittleEndian.PutUint32(b[4:], crc32.Checksum(b[8:], castagnoli))
}

// wholeFrame is finishFrame with the length, for frames that are not written into a mapping.
func wholeFrame(t Type, seq uint64, body []byte) []byte {
	b := make([]byte, frameSize(len(body)))
	copy(b[frameHeader:], body)
	finishFrame(b, t, seq, len(body))
	binary.LittleEndian.PutUint32(b, uint32(len(b)))
	return b
}

// frame is one decoded frame; body is a view.
type frame struct {
	seq    uint64
	kind   Type
	length int
	body   []byte
}

// frameFault says why bytes are not a frame.
type frameFault uint8

const (
	frameOK      frameFault = iota
	frameNone               // zero: nothing was written here
	frameClaimed            // claimed, not written
	frameShort              // it would end beyond the data
	frameBroken             // written and wrong
)

// parseFrame decodes the frame at the start of b. With frameClaimed, length is that of the claim.
func parseFrame(b []byte) (f frame, fault frameFault) {
	if len(b) < 4 {
		return f, frameShort
	}
	n := binary.LittleEndian.Uint32(b)
	f.length = int(n &^ claimed)
	switch {
	case n == 0:
		return f, frameNone
	case f.length%frameAlign != 0 || f.length < minFrame:
		return f, frameBroken
	case f.length > len(b):
		return f, frameShort
	case n&claimed != 0:
		return f, frameClaimed
	case f.length > maxFrame:
		return f, frameBroken
	}
	b = b[:f.length]
	f.seq, f.kind = binary.LittleEndian.Uint64(b[8:]), Type(b[16])
	end := f.length - int(b[17])
	if b[17] >= frameAlign || end < frameHeader || b[18]|b[19] != 0 || binary.LittleEndian.Uint32(b[4:]) != crc32.Checksum(b[8:], castagnoli) {
		return f, frameBroken
	}
	f.body = b[frameHeader:end]
	return f, frameOK
}

// storeLength and loadLength are how writers and the chain's goroutine meet in mapped memory: everything stored before
// storeLength is seen by whoever loads what it stored. off is a multiple of 8.
func storeLength(mem []byte, off int, n uint32) {
	atomic.StoreUint32((*uint32)(unsafe.Pointer(&mem[off])), littleEndian(n))
}

func loadLength(mem []byte, off int) uint32 {
	return littleEndian(atomic.LoadUint32((*uint32)(unsafe.Pointer(&mem[off]))))
}

// littleEndian turns a native number into one whose bytes in memory are in little-endian order, and back.
func littleEndian(n uint32) uint32 {
	var b [4]byte
	binary.NativeEndian.PutUint32(b[:], n)
	return binary.LittleEndian.Uint32(b[:])
}
