package audit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Recovery is what opening a log repaired.
type Recovery struct {
	Segments   int    // that had not been sealed
	Records    uint64 // frames found whole in them
	Incomplete uint64 // records that were on their way and that nobody was answered on
	Dropped    int64  // bytes at the end that were none
}

func (r *Recovery) clean() bool { return r.Segments == 0 }

// folder is a log's folder as found at a start.
type folder struct {
	dir  string
	meta *meta
	tree tree
	open []*remains

	torn      int64 // length the seals file is to be cut to; -1: none
	tornNotes int64 // the same of the checkpoints file
	signed    uint64
	latest    checkpoint
}

// remains is a segment that was not sealed, or whose seal is not among the seals.
type remains struct {
	header
	path   string
	file   *os.File
	data   []byte
	scan   *scanner
	end    int // behind the last whole frame
	frames uint64
	sealed *seal
	lost   uint64 // sequence numbers behind the end that the next segment counts as used
}

// readFolder reads and checks, and changes nothing.
func readFolder(dir string, m *meta) (*folder, error) {
	f := &folder{dir: dir, meta: m, torn: -1, tornNotes: -1}
	err := f.readSeals()
	if err == nil {
		err = f.readCheckpoints()
	}
	if err == nil {
		err = f.readSegments()
	}
	if err == nil {
		err = f.examine()
	}
	if err == nil {
		err = f.holdHead()
	}
	if err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

func (f *folder) close() {
	for _, r := range f.open {
		unmap(r.data)
		r.data = nil
		r.file.Close()
	}
}

func (f *folder) lastSeal() *seal {
	if n := len(f.tree.leaves); n > 0 {
		return &f.tree.leaves[n-1]
	}
	return nil
}

func (f *folder) readSeals() error {
	b, err := readSmall(filepath.Join(f.dir, sealsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	whole, err := parseSeals(b, f.meta.id, &f.tree)
	if err == nil && whole < len(b) {
		f.torn = int64(whole)
	}
	return err
}

// parseSeals reads the seals file into a tree and returns how much of it is whole; what is incomplete at its end is
// what a crash leaves.
func parseSeals(b []byte, id logID, t *tree) (whole int, err error) {
	for whole < len(b) {
		fr, bad := parseFrame(b[whole:])
		if bad == frameShort || bad == frameNone && allZero(b[whole:]) {
			return whole, nil
		}
		var s seal
		n := len(t.leaves)
		if bad != frameOK || fr.kind != TypeSeal || s.decode(fr.body) != nil || s.log != id || s.last != fr.seq || s.length > maxSegment {
			return whole, fmt.Errorf("%s, offset %d: the seal of segment %d is damaged", sealsFile, whole, n+1)
		}
		if s.index != uint64(n)+1 || n > 0 && s.first != t.leaves[n-1].last+1 || n == 0 && s.first != 1 {
			return whole, fmt.Errorf("%s, offset %d: the seal of segment %d stands where that of segment %d belongs", sealsFile, whole, s.index, n+1)
		}
		if err := t.add(s); err != nil {
			return whole, err
		}
		whole += fr.length
	}
	return whole, nil
}

// readCheckpoints holds the checkpoints in the folder to the tree: a log that was cut back or rewritten is not continued
// as if nothing had happened. Of the file that grows, the newest is enough; verify looks at all.
func (f *folder) readCheckpoints() error {
	b, err := readSmall(filepath.Join(f.dir, checkpointsFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	notes := splitCheckpoints(b)
	if n := len(notes); n > 0 && tornNote(notes[n-1], checkpoint{log: f.meta.id, size: uint64(n)}, &f.tree, f.meta.verifier) {
		f.tornNotes = int64(len(b) - len(notes[n-1]))
		notes = notes[:n-1]
	}
	f.signed = uint64(len(notes))
	if f.signed > 0 {
		if _, err := f.hold(notes[f.signed-1]); err != nil {
			return fmt.Errorf("%s: %w", checkpointsFile, err)
		}
	}
	b, err = readSmall(filepath.Join(f.dir, latestFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		f.latest, err = f.hold(b)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", latestFile, err)
	}
	return nil
}

// hold checks a checkpoint's signature and compares it with the tree.
func (f *folder) hold(b []byte) (checkpoint, error) {
	cp, err := openCheckpoint(b, f.meta.verifier)
	if err != nil {
		return cp, err
	}
	if cp.log != f.meta.id {
		return cp, errors.New("a checkpoint of another log")
	}
	if cp.size > uint64(len(f.tree.leaves)) {
		return cp, fmt.Errorf("a checkpoint vouches for %d segments, %s has %d: the log was cut back", cp.size, sealsFile, len(f.tree.leaves))
	}
	root, err := f.tree.root(cp.size)
	if err == nil && root != cp.root {
		err = fmt.Errorf("a checkpoint of %d segments does not agree with their seals", cp.size)
	}
	return cp, err
}

// holdHead looks for the link that the newest checkpoint names, if it stands in a segment that is still open.
func (f *folder) holdHead() error {
	h := f.latest.head
	if h.segment > uint64(len(f.tree.leaves)+len(f.open)) {
		return &fault{segment: h.segment, off: int(h.upTo), reason: "a checkpoint vouches for more than there is: the segment was removed or emptied"}
	}
	for _, r := range f.open {
		if r.index == h.segment && !slices.Contains(r.scan.links, h) {
			return &fault{segment: r.index, off: int(h.upTo), seq: r.scan.seq, reason: "a checkpoint vouches for more than there is: the segment was cut back or changed"}
		}
	}
	return nil
}

// readSegments opens the segments behind the last seal.
func (f *folder) readSegments() error {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return err
	}
	var indexes []uint64
	for _, e := range entries {
		if i, compressed := segmentIndex(e.Name()); i > uint64(len(f.tree.leaves)) && !compressed {
			indexes = append(indexes, i)
		}
	}
	slices.Sort(indexes)
	paths := make([]string, 0, len(indexes)+1)
	for i, index := range indexes {
		if want := uint64(len(f.tree.leaves) + i + 1); index != want {
			return fmt.Errorf("%s is missing", segmentName(want))
		}
		paths = append(paths, filepath.Join(f.dir, segmentName(index)))
	}
	for i, path := range append(paths, filepath.Join(f.dir, nextFile)) {
		if err := f.readSegment(path, i == len(paths)); err != nil {
			return err
		}
	}
	return nil
}

// readSegment opens one segment. A prepared one is taken for a segment if it has a header and records: then a power
// loss took its name.
func (f *folder) readSegment(path string, prepared bool) error {
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return notRegular(path, info)
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if prepared && errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	r := &remains{path: path, file: file}
	f.open = append(f.open, r)
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if r.data, err = mapReadOnly(file, int(info.Size())); err != nil {
		return err
	}
	drop := func() { unmap(r.data); file.Close(); f.open = f.open[:len(f.open)-1] }
	if allZero(r.data) {
		drop()
		return nil // never begun
	}
	if r.header, err = parseHeader(r.data); err != nil {
		if prepared {
			drop() // half made
			return nil
		}
		return fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	if prepared && allZero(r.data[headerSize:]) {
		drop()
		return nil
	}
	if r.log != f.meta.id {
		return fmt.Errorf("%s: a segment of another log", filepath.Base(path))
	}
	return nil
}

// examine scans the open segments, in order. A segment whose predecessor was not sealed cannot have links yet.
func (f *folder) examine() error {
	first, start, known := uint64(1), firstHash(f.meta.id), true
	if s := f.lastSeal(); s != nil {
		first, start = s.last+1, s.start()
	}
	for i, r := range f.open {
		index := uint64(len(f.tree.leaves) + i + 1)
		if r.index != index || r.first < first || known && r.first != first {
			return &fault{segment: index, seq: first, reason: fmt.Sprintf("the header is that of segment %d, from record %d on", r.index, r.first)}
		}
		if i > 0 {
			f.open[i-1].lost = r.first - first
		}
		r.scan = newScanner(r.data, r.header, start)
		if err := r.examine(known); err != nil {
			return err
		}
		first, known = r.scan.seq+1, r.sealed != nil
		if known {
			first, start = r.sealed.last+1, r.sealed.start()
		}
	}
	return nil
}

// examine walks over a segment and notes where it ends.
func (r *remains) examine(chained bool) error {
	sc := r.scan
	if s, ok := sealOf(r.data); ok {
		r.sealed, sc.sealed, sc.data = &s, true, r.data[:s.length]
	}
	for {
		at := sc.off
		fr, ok, err := sc.next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		r.frames++
		r.end = sc.off
		switch {
		case fr.kind == TypeSeal:
			err = r.checkSeal(at)
		case fr.kind == TypeLink && !chained:
			err = r.scan.faultAt(at, fr.seq, "a link stands in a segment that cannot have one yet")
		default:
			err = sc.follow(fr, at)
		}
		if err != nil {
			return err
		}
	}
	r.end = max(r.end, headerSize)
	return nil
}

func (r *remains) checkSeal(at int) error {
	s := r.sealed
	if s == nil || r.scan.off != len(r.scan.data) || s.index != r.index || s.first != r.first || s.log != r.log || s.from != r.created {
		return r.scan.faultAt(at, r.scan.seq-1, "the seal is not that of this segment")
	}
	return r.scan.check(at, at, s.hash)
}
