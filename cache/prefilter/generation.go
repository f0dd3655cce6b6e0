package prefilter

import (
	"encoding/binary"
	"errors"
	"math"
	"runtime"
	"time"
	"unsafe"

	"github.com/bits-and-blooms/bloom/v3"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/internal/mapped"
	"github.com/verigate/verigate/internal/prefetch"
)

// Generation is a set of filters, one per identifier kind, made from one export. It is immutable and safe for
// concurrent use; its memory is given back when nobody holds it any more.
type Generation struct {
	registry string
	created  time.Time
	parts    [identity.Kinds]*part
}

// part is the filter of one kind.
type part struct {
	kind     identity.Kind
	keys     uint64 // identifiers inside
	fp       float64
	k        int
	snapshot string
	token    string // where the change feed goes on after the snapshot
	version  uint64 // every identifier visible at this version is inside
	at       int64  // the registry's time of version; for display only
	coverage Coverage
	words    []uint64
	bloom    *bloom.BloomFilter // the container over words
}

// own ties memory from outside the Go heap to the life of g. Parts hold plain views of it, so whoever reads a part's
// words keeps g reachable meanwhile.
func (g *Generation) own(region []byte) {
	runtime.AddCleanup(g, func(b []byte) { _ = mapped.Release(b) }, region)
}

// each yields the parts there are, in order of kind.
func (g *Generation) each(yield func(*part) bool) {
	for _, p := range g.parts {
		if p != nil && !yield(p) {
			return
		}
	}
}

// m is the number of bits of the filter.
func (p *part) m() uint64 { return uint64(len(p.words)) * 64 }

// has tells whether a key may be inside; false is certain. It does not allocate.
func (p *part) has(d digest) bool {
	var pos [maxK]uint64
	d.positions(pos[:p.k], p.m())
	for _, i := range pos[:p.k] { // the probes wait for memory together instead of one after the other
		prefetch.Of(&p.words[i/64])
	}
	return p.bloom.TestLocations(pos[:p.k])
}

// estimate is the number of distinct keys a filter with so many bits set most likely holds.
func estimate(m uint64, k int, ones uint64) float64 {
	if ones >= m {
		return math.Inf(1)
	}
	return -float64(m) / float64(k) * math.Log1p(-float64(ones)/float64(m))
}

// parameters returns the words and probes of a filter for n keys at false-positive rate fp.
func parameters(n uint64, fp float64) (words, k int) {
	m, kk := bloom.EstimateParameters(uint(max(n, 1)), fp)
	return int((m + 63) / 64), min(int(kk), maxK)
}

func wordsOf(b []byte) []uint64 {
	if len(b) == 0 {
		return nil
	}
	return unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/8)
}

func bytesOf(w []uint64) []byte {
	if len(w) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(w))), len(w)*8)
}

// errBigEndian refuses platforms on which a filter file could not be used as it lies on disk.
var errBigEndian = errors.New("prefilter generation files need a little-endian machine")

func bigEndian() bool { return binary.NativeEndian.Uint16([]byte{1, 0}) != 1 }
