package audit

import (
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/verigate/verigate/verify"
)

// chain walks behind the writers: it hashes what they published, writes links, seals full segments, grows the tree and
// signs checkpoints. One goroutine owns it; only what status pages read is shared.
type chain struct {
	seg    *segment
	at     int       // hashed up to here
	frames uint64    // of the segment, before at
	hash   hash.Hash // over the chain's value at the last link and the bytes since
	linked uint64    // frames of the segment up to and with the last link
	links  uint64    // how many of them are links

	seals       *os.File
	checkpoints *os.File
	tree        tree
	pending     []seal // sealed, not yet in the seals file (the disk is full)
	filed       uint64 // seals in the seals file
	vouched     uint64 // checkpoints in the checkpoints file
	signed      uint64 // size of the tree in the newest checkpoint
	lastSync    verify.Instant
	lastSign    verify.Instant
	lastKeys    verify.Instant

	mu     sync.Mutex
	head   head   // the newest link
	view   tree   // as it is to others; it shares memory with tree, which only grows
	latest []byte // the newest checkpoint
	told   head   // the head it names
}

func (c *chain) begin(s *segment, prev chainHash) {
	c.seg, c.at, c.frames, c.linked, c.links = s, 0, 0, 0, 0
	c.restart(prev)
}

func (c *chain) restart(prev chainHash) {
	if c.hash == nil {
		c.hash = sha256.New()
	}
	c.hash.Reset()
	c.hash.Write(prev[:])
}

// absorb hashes what was published since the last time, up to an offset.
func (c *chain) absorb(to int) {
	from := max(c.at, headerSize)
	end := c.seg.published(from, to)
	for off := from; off < end; off += int(loadLength(c.seg.mem, off)) {
		c.frames++
	}
	c.hash.Write(c.seg.mem[c.at:end])
	c.at = end
}

func (c *chain) sum() (h chainHash) {
	c.hash.Sum(h[:0])
	return h
}

// follow is the chain's goroutine.
func (l *Log) follow(ctx context.Context) {
	t := time.NewTicker(tick)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			if l.failed.Load() == nil {
				if err := l.step(); err != nil {
					_ = l.fail(err)
				}
			}
			l.housekeep()
		}
	}
}

// step does what is due: sealing closed segments, linking, signing.
func (l *Log) step() (err error) {
	defer l.guard(debug.SetPanicOnFault(true), &err)
	now := l.deps.Clock()
	if err := l.sealClosed(); err != nil || l.chain.seg == nil {
		return err
	}
	end, frames := l.chain.seg.extent()
	l.chain.absorb(end)
	if l.linkNow.Swap(false) || now.Since(l.chain.lastSync) >= l.cfg.LinkEvery.Std() {
		l.chain.lastSync = now
		if frames > l.chain.linked {
			if err := l.link(now); err != nil {
				return err
			}
		}
	}
	if now.Since(l.chain.lastSign) >= l.cfg.Checkpoint.Std() {
		l.chain.lastSign = now
		l.sign()
	}
	old := now.Wall-l.chain.seg.created > int64(l.cfg.SegmentAge.Std()) && frames > l.chain.links
	if old || l.isHeld() || l.newEpoch(now) {
		_ = l.rotate(l.chain.seg) // if there is no segment, the next record will say so
	}
	return nil
}

// isHeld tells whether a segment waits for its name, which is tried again also when nobody asks.
func (l *Log) isHeld() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.held != nil
}

// link flushes the segment and then writes what the flushed part hashes to: a link on disk vouches that what it covers
// is on disk, so that a power loss can never look like tampering.
func (l *Log) link(now verify.Instant) error {
	c := &l.chain
	upTo, frames, sum := c.at, c.frames, c.sum()
	if err := c.seg.sync(); err != nil {
		return err
	}
	k := link{at: now.Wall, upTo: uint64(upTo), frames: frames, hash: sum}
	_, seq, ok := c.seg.put(TypeLink, k.encode(), c.seg.limit)
	if !ok {
		return nil // the segment is full: its seal comes next
	}
	c.restart(sum)
	c.links++
	// If nothing was written meanwhile, the link is the last frame and there is nothing to link until there is more.
	if c.linked = frames; seq == c.seg.first+frames {
		c.linked++
	}
	c.mu.Lock()
	c.head = head{c.seg.index, uint64(upTo), sum}
	c.mu.Unlock()
	return nil
}

// sealClosed seals every segment that writers have left, in order.
func (l *Log) sealClosed() error {
	c := &l.chain
	for c.seg != nil && c.seg.tail.Load()&tailClosed != 0 {
		end, frames := c.seg.extent()
		c.absorb(end)
		if c.at < end {
			break // somebody is still writing
		}
		if err := l.seal(end, frames); err != nil {
			return err
		}
		l.nextInChain()
		if err := l.fileSeals(); err != nil {
			return err
		}
	}
	return l.fileSeals()
}

func (l *Log) seal(end int, frames uint64) error {
	c := &l.chain
	length := end + frameSize(sealBody)
	s := seal{
		log: l.id, index: c.seg.index, first: c.seg.first, last: c.seg.first + frames,
		from: c.seg.created, to: l.deps.Clock().Wall, length: uint64(length), hash: c.sum(),
	}
	copy(c.seg.mem[end:], wholeFrame(TypeSeal, s.last, s.encode()))
	if err := c.seg.syncTo(length, syncData); err != nil {
		return err
	}
	if err := c.seg.finish(length); err != nil {
		return fmt.Errorf("sealing a segment of the audit log: %w", err)
	}
	if err := c.tree.add(s); err != nil {
		return err
	}
	c.pending = append(c.pending, s)
	c.mu.Lock()
	c.head, c.view = head{}, c.tree
	c.mu.Unlock()
	return nil
}

// nextInChain moves the chain to the segment after the sealed one; after the last there is none.
func (l *Log) nextInChain() {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := &l.chain
	if l.unsealed = l.unsealed[1:]; len(l.unsealed) == 0 {
		c.seg = nil
		return
	}
	c.begin(l.unsealed[0], c.pending[len(c.pending)-1].start())
}

// sealed returns the tree as it is now; it is not to be changed.
func (l *Log) sealed() tree {
	l.chain.mu.Lock()
	defer l.chain.mu.Unlock()
	return l.chain.view
}
