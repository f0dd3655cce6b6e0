package prefilter

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/bits-and-blooms/bloom/v3"
	"github.com/zeebo/xxh3"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/internal/mapped"
	"github.com/verigate/verigate/internal/replace"
)

// Expect is what a generation must be to be of use; what is zero is not asked for.
type Expect struct {
	Registry string                 // the registry it was made from
	Version  [identity.Kinds]uint64 // the watermark that each kind must have reached, usually that of the generation in use
	Keys     [identity.Kinds]uint64 // about how many keys each kind must have; 2/3 to 3/2 of it passes
}

// Open reads a generation file and verifies every block of it before it returns: nothing is ever answered from an
// unverified block, whatever becomes of the file afterwards. The error is a [*Refused].
func Open(path string, want Expect) (*Generation, error) {
	if bigEndian() {
		return nil, &Refused{ReasonRead, errBigEndian}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, &Refused{ReasonRead, err}
	}
	defer f.Close()
	pre, g, parts, err := want.readHeader(f)
	if err != nil {
		return nil, err
	}
	if err := g.load(f, pre, parts); err != nil {
		return nil, err
	}
	return g, nil
}

// readHeader reads a file's header and holds it against what is wanted. The parts have no words yet.
func (w *Expect) readHeader(f *os.File) (preamble, *Generation, []layout, error) {
	pre, header, err := readHeader(f)
	if err != nil {
		return pre, nil, nil, err
	}
	g, parts, err := decodeHeader(header, pre)
	if err != nil {
		return pre, nil, nil, err
	}
	return pre, g, parts, w.header(g)
}

func readHeader(f *os.File) (preamble, []byte, error) {
	info, err := f.Stat()
	if err != nil {
		return preamble{}, nil, &Refused{ReasonRead, err}
	}
	start := make([]byte, fixedHeader)
	n, err := f.ReadAt(start, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return preamble{}, nil, &Refused{ReasonRead, err}
	}
	pre, err := readPreamble(start[:n], uint64(info.Size()))
	if err != nil {
		return preamble{}, nil, err
	}
	header := make([]byte, pre.header)
	if _, err := f.ReadAt(header, 0); err != nil {
		return preamble{}, nil, &Refused{ReasonRead, err}
	}
	return pre, header, nil
}

// header holds what the header says against what is wanted.
func (w *Expect) header(g *Generation) error {
	if w.Registry != "" && g.registry != w.Registry {
		return refuse(ReasonRegistry, "it was made from registry %q, not %q", g.registry, w.Registry)
	}
	for kind, p := range g.parts {
		if p == nil {
			if w.Keys[kind] > 0 || w.Version[kind] > 0 {
				return refuse(ReasonCount, "it has no filter of kind %s", identity.Kind(kind))
			}
			continue
		}
		if p.version < w.Version[kind] {
			return refuse(ReasonWatermark, "its %s watermark %d is older than %d", p.kind, p.version, w.Version[kind])
		}
		if err := w.count(p.kind, g.registry, p.keys); err != nil {
			return err
		}
	}
	return nil
}

// count holds a number of keys of a registry against the number expected of it.
func (w *Expect) count(kind identity.Kind, registry string, keys uint64) error {
	if n := w.Keys[kind]; n > 0 && (w.Registry == "" || w.Registry == registry) && (keys < n-n/3 || keys > n+n/2) {
		return refuse(ReasonCount, "it has %d keys of kind %s, about %d were expected", keys, kind, n)
	}
	return nil
}

// load reads the words of every part into memory of their own, on all processors, and verifies them there. They are not
// mapped: whoever wrote into the file, cut it short or let its disk decay would change what has been verified.
func (g *Generation) load(f *os.File, pre preamble, parts []layout) error {
	words := uint64(0)
	for _, l := range parts {
		words += l.words
	}
	region, err := mapped.Anonymous(int(words * 8))
	if err != nil {
		return &Refused{ReasonRead, err}
	}
	g.own(region)
	mapped.Huge(region)
	for _, l := range parts {
		p := l.part
		p.words = wordsOf(region[:l.words*8])
		region = region[l.words*8:]
		p.bloom = bloom.FromWithM(p.words, uint(p.m()), uint(p.k))
		if err := l.load(f, int64(pre.header)); err != nil {
			return err
		}
	}
	return nil
}

func pages(n uint64) uint64 { return (n + pageSize - 1) / pageSize * pageSize }

// load reads every block of a part once and holds it against its checksum, and the bits that are set against the keys.
func (l *layout) load(f *os.File, body int64) error {
	b := bytesOf(l.part.words)
	var wg sync.WaitGroup
	var next, ones atomic.Int64
	var fault atomic.Pointer[Refused]
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(l.sums)) && fault.Load() == nil; i = next.Add(1) - 1 {
				block := b[i*checksumBlock : min((i+1)*checksumBlock, int64(len(b)))]
				if _, err := f.ReadAt(block, body+int64(l.offset)+i*checksumBlock); err != nil {
					fault.Store(unread(err))
				} else if xxh3.Hash(block) != l.sums[i] {
					fault.Store(refuse(ReasonChecksum, "block %d of kind %s has changed since it was written", i, l.part.kind))
				}
				ones.Add(int64(countOnes(wordsOf(block))))
			}
		})
	}
	wg.Wait()
	if r := fault.Load(); r != nil {
		return r
	}
	if err := l.part.checkCount(uint64(ones.Load())); err != nil {
		return &Refused{ReasonCount, err}
	}
	return nil
}

// unread is why a block could not be read: the file was cut since it was measured, or its disk fails.
func unread(err error) *Refused {
	if errors.Is(err, io.EOF) {
		return refuse(ReasonTruncated, "it was cut short while it was read")
	}
	return &Refused{ReasonRead, err}
}

// Save writes the generation to path, through a temporary file beside it that is renamed once it is safely on disk. Only
// its owner may read it: it tells of any number whether it was ever issued.
func (g *Generation) Save(path string) error {
	defer runtime.KeepAlive(g)
	if bigEndian() {
		return errBigEndian
	}
	sweep(path)
	if err := replace.With(path, g.write); err != nil {
		return fmt.Errorf("saving prefilter generation: %w", err)
	}
	return nil
}

func (g *Generation) write(w io.Writer) error {
	var parts []layout
	size := uint64(0)
	for p := range g.each {
		l := layout{part: p, offset: size, words: uint64(len(p.words))}
		for b := bytesOf(p.words); len(b) > 0; b = b[min(checksumBlock, len(b)):] {
			l.sums = append(l.sums, xxh3.Hash(b[:min(checksumBlock, len(b))]))
		}
		size += pages(l.words * 8)
		parts = append(parts, l)
	}
	if _, err := w.Write(encodeHeader(g, parts, size)); err != nil {
		return err
	}
	for p := range g.each {
		b := bytesOf(p.words)
		if _, err := w.Write(b); err != nil {
			return err
		}
		if _, err := w.Write(make([]byte, pages(uint64(len(b)))-uint64(len(b)))); err != nil {
			return err
		}
	}
	return nil
}
