package audit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// rotate replaces the live segment, unless somebody else has done so already.
func (l *Log) rotate(old *segment) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return errClosed
	}
	if l.live.Load() != old {
		return nil
	}
	next, err := l.takeNext()
	if err != nil {
		return err
	}
	next.index = old.index + 1
	if err := l.name(next); err != nil {
		// Nothing is lost and nothing has changed: as with a full disk, it is tried again until it works.
		l.held = next
		l.starved.Store(true)
		l.raise(fmt.Errorf("beginning a segment of the audit log: %w", err))
		return errFull
	}
	l.starved.Store(false)
	next.first = old.first + old.close() + 1 // one for the seal
	l.enter(next)
	return nil
}

// name gives a prepared segment its own name. Until it has a header it is a segment that was begun and not used.
func (l *Log) name(s *segment) error {
	return os.Rename(filepath.Join(l.cfg.Dir, nextFile), filepath.Join(l.cfg.Dir, segmentName(s.index)))
}

// takeNext returns the prepared segment. One caller waits for it a moment; when that was in vain, the next ones do not
// wait until there is one again.
func (l *Log) takeNext() (*segment, error) {
	if s := l.held; s != nil {
		l.held = nil
		return s, nil
	}
	select {
	case s := <-l.next:
		return s, nil
	default:
	}
	if l.starved.Load() {
		return nil, errFull
	}
	timeout := time.NewTimer(l.cfg.StallTimeout.Std())
	defer timeout.Stop()
	select {
	case s := <-l.next:
		return s, nil
	case <-timeout.C:
		l.starved.Store(true)
		return nil, errFull
	}
}

// enter writes the header of a segment that has its name and makes it the live one. The caller holds mu.
func (l *Log) enter(s *segment) {
	s.log, s.created, s.size = l.id, l.deps.Clock().Wall, uint64(len(s.mem))
	s.key = l.epoch.Load()
	s.epoch, s.fingerprint = s.key.Number, s.key.Fingerprint
	s.header.encode(s.mem)
	select {
	case l.entered <- struct{}{}:
	default: // the first segment of all was not handed over
	}
	s.open()
	l.unsealed = append(l.unsealed, s)
	l.live.Store(s)
	l.count.segments.Inc()
}

// prepare makes segments ahead of their use, so that neither allocating nor zeroing happens on anybody's way and a full
// disk is known a whole segment early.
func (l *Log) prepare(ctx context.Context) {
	for ctx.Err() == nil {
		s, err := newSegment(ctx, l.cfg.Dir, l.cfg.SegmentSize.Bytes(), l.disk)
		if err != nil {
			l.cannotPrepare(ctx, err)
			continue
		}
		if l.full.Swap(false) {
			l.deps.Log.Info("the audit log has room again", "dir", l.cfg.Dir)
		}
		l.starved.Store(false)
		select {
		case l.next <- s:
		case <-ctx.Done():
			s.discard(l.cfg.Dir)
			return
		}
		select {
		case <-l.entered: // only now is the name free for another
		case <-ctx.Done():
		}
	}
}

const prepareRetry = time.Second

func (l *Log) cannotPrepare(ctx context.Context, err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	if !l.full.Swap(true) {
		l.raise(fmt.Errorf("preparing the next segment of the audit log: %w", err))
	}
	select {
	case <-time.After(prepareRetry):
	case <-ctx.Done():
	}
}

// newSegment makes a file of zeros and maps it or, for durability "disk", memory that is written to it. Zeros rather
// than a hole: a page of the mapping must never need a block that is not there. With them on disk already, a flush later
// writes data only and no metadata, which halves its time.
func newSegment(ctx context.Context, dir string, size int64, disk bool) (*segment, error) {
	path := filepath.Join(dir, nextFile)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = writeZeros(ctx, f, size)
	if err == nil && disk {
		err = syncData(f)
	}
	var mem []byte
	switch {
	case err != nil:
	case disk:
		mem, err = mapMemory(int(size))
	default:
		mem, err = mapFile(f, int(size))
	}
	if err != nil {
		f.Close()
		os.Remove(path)
		return nil, err
	}
	return &segment{file: f, mem: mem, apart: disk, limit: int(size) - closing}, nil
}

func writeZeros(ctx context.Context, f *os.File, size int64) error {
	zeros := make([]byte, min(size, 1<<20))
	for off := int64(0); off < size; off += int64(len(zeros)) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if _, err := f.WriteAt(zeros[:min(int64(len(zeros)), size-off)], off); err != nil {
			return err
		}
	}
	return nil
}

// discard removes a segment that was prepared and never used.
func (s *segment) discard(dir string) {
	unmap(s.mem)
	s.file.Close()
	os.Remove(filepath.Join(dir, nextFile))
}
