package audit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/klauspost/compress/zstd"
)

// The kinds of event that say what became of old segments; verify reads them.
const (
	eventCompressed = "compressed" // segment, sha256 of the compressed file
	eventRetention  = "retention"  // through: the last segment removed, and older_than
)

const compressedSuffix = segmentSuffix + ".zst"

func compressedName(index uint64) string { return fmt.Sprintf("%020d%s", index, compressedSuffix) }

// keepEvery is how often old segments are looked at.
const keepEvery = time.Minute

// keep compresses and removes old segments, one after the other and without haste.
func (l *Log) keep(ctx context.Context) {
	t := time.NewTicker(keepEvery)
	defer t.Stop()
	for {
		if l.healthy() {
			err := l.keepOnce(ctx)
			if err != nil && ctx.Err() == nil {
				l.deps.Log.Error("old segments of the audit log stay as they are for now", "reason", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

func (l *Log) keepOnce(ctx context.Context) error {
	now := l.deps.Clock().Wall
	if err := l.removeOld(ctx, now); err != nil {
		return fmt.Errorf("removing segments older than %s: %w", l.cfg.Retain, err)
	}
	if l.cfg.Compress <= 0 {
		return nil
	}
	for _, s := range l.sealed().leaves {
		if s.to > now-int64(l.cfg.Compress.Std()) {
			break
		}
		if err := l.compress(ctx, s); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("compressing %s: %w", segmentName(s.index), err)
		}
	}
	return nil
}

// removeOld removes what is older than the horizon. The log says so first, on disk and linked into the chain, so that a
// segment that is missing is either inside the horizon it declared or missing.
func (l *Log) removeOld(ctx context.Context, now int64) error {
	if l.cfg.Retain <= 0 {
		return nil
	}
	horizon := now - int64(l.cfg.Retain.Std())
	var old []seal
	for _, s := range l.sealed().leaves {
		if s.to >= horizon {
			break
		}
		if l.segmentPath(s.index) != "" {
			old = append(old, s)
		}
	}
	if len(old) == 0 {
		return nil
	}
	last := old[len(old)-1]
	err := l.Event(eventRetention, "gateway", "through", strconv.FormatUint(last.index, 10), "last_record", strconv.FormatUint(last.last, 10),
		"older_than", l.cfg.Retain.String())
	if err != nil {
		return err
	}
	if err := l.flushNow(); err != nil {
		return err
	}
	if err := l.vouch(ctx); err != nil {
		return err
	}
	for _, s := range old {
		if err := os.Remove(l.segmentPath(s.index)); err != nil {
			return err
		}
	}
	l.deps.Log.Info("old segments of the audit log were removed", "through", last.index, "older_than", l.cfg.Retain.String())
	return syncDir(l.cfg.Dir)
}

// vouch returns when the chain vouches for everything recorded before.
func (l *Log) vouch(ctx context.Context) error {
	live := l.live.Load()
	if live == nil {
		return errClosed
	}
	end, _ := live.extent()
	t := time.NewTicker(tick)
	defer t.Stop()
	for !l.covers(live.index, uint64(end)) {
		if l.failed.Load() != nil {
			return errFailed
		}
		l.linkNow.Store(true)
		select {
		case <-t.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// covers tells whether a link or a seal covers a segment up to an offset.
func (l *Log) covers(index, upTo uint64) bool {
	l.chain.mu.Lock()
	defer l.chain.mu.Unlock()
	h := l.chain.head
	return uint64(len(l.chain.view.leaves)) >= index || h.segment == index && h.upTo >= upTo
}

// segmentPath returns where a sealed segment lies, in either form; "" when it was removed.
func (l *Log) segmentPath(index uint64) string {
	for _, name := range []string{segmentName(index), compressedName(index)} {
		path := filepath.Join(l.cfg.Dir, name)
		if _, err := os.Lstat(path); err == nil {
			return path
		}
	}
	return ""
}

// compress replaces a sealed segment by its compressed form. The log notes what the file hashes to: the format has bits
// that mean nothing, and the segment's own seal does not see them.
func (l *Log) compress(ctx context.Context, s seal) error {
	from := filepath.Join(l.cfg.Dir, segmentName(s.index))
	in, err := openRegular(from)
	if err != nil {
		return err // compressed already, or removed
	}
	defer in.Close()
	to := filepath.Join(l.cfg.Dir, compressedName(s.index))
	sum, err := writeCompressed(ctx, in, to+".tmp")
	if err == nil {
		err = l.Event(eventCompressed, "gateway", "segment", strconv.FormatUint(s.index, 10), "sha256", hex.EncodeToString(sum))
	}
	if err == nil {
		err = l.flushNow()
	}
	if err == nil {
		err = os.Rename(to+".tmp", to)
	}
	if err != nil {
		os.Remove(to + ".tmp")
		return err
	}
	if err := syncDir(l.cfg.Dir); err != nil {
		return err
	}
	return os.Remove(from)
}

// writeCompressed compresses into a new file, on disk when it returns, and returns the file's SHA-256. It works a tenth of
// the time: there is no hurry, and somebody is waiting for answers.
func writeCompressed(ctx context.Context, in io.Reader, path string) (sum []byte, err error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) { // left over from a crash
		return nil, err
	}
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o440)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	hash := sha256.New()
	enc, err := zstd.NewWriter(io.MultiWriter(out, hash), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(true))
	if err != nil {
		return nil, err
	}
	for {
		began := time.Now()
		_, err := io.CopyN(enc, in, 256<<10)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, errors.Join(err, enc.Close())
		}
		select {
		case <-time.After(9 * time.Since(began)):
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), enc.Close())
		}
	}
	if err := errors.Join(enc.Close(), out.Sync()); err != nil {
		return nil, err
	}
	return hash.Sum(nil), nil
}
