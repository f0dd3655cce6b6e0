package registry

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"sync"

	"github.com/zeebo/xxh3"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/registry/nation"
)

const (
	// chunkPeople is how many people one block of an export speaks for; the last one takes what is left as well. Nobody
	// has more than three numbers of a kind, so that a block never has more than maxBlock keys.
	chunkPeople = 8192
	maxBlock    = 65536
)

// tally is what is known of a nation's blocks of one kind: it never changes, so it is counted once.
type tally struct {
	once   sync.Once
	sizes  []uint32
	hashes []uint64
	total  uint64
}

// census holds the tallies by kind. The zero value is ready to use.
type census [identity.Kinds]tally

// walk goes through the keys of one kind in blocks: first the nation's, then those that were added.
type walk struct {
	nation *nation.Nation
	kind   identity.Kind
	tally  *tally
	added  []uint64
}

func (r *Registry) newWalk(kind identity.Kind, version uint64) *walk {
	return &walk{nation: r.nation, kind: kind, tally: &r.census[kind], added: r.overlay.addedUpTo(kind, version)}
}

// counted returns the tally of the nation's part and makes it when this is the first walk: a header tells the count
// before the first key.
func (w *walk) counted() *tally {
	w.tally.once.Do(func() {
		chunks := max(1, w.nation.People()/chunkPeople)
		w.tally.sizes, w.tally.hashes = make([]uint32, chunks), make([]uint64, chunks)
		var all sync.WaitGroup
		workers := runtime.GOMAXPROCS(0)
		for first := range workers {
			all.Go(func() {
				var keys []uint64
				var block []byte
				for i := first; i < chunks; i += workers {
					keys = w.appendChunk(keys[:0], i)
					block = appendBlock(block[:0], keys)
					w.tally.sizes[i], w.tally.hashes[i] = uint32(len(keys)), blockHash(block)
				}
			})
		}
		all.Wait()
		for _, n := range w.tally.sizes {
			w.tally.total += uint64(n)
		}
		if w.tally.total == 0 { // a nation too small to have any
			w.tally.sizes, w.tally.hashes = nil, nil
		}
	})
	return w.tally
}

func blockHash(block []byte) uint64 { return binary.LittleEndian.Uint64(block[len(block)-8:]) }

func (w *walk) appendChunk(dst []uint64, i int) []uint64 {
	from, to := i*chunkPeople, (i+1)*chunkPeople
	if to+chunkPeople > w.nation.People() {
		to = w.nation.People()
	}
	return w.nation.AppendKeys(w.kind, from, to, dst)
}

// blocks returns how many blocks the snapshot has.
func (w *walk) blocks() int {
	return len(w.counted().sizes) + (len(w.added)+maxBlock-1)/maxBlock
}

// count returns how many keys the snapshot has.
func (w *walk) count() uint64 { return w.counted().total + uint64(len(w.added)) }

// hash returns the xxh3-64 of all blocks' hashes, little-endian, in order.
func (w *walk) hash() uint64 {
	h := xxh3.New()
	add := func(hash uint64) { _, _ = h.Write(binary.LittleEndian.AppendUint64(nil, hash)) }
	for _, hash := range w.counted().hashes {
		add(hash)
	}
	for i := len(w.counted().sizes); i < w.blocks(); i++ {
		add(blockHash(appendBlock(nil, w.appendKeys(nil, i))))
	}
	return h.Sum64()
}

// appendKeys appends the keys of block i.
func (w *walk) appendKeys(dst []uint64, i int) []uint64 {
	chunks := len(w.counted().sizes)
	if i < chunks {
		return w.appendChunk(dst, i)
	}
	from := (i - chunks) * maxBlock
	return append(dst, w.added[from:min(from+maxBlock, len(w.added))]...)
}

var errBlock = errors.New("making a block: it has no keys or too many")

// run renders the blocks from one on and writes them in order. Every core renders; each is at most two blocks ahead of
// the writer, so that memory stays the same however large the nation is.
func (w *walk) run(ctx context.Context, from int, render func(dst []byte, keys []uint64) []byte, out io.Writer) error {
	workers := min(runtime.GOMAXPROCS(0), w.blocks()-from)
	if workers <= 0 {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	lanes := make([]lane, workers)
	for n := range lanes {
		l := lane{full: make(chan []byte, 1), empty: make(chan []byte, 2)}
		l.empty <- nil
		l.empty <- nil
		lanes[n] = l
		all.Go(func() { w.fill(ctx, l, from+n, workers, render) })
	}
	for i := from; i < w.blocks(); i++ {
		l := lanes[(i-from)%workers]
		select {
		case block := <-l.full:
			if block == nil {
				return errBlock
			}
			if _, err := out.Write(block); err != nil {
				return err
			}
			l.empty <- block[:0]
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// lane carries blocks from one worker to the writer and their memory back.
type lane struct{ full, empty chan []byte }

// fill renders every step-th block from first on. A nil block says that one could not be made.
func (w *walk) fill(ctx context.Context, l lane, first, step int, render func(dst []byte, keys []uint64) []byte) {
	var keys []uint64
	for i := first; i < w.blocks(); i += step {
		var block []byte
		select {
		case block = <-l.empty:
		case <-ctx.Done():
			return
		}
		keys = w.appendKeys(keys[:0], i)
		if len(keys) == 0 || len(keys) > maxBlock {
			block = nil
		} else {
			block = render(block, keys)
		}
		select {
		case l.full <- block:
		case <-ctx.Done():
			return
		}
		if block == nil {
			return
		}
	}
}
