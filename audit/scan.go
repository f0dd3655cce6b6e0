package audit

import (
	"bytes"
	"crypto/sha256"
	"fmt"
)

// scanner walks over the frames of one segment, in order. It knows what a crash may leave behind and what only
// tampering or a broken disk can.
type scanner struct {
	name   string // of the file
	data   []byte
	off    int
	seq    uint64 // of the next frame
	sealed bool   // the file ends with a seal: nothing may be incomplete
	whole  bool   // the file has the size it was made with: nothing was cut off
	holes  []hole
	late   []int // offsets of records that were complete and not published: the crash came between

	prev   chainHash // the chain's value at the last link
	linked int       // the offset that link covers
	links  []head    // every link passed, for checkpoints
	index  uint64
}

// hole is a stretch that a crash left incomplete: space that was claimed and never published, so nobody was answered on
// the strength of it.
type hole struct {
	off, length int
	seq         uint64
	frames      uint64 // sequence numbers it swallowed; 0: unknown, at the end
}

// fault is what is wrong with a segment, with its place.
type fault struct {
	segment uint64
	name    string // of the file, if it is not the segment's plain one
	off     int
	seq     uint64
	sound   int // the chain vouches for what stands before this offset
	reason  string
}

// Error names the place and the reason.
func (f *fault) Error() string {
	return fmt.Sprintf("%s, offset %d, record %d: %s", f.file(), f.off, f.seq, f.reason)
}

func (f *fault) file() string {
	if f.name != "" {
		return f.name
	}
	return segmentName(f.segment)
}

func newScanner(data []byte, h header, start chainHash) *scanner {
	return &scanner{data: data, off: headerSize, seq: h.first, prev: start, index: h.index, name: segmentName(h.index), whole: uint64(len(data)) == h.size}
}

func (s *scanner) faultAt(off int, seq uint64, format string, args ...any) error {
	return &fault{segment: s.index, name: s.name, off: off, seq: seq, sound: s.linked, reason: fmt.Sprintf(format, args...)}
}

func (s *scanner) fault(format string, args ...any) error {
	return s.faultAt(s.off, s.seq, format, args...)
}

// next returns the next frame; ok is false at the end.
func (s *scanner) next() (f frame, ok bool, err error) {
	for s.off < len(s.data) {
		f, bad := parseFrame(s.data[s.off:])
		if bad == frameClaimed {
			f, bad = s.unpublished(f)
		}
		if bad != frameOK {
			again, err := s.incomplete(f, bad)
			if err != nil || !again {
				return f, false, err
			}
			continue
		}
		if err := s.place(f); err != nil {
			return f, false, err
		}
		s.off += f.length
		s.seq = f.seq + 1
		if f.kind == TypeVoid {
			var v void
			if v.decode(f.body) != nil || v.frames == 0 {
				return f, false, s.fault("a void record does not say what it stands for")
			}
			s.seq = f.seq + v.frames
		}
		return f, true, nil
	}
	return frame{}, false, nil
}

// place holds a frame to its sequence number, which may skip what a hole swallowed.
func (s *scanner) place(f frame) error {
	n := len(s.holes)
	open := n > 0 && s.holes[n-1].frames == 0
	switch {
	case !open && f.seq == s.seq:
		return nil
	case open && f.seq > s.seq && f.seq-s.seq <= uint64(s.holes[n-1].length/minFrame):
		s.holes[n-1].frames = f.seq - s.seq
		return nil
	}
	return s.fault("record %d stands where record %d belongs: records were removed, moved or inserted", f.seq, s.seq)
}

// incomplete deals with bytes that are no frame. In a sealed segment there are none; in one that was being written they
// end the segment or are a hole to go on behind.
func (s *scanner) incomplete(f frame, bad frameFault) (again bool, err error) {
	rest := s.data[s.off:]
	switch {
	case s.sealed:
		return false, s.fault("the record is damaged")
	case bad == frameNone && allZero(rest):
		return false, nil
	case bad == frameClaimed:
		s.hole(f.length)
		return true, nil
	case bad == frameShort && !s.whole:
		s.hole(len(rest))
		return false, nil
	case bad == frameShort:
		return false, s.fault("the record is damaged")
	case bad == frameBroken && (f.length%frameAlign != 0 || !s.torn(rest[:f.length])):
		return false, s.fault("the record is damaged")
	case bad == frameBroken:
		s.hole(f.length)
		return true, nil
	}
	n := s.resume(rest)
	if n == len(rest) {
		n = s.marked(rest)
	}
	if n == len(rest) && !lostSector(s.off, rest) {
		return false, s.fault("there are bytes where nothing was written")
	}
	s.hole(n)
	return true, nil
}

