package audit

import (
	"context"
	"encoding/binary"
	"os"
)

// Frames returns the offsets and lengths of the frames in a segment's bytes, and their types.
func Frames(data []byte) (offsets, lengths []int, types []Type) {
	for off := headerSize; off < len(data); {
		f, bad := parseFrame(data[off:])
		if bad != frameOK {
			break
		}
		offsets, lengths, types = append(offsets, off), append(lengths, f.length), append(types, f.kind)
		off += f.length
	}
	return offsets, lengths, types
}

// Rehash makes the checksum of a frame right again, as a forger would.
func Rehash(frame []byte) {
	body := len(frame) - frameHeader - int(frame[17])
	finishFrame(frame, Type(frame[16]), binary.LittleEndian.Uint64(frame[8:]), body)
}

// SetSeq gives a frame another sequence number.
func SetSeq(frame []byte, seq uint64) {
	binary.LittleEndian.PutUint64(frame[8:], seq)
	Rehash(frame)
}

// Seq returns a frame's sequence number.
func Seq(frame []byte) uint64 { return binary.LittleEndian.Uint64(frame[8:]) }

// ParseFrame is what readers make of bytes: whether they are a frame, and whether its body can be read.
func ParseFrame(b []byte) (length int, ok, readable bool) {
	f, bad := parseFrame(b)
	return f.length, bad == frameOK, bad == frameOK && wellFormed(f)
}

// Scan walks over a segment's bytes as verify and recovery do and returns where it stopped.
func Scan(data []byte) (frames, end int, err error) {
	h, err := parseHeader(data)
	if err != nil {
		return 0, 0, err
	}
	sc := newScanner(data, h, chainHash{})
	for {
		at := sc.off
		f, ok, err := sc.next()
		if err != nil || !ok {
			return frames, sc.off, err
		}
		_ = sc.follow(f, at)
		frames++
	}
}

// Committer is the group commit over any flush.
type Committer = committer

// NewCommitter makes one; Run and Wait are its two sides.
var NewCommitter = newCommitter

// Run flushes until ctx ends.
func (c *Committer) Run(ctx context.Context) { c.run(ctx) }

// Wait waits for a flush that begins after the call.
func (c *Committer) Wait() error { return c.wait() }

// Flusher flushes files.
type Flusher = flusher

// NewFlusher makes one; Sync and Close are what it does.
var NewFlusher = newFlusher

// Sync flushes a file.
func (f *Flusher) Sync(file *os.File) error { return f.sync(file) }

// Close lets go of it.
func (f *Flusher) Close() { f.close() }

// The errors that callers of Record can meet.
var ErrFull, ErrFailed, ErrStalled, ErrClosed = errFull, errFailed, errStalled, errClosed

// SplitCheckpoints and ParseCheckpoint read what somebody else kept.
var (
	SplitCheckpoints = splitCheckpoints
	ParseCheckpoint  = parseCheckpoint
)
