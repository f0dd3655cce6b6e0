package audit

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
)

// repair seals what was left open, in order, and brings the seals file up to date. It may be interrupted at any point
// and begun again.
func (f *folder) repair(now int64) (*Recovery, error) {
	report := new(Recovery)
	for name, length := range map[string]int64{sealsFile: f.torn, checkpointsFile: f.tornNotes} {
		if length < 0 {
			continue
		}
		if err := os.Truncate(filepath.Join(f.dir, name), length); err != nil {
			return nil, err
		}
	}
	seals, err := os.OpenFile(filepath.Join(f.dir, sealsFile), os.O_CREATE|os.O_RDWR, 0o640)
	if err != nil {
		return nil, err
	}
	defer seals.Close()
	start := firstHash(f.meta.id)
	if s := f.lastSeal(); s != nil {
		start = s.start()
	}
	for _, r := range f.open {
		report.Segments++
		s, err := r.repair(start, now, report)
		if err != nil {
			return nil, fmt.Errorf("repairing %s: %w", filepath.Base(r.path), err)
		}
		if err := f.tree.add(*s); err != nil {
			return nil, err
		}
		if err := appendFile(seals, wholeFrame(TypeSeal, s.last, s.encode())); err != nil {
			return nil, err
		}
		start = s.start()
	}
	return report, syncDir(f.dir)
}

// repair fills a segment's holes, seals it and cuts the file.
func (r *remains) repair(start chainHash, now int64, report *Recovery) (*seal, error) {
	report.Records += r.frames
	s := r.sealed
	if s == nil {
		if err := r.fill(now, report); err != nil {
			return nil, err
		}
		sum, err := r.sum(start)
		if err != nil {
			return nil, err
		}
		s = &seal{
			log: r.log, index: r.index, first: r.first, last: r.scan.seq, from: r.created, to: now,
			length: uint64(r.end + frameSize(sealBody)), hash: sum,
		}
		if err := r.write(r.end, wholeFrame(TypeSeal, s.last, s.encode())); err != nil {
			return nil, err
		}
	} else if err := r.file.Truncate(int64(s.length)); err != nil {
		return nil, err
	}
	if err := r.file.Sync(); err != nil {
		return nil, err
	}
	if path := filepath.Join(filepath.Dir(r.path), segmentName(r.index)); path != r.path {
		if err := os.Rename(r.path, path); err != nil {
			return nil, err
		}
	}
	return s, r.file.Chmod(0o440)
}

// fill publishes what was whole, puts void records where records were on their way, and cuts off what stands behind the last whole one.
func (r *remains) fill(now int64, report *Recovery) error {
	for _, off := range r.scan.late {
		if err := r.write(off+3, []byte{r.data[off+3] &^ (claimed >> 24)}); err != nil {
			return err
		}
	}
	for _, h := range r.scan.holes {
		if h.frames == 0 {
			report.Incomplete++ // at the end: at least one
			continue
		}
		report.Incomplete += h.frames
		if err := r.void(h.off, h.length, h.seq, h.frames, now); err != nil {
			return err
		}
	}
	written := lengthWithoutZeros(r.data[r.end:])
	report.Dropped += int64(written)
	if err := r.file.Truncate(int64(r.end)); err != nil {
		return err
	}
	if r.lost > 0 { // the next segment has begun to count behind them
		if err := r.void(r.end, minVoid, r.scan.seq, r.lost, now); err != nil {
			return err
		}
		report.Incomplete += r.lost
		r.end += minVoid
		r.scan.seq += r.lost
	}
	return r.file.Sync()
}

// void fills a stretch with as few void records as it takes.
func (r *remains) void(off, length int, seq, frames uint64, now int64) error {
	pieces := uint64((length + maxFrame - 1) / maxFrame)
	for length > 0 {
		n := min(length, maxFrame)
		if rest := length - n; rest > 0 && rest < minVoid {
			n -= minVoid
		}
		v := void{at: now, frames: 1}
		if pieces > 0 {
			v.frames, pieces = frames-(pieces-1), 0
		}
		body := append(v.encode(), make([]byte, n-frameHeader-voidBody)...)
		if err := r.write(off, wholeFrame(TypeVoid, seq, body)); err != nil {
			return err
		}
		off, length, seq = off+n, length-n, seq+v.frames
	}
	return nil
}

func (r *remains) write(off int, b []byte) error {
	_, err := r.file.WriteAt(b, int64(off))
	return err
}

// sum is the chain's value before the seal, over the file as it is now.
func (r *remains) sum(start chainHash) (out chainHash, err error) {
	prev := start
	if r.scan.linked > 0 {
		prev = r.scan.prev
	}
	b := make([]byte, r.end-r.scan.linked)
	if _, err := r.file.ReadAt(b, int64(r.scan.linked)); err != nil {
		return out, err
	}
	h := sha256.New()
	h.Write(prev[:])
	h.Write(b)
	return chainHash(h.Sum(nil)), nil
}
