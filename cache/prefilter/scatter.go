package prefilter

import (
	"iter"
	"sync"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/internal/mapped"
)

// scatter sets the bits of a filter under construction. Setting random bits in hundreds of megabytes waits for memory at
// every bit; so each worker collects positions by range of the filter, a range being small enough to stay in a core's
// cache, and sets a range's bits together. A range is written under its own lock, so no bit is ever lost.
type scatter struct {
	kind   identity.Kind
	m      uint64
	k      int
	region []byte
	words  []uint64
	locks  []sync.Mutex
	crew
}

const (
	rangeBits   = 22   // 512 KiB of filter
	rangeBuffer = 2048 // positions collected before a range is written
)

func newScatter(kind identity.Kind, keys uint64, cfg BuildConfig) (*scatter, error) {
	words, k := parameters(keys, cfg.FP)
	region, err := mapped.Anonymous(words * 8)
	if err != nil {
		return nil, err
	}
	mapped.Huge(region)
	s := &scatter{kind: kind, m: uint64(words) * 64, k: k, region: region, words: wordsOf(region)}
	s.locks = make([]sync.Mutex, (s.m>>rangeBits)+1)
	s.start(cfg.Workers, s.work)
	return s, nil
}

// work collects positions; every bit is set when it returns.
func (s *scatter) work(blocks iter.Seq[[]uint64]) {
	buffers := make([][]uint32, len(s.locks))
	var pos [maxK]uint64
	for keys := range blocks {
		for _, key := range keys {
			digestOf(s.kind, key).positions(pos[:s.k], s.m)
			for _, p := range pos[:s.k] {
				r := p >> rangeBits
				if len(buffers[r]) == cap(buffers[r]) {
					buffers[r] = s.flush(r, buffers[r])
				}
				buffers[r] = append(buffers[r], uint32(p&(1<<rangeBits-1)))
			}
		}
	}
	for r, b := range buffers {
		s.flush(uint64(r), b)
	}
}

// flush sets the collected bits of range r and returns the emptied buffer.
func (s *scatter) flush(r uint64, buffer []uint32) []uint32 {
	if buffer == nil {
		return make([]uint32, 0, rangeBuffer)
	}
	words := s.words[r<<(rangeBits-6):]
	s.locks[r].Lock()
	for _, off := range buffer {
		words[off>>6] |= 1 << (off & 63)
	}
	s.locks[r].Unlock()
	return buffer[:0]
}