// marked finds the claim behind one that was not marked yet: the crash came between taking space and saying so, and
// somebody else had taken the space behind it.
func (s *scanner) marked(rest []byte) int {
	zeros := leadingZeros(rest) &^ (frameAlign - 1)
	if _, bad := parseFrame(rest[zeros:]); zeros >= minFrame && bad == frameClaimed {
		return zeros
	}
	return len(rest)
}

// unpublished looks whether what was claimed is a whole record that only was not published any more. Nobody was
// answered on it, but it tells more than a hole.
func (s *scanner) unpublished(claim frame) (frame, frameFault) {
	b := bytes.Clone(s.data[s.off : s.off+claim.length])
	b[3] &^= claimed >> 24
	f, bad := parseFrame(b)
	if bad != frameOK || f.seq != s.seq || s.sealed {
		return claim, frameClaimed
	}
	s.late = append(s.late, s.off)
	return f, frameOK
}

// hole notes a hole and steps over it; neighbours become one.
func (s *scanner) hole(length int) {
	n := len(s.holes)
	if n > 0 && s.holes[n-1].off+s.holes[n-1].length == s.off {
		s.holes[n-1].length += length
	} else {
		s.holes = append(s.holes, hole{off: s.off, length: length, seq: s.seq})
	}
	s.off += length
}

// resume finds the next frame or claim behind a hole whose length is not known.
func (s *scanner) resume(rest []byte) int {
	for n := frameAlign; n+4 <= len(rest); n += frameAlign {
		f, bad := parseFrame(rest[n:])
		if bad == frameOK && f.seq > s.seq && f.seq-s.seq <= uint64(n/minFrame) {
			return n
		}
	}
	return len(rest)
}

const sector = 512

// torn tells whether a damaged frame looks as a power loss leaves it: a sector of it was never written, and what it
// would cover holds no whole record.
func (s *scanner) torn(b []byte) bool {
	if len(b) < minFrame || len(b) > maxFrame || s.resume(b) < len(b) {
		return false
	}
	for from := sector - s.off%sector; from < len(b); from += sector {
		if allZero(b[from:min(len(b), from+sector)]) {
			return true
		}
	}
	return false
}

// lostSector tells whether bytes that follow nothing look as a power loss leaves them: zeros up to the end of a sector
// and then a whole piece of a record.
func lostSector(off int, rest []byte) bool {
	zeros := leadingZeros(rest)
	return (off+zeros)%sector < frameAlign && lengthWithoutZeros(rest)-zeros >= frameHeader
}

// check holds a link or the seal to the chain and moves the chain on.
func (s *scanner) check(at, upTo int, hash chainHash) error {
	if upTo < s.linked || upTo > at {
		return s.faultAt(at, s.seq-1, "this link covers other offsets than there are: records were removed or inserted before it")
	}
	h := sha256.New()
	h.Write(s.prev[:])
	h.Write(s.data[s.linked:upTo])
	if chainHash(h.Sum(nil)) != hash {
		return s.faultAt(at, s.seq-1, "what stands before this record, from offset %d to %d, is not what was linked", s.linked, upTo)
	}
	s.prev, s.linked = hash, upTo
	s.links = append(s.links, head{s.index, uint64(upTo), hash})
	return nil
}

// follow holds a frame to the chain if it is part of it; at is where the frame stands.
func (s *scanner) follow(f frame, at int) error {
	if f.kind != TypeLink {
		return nil
	}
	var k link
	if err := k.decode(f.body); err != nil {
		return s.faultAt(at, f.seq, "the link is damaged")
	}
	return s.check(at, int(k.upTo), k.hash)
}

// sealOf returns the seal a segment's data ends with, trailing zeros of a file that was not cut yet aside.
func sealOf(data []byte) (s seal, ok bool) {
	size := frameSize(sealBody)
	end := (lengthWithoutZeros(data) + frameAlign - 1) &^ (frameAlign - 1)
	for range size / frameAlign { // the seal itself may end in zeros
		if end >= headerSize+size && end <= len(data) {
			f, bad := parseFrame(data[end-size : end])
			if bad == frameOK && f.kind == TypeSeal && s.decode(f.body) == nil && s.length == uint64(end) && s.last == f.seq {
				return s, true
			}
		}
		end += frameAlign
	}
	return seal{}, false
}
