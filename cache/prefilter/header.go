package prefilter

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/zeebo/xxh3"

	"github.com/verigate/verigate/identity"
)

// A generation file is a header of whole 4 KiB pages and then, page-aligned, the words of each kind's filter as they lie
// in memory. Everything is little-endian.
//
//	 0  8  magic "VGFILTER"
//	 8  4  format            12  4  header length      16  8  XXH3-64 of the header, these 8 bytes being zero
//	24  8  file length       32  4  hash scheme        36  4  number of kinds
//	40  8  created, ns       48  4  block length       52  4  body length
//	56     body: registry id; per kind: its numbers, names, coverage, place in the file and the XXH3-64 of each block
const (
	magic         = "VGFILTER"
	fileFormat    = 1
	pageSize      = 4096
	fixedHeader   = 56
	maxHeader     = 1 << 20
	checksumBlock = 4 << 20 // large enough that a nation's checksums fit into one page
)

// layout is where a part lies in the file.
type layout struct {
	part   *part
	offset uint64 // from the end of the header, a multiple of the page size
	words  uint64
	sums   []uint64 // XXH3-64 of each checksumBlock bytes
}

// encodeHeader returns the header of g for parts laid out as given and size bytes of words.
func encodeHeader(g *Generation, parts []layout, size uint64) []byte {
	w := writer{b: make([]byte, fixedHeader, pageSize)}
	w.text(g.registry)
	for _, l := range parts {
		w.part(l)
	}
	body := len(w.b) - fixedHeader
	header := (len(w.b) + pageSize - 1) / pageSize * pageSize
	b := append(w.b, make([]byte, header-len(w.b))...)
	le := binary.LittleEndian
	copy(b, magic)
	le.PutUint32(b[8:], fileFormat)
	le.PutUint32(b[12:], uint32(header))
	le.PutUint64(b[24:], uint64(header)+size)
	le.PutUint32(b[32:], hashID)
	le.PutUint32(b[36:], uint32(len(parts)))
	le.PutUint64(b[40:], uint64(g.created.UnixNano()))
	le.PutUint32(b[48:], checksumBlock)
	le.PutUint32(b[52:], uint32(body))
	le.PutUint64(b[16:], xxh3.Hash(b))
	return b
}

// writer appends to a header's body.
type writer struct{ b []byte }

func (w *writer) u16(v uint16) { w.b = binary.LittleEndian.AppendUint16(w.b, v) }
func (w *writer) u64(v uint64) { w.b = binary.LittleEndian.AppendUint64(w.b, v) }
func (w *writer) text(s string) {
	w.u16(uint16(len(s)))
	w.b = append(w.b, s...)
}

func (w *writer) part(l layout) {
	p := l.part
	w.b = append(w.b, byte(p.kind), byte(p.k))
	w.u64(p.keys)
	w.u64(math.Float64bits(p.fp))
	w.u64(p.version)
	w.u64(uint64(p.at))
	w.text(p.snapshot)
	w.text(p.token)
	w.u16(uint16(len(p.coverage.Ranges)))
	for _, r := range p.coverage.Ranges {
		w.text(r.From)
		w.text(r.To)
	}
	w.u16(uint16(len(p.coverage.Except)))
	for _, e := range p.coverage.Except {
		w.text(e)
	}
	w.u64(l.offset)
	w.u64(l.words)
	w.u64(uint64(len(l.sums)))
	for _, s := range l.sums {
		w.u64(s)
	}
}

// preamble is what the fixed part of a header says before anything in it is believed.
type preamble struct {
	header, body, hash, kinds, block uint32
	size                             uint64
	created                          int64
}

