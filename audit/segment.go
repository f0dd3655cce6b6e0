package audit

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
)

// A segment file begins with a header:
//
//	  0   8  magic and format
//	  8  16  id of the log: the first half of the SHA-256 of its LOG file
//	 24   8  index of the segment, from 1
//	 32   8  sequence number of its first frame
//	 40   8  when it was begun, nanoseconds since the Unix epoch
//	 48   8  size of the file while it is written
//	 56   4  number of the epoch key its subjects are hashed under
//	 60   8  fingerprint of that key
//	 68  56  zero
//	124   4  CRC-32C of the above
const (
	headerSize  = 128
	headerMagic = "VGAUDIT\x01"

	// closing is what writers leave free at the end, for the last link and the seal.
	closing = 1024
)

type logID [16]byte

// header is a decoded segment header.
type header struct {
	log         logID
	index       uint64
	first       uint64
	created     int64
	size        uint64
	epoch       uint32
	fingerprint [8]byte
}

func (h *header) encode(b []byte) {
	clear(b[:headerSize])
	copy(b, headerMagic)
	copy(b[8:], h.log[:])
	binary.LittleEndian.PutUint64(b[24:], h.index)
	binary.LittleEndian.PutUint64(b[32:], h.first)
	binary.LittleEndian.PutUint64(b[40:], uint64(h.created))
	binary.LittleEndian.PutUint64(b[48:], h.size)
	binary.LittleEndian.PutUint32(b[56:], h.epoch)
	copy(b[60:], h.fingerprint[:])
	binary.LittleEndian.PutUint32(b[124:], crc32.Checksum(b[:124], castagnoli))
}

func parseHeader(b []byte) (h header, err error) {
	if len(b) < headerSize {
		return h, fmt.Errorf("the header is cut off at %d bytes", len(b))
	}
	if string(b[:7]) != headerMagic[:7] {
		return h, fmt.Errorf("not a segment of an audit log")
	}
	if b[7] != headerMagic[7] {
		return h, fmt.Errorf("format %d, this program reads %d", b[7], headerMagic[7])
	}
	if binary.LittleEndian.Uint32(b[124:]) != crc32.Checksum(b[:124], castagnoli) {
		return h, fmt.Errorf("the header is damaged")
	}
	copy(h.log[:], b[8:])
	h.index = binary.LittleEndian.Uint64(b[24:])
	h.first = binary.LittleEndian.Uint64(b[32:])
	h.created = int64(binary.LittleEndian.Uint64(b[40:]))
	h.size = binary.LittleEndian.Uint64(b[48:])
	h.epoch = binary.LittleEndian.Uint32(b[56:])
	copy(h.fingerprint[:], b[60:])
	return h, nil
}

// segment is a file that is being written. Writers claim space in it by one compare-and-swap on tail and then fill it
// in memory; nobody waits for anybody. With durability "process" the memory is the file, mapped. With "disk" it is only
// ours and every flush writes what is new: the file system makes much more of pages that were written through a mapping
// than of the same bytes handed over, and nobody is answered before the flush anyway.
type segment struct {
	header
	file  *os.File
	mem   []byte
	apart bool          // mem is not the file
	limit int           // writers may claim up to here
	tail  atomic.Uint64 // offset of free space / 8 above, frames claimed below
	key   *Epoch

	syncing sync.Mutex // flushing, and the end of the file
	written int        // up to here the file has what mem has, and nothing before will change; for apart
	named   bool       // the folder was flushed since the file has its name
	gone    bool
}

const (
	tailCount = 1<<32 - 1
	// tailClosed in the upper half: no more claims.
	tailClosed = 1 << 63
)

func (s *segment) open() { s.tail.Store(headerSize / frameAlign << 32) }

// claim takes size bytes for n frames; ok is false when the segment is full or closed.
func (s *segment) claim(size, n, limit int) (off int, seq uint64, ok bool) {
	for {
		tail := s.tail.Load()
		off = int(tail>>32) * frameAlign
		if tail&tailClosed != 0 || off+size > limit {
			return 0, 0, false
		}
		count := tail & tailCount
		if s.tail.CompareAndSwap(tail, uint64((off+size)/frameAlign)<<32|(count+uint64(n))) {
			storeLength(s.mem, off, uint32(size)|claimed)
			return off, s.first + count, true
		}
	}
}

// close ends claiming and tells how many frames were claimed.
func (s *segment) close() (frames uint64) { return s.tail.Or(tailClosed) & tailCount }

// extent tells where the claims end now and how many frames they are.
func (s *segment) extent() (end int, frames uint64) {
	tail := s.tail.Load() &^ tailClosed
	return int(tail>>32) * frameAlign, tail & tailCount
}

// published walks over written frames from one offset up to another and returns where it met one that is not.
func (s *segment) published(from, to int) int {
	for from < to {
		n := loadLength(s.mem, from)
		if n == 0 || n&claimed != 0 {
			break
		}
		from += int(n)
	}
	return from
}

// put writes one frame behind the writers' limit or before it; only the chain's goroutine and recovery use it.
func (s *segment) put(t Type, body []byte, limit int) (off int, seq uint64, ok bool) {
	size := frameSize(len(body))
	off, seq, ok = s.claim(size, 1, limit)
	if !ok {
		return 0, 0, false
	}
	b := s.mem[off : off+size]
	copy(b[frameHeader:], body)
	finishFrame(b, t, seq, len(body))
	storeLength(s.mem, off, uint32(size))
	return off, seq, true
}

// sync puts on disk what was published before the call, and the first time the file's name.
func (s *segment) sync() error { return s.syncTo(0, syncData) }

// syncTo is sync with at least the bytes up to an offset, and with another way to flush the file.
func (s *segment) syncTo(least int, sync func(*os.File) error) error {
	s.syncing.Lock()
	defer s.syncing.Unlock()
	if s.gone {
		return nil // it was flushed a last time before
	}
	if !s.named {
		if err := syncDir(filepath.Dir(s.file.Name())); err != nil {
			return fmt.Errorf("flushing the folder of the audit log: %w", err)
		}
		s.named = true
	}
	if s.apart {
		if err := s.hand(least); err != nil {
			return fmt.Errorf("writing a segment of the audit log: %w", err)
		}
	}
	if err := sync(s.file); err != nil {
		return fmt.Errorf("flushing a segment of the audit log: %w", err)
	}
	return nil
}

// hand writes to the file what is new in memory, up to the end of what was claimed: behind a record that is still being
// written there may be one that somebody waits for. From the first such record on it is written again the next time; until
// then the file has it as unpublished, or its checksum tells.
func (s *segment) hand(least int) error {
	end, _ := s.extent()
	settled := s.published(max(s.written, headerSize), end)
	if end = max(end, least); end == s.written {
		return nil
	}
	if _, err := s.file.WriteAt(s.mem[s.written:end], int64(s.written)); err != nil {
		return err
	}
	s.written = settled
	return nil
}

// finish cuts the file to its length, flushes it and lets go of it.
func (s *segment) finish(length int) error {
	s.syncing.Lock()
	defer s.syncing.Unlock()
	s.gone = true
	unmap(s.mem)
	err := s.file.Truncate(int64(length))
	if err == nil {
		err = s.file.Sync()
	}
	// A sealed segment is not written again, and whoever tries should have to say so.
	return errors.Join(err, s.file.Chmod(0o440), s.file.Close())
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