// readPreamble judges the first bytes of a file of the given size.
func readPreamble(b []byte, fileSize uint64) (preamble, error) {
	le := binary.LittleEndian
	if len(b) < fixedHeader {
		return preamble{}, refuse(ReasonTruncated, "the file has %d bytes, not even a header", fileSize)
	}
	if string(b[:8]) != magic || le.Uint32(b[8:]) != fileFormat {
		return preamble{}, refuse(ReasonFormat, "it is not a prefilter generation of format %d", fileFormat)
	}
	p := preamble{header: le.Uint32(b[12:]), size: le.Uint64(b[24:]), hash: le.Uint32(b[32:]), kinds: le.Uint32(b[36:]),
		created: int64(le.Uint64(b[40:])), block: le.Uint32(b[48:]), body: le.Uint32(b[52:])}
	switch {
	case p.header < pageSize || p.header > maxHeader || p.header%pageSize != 0:
		return p, refuse(ReasonFormat, "its header length %d is impossible", p.header)
	case fileSize < uint64(p.header) || fileSize < p.size:
		return p, refuse(ReasonTruncated, "the file has %d bytes, its header says %d", fileSize, p.size)
	case fileSize > p.size:
		return p, refuse(ReasonOversized, "the file has %d bytes, its header says %d", fileSize, p.size)
	}
	return p, nil
}

// decodeHeader reads a whole header, as found in a file of exactly preamble.size bytes. The parts have no words yet.
func decodeHeader(b []byte, pre preamble) (*Generation, []layout, error) {
	sum := binary.LittleEndian.Uint64(b[16:])
	clear(b[16:24])
	if xxh3.Hash(b) != sum {
		return nil, nil, refuse(ReasonChecksum, "its header has changed since it was written")
	}
	switch {
	case pre.hash != hashID:
		return nil, nil, refuse(ReasonHash, "it was made with hash scheme %d, this program uses %d", pre.hash, hashID)
	case pre.block != checksumBlock || pre.kinds == 0 || pre.kinds >= identity.Kinds || uint64(pre.body) > uint64(len(b)-fixedHeader):
		return nil, nil, refuse(ReasonFormat, "its header is inconsistent")
	}
	r := reader{b: b[fixedHeader : fixedHeader+int(pre.body)]}
	g := &Generation{created: time.Unix(0, pre.created).UTC(), registry: r.text()}
	parts := make([]layout, 0, pre.kinds)
	for range pre.kinds {
		l := r.part()
		if r.bad || !l.sound(pre) || g.parts[l.part.kind] != nil {
			return nil, nil, refuse(ReasonFormat, "its header is inconsistent")
		}
		g.parts[l.part.kind] = l.part
		parts = append(parts, l)
	}
	if len(r.b) != 0 || g.registry == "" {
		return nil, nil, refuse(ReasonFormat, "its header is inconsistent")
	}
	return g, parts, nil
}

// sound tells whether a part can be what it says and lies inside the file.
func (l *layout) sound(pre preamble) bool {
	p, room := l.part, pre.size-uint64(pre.header)
	if p.kind == identity.KindNone || p.kind >= identity.Kinds || p.k < 1 || p.k > maxK || p.keys == 0 || p.coverage.check() != nil {
		return false
	}
	n := l.words
	return n > 0 && l.offset%pageSize == 0 && l.offset <= room && n <= (room-l.offset)/8 &&
		uint64(len(l.sums)) == (n*8+checksumBlock-1)/checksumBlock
}

// reader takes a header's body apart; bad is set once it asks for more than there is.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n int) []byte {
	if r.bad || n > len(r.b) {
		r.bad = true
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) u16() uint16 {
	if b := r.take(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (r *reader) u64() uint64 {
	if b := r.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (r *reader) text() string { return string(r.take(int(r.u16()))) }

func (r *reader) part() layout {
	p := new(part)
	if b := r.take(2); b != nil {
		p.kind, p.k = identity.Kind(b[0]), int(b[1])
	}
	p.keys, p.fp = r.u64(), math.Float64frombits(r.u64())
	p.version, p.at = r.u64(), int64(r.u64())
	p.snapshot, p.token = r.text(), r.text()
	p.coverage.Ranges = []Range{}
	for n := r.u16(); n > 0 && !r.bad; n-- {
		p.coverage.Ranges = append(p.coverage.Ranges, Range{From: r.text(), To: r.text()})
	}
	for n := r.u16(); n > 0 && !r.bad; n-- {
		p.coverage.Except = append(p.coverage.Except, r.text())
	}
	l := layout{part: p, offset: r.u64()}
	l.words = r.u64()
	for n := r.u64(); n > 0 && !r.bad; n-- {
		l.sums = append(l.sums, r.u64())
	}
	return l
}
