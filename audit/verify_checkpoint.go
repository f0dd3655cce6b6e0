package audit

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// checkCheckpoints holds every checkpoint, the folder's own and those somebody else kept, to the tree.
func (v *verifier) checkCheckpoints() {
	size := v.checkGrown()
	v.checkLatest(size)
	if len(v.cfg.Checkpoints) > 0 {
		v.checkKept()
	}
}

// checkGrown checks the file with a checkpoint for every seal and returns the largest size vouched for.
func (v *verifier) checkGrown() (size uint64) {
	b := v.checkpoints
	off := int64(0)
	for i, n := range splitCheckpoints(b) {
		cp, err := v.openNote(n)
		if err != nil && off+int64(len(n)) == int64(len(b)) && v.verifier != nil && tornNote(n, checkpoint{log: v.id, size: uint64(i) + 1}, &v.tree, v.verifier) {
			v.note("%s: the last checkpoint is incomplete (%d bytes)", checkpointsFile, len(n))
			break
		}
		if err == nil && (cp.size != uint64(i)+1 || cp.head != (head{})) {
			err = fmt.Errorf("a checkpoint of %d segments stands where that of %d belongs", cp.size, i+1)
		}
		if err == nil {
			err = v.hold(cp)
		}
		if err != nil {
			v.find(checkpointsFile, off, 0, "%v", err)
			return max(size, uint64(len(v.tree.leaves)))
		}
		size = cp.size
		off += int64(len(n))
	}
	switch sealed := uint64(v.filed); {
	case size > sealed:
		v.find(sealsFile, -1, 0, "the seals of segments %d to %d are missing", sealed+1, size)
	case size+1 < sealed:
		v.find(checkpointsFile, int64(len(b)), 0, "the checkpoints of segments %d to %d are missing", size+1, sealed)
	case size < sealed:
		v.note("%s: the checkpoint of the last filed segment is not there yet", checkpointsFile)
	}
	return size
}

// readKept undoes what mail, a clipboard or an editor does to checkpoints: line ends, blank lines around, the last line
// unfinished. Text that is no signed checkpoint says nothing about the log, so it is an error and not a finding.
func readKept(b []byte) ([]byte, error) {
	text := strings.TrimPrefix(strings.ReplaceAll(string(b), "\r\n", "\n"), "\ufeff")
	text = strings.TrimRight(text, " \t\n") + "\n"
	var kept []byte
	for number := 1; len(text) > 0; number++ {
		text = strings.TrimLeft(text, "\n")
		n := []byte(text[:noteEnd([]byte(text))])
		text = text[len(n):]
		_, err := note.Open(n, note.VerifierList())
		if _, wellFormed := errors.AsType[*note.UnverifiedNoteError](err); !wellFormed {
			return nil, fmt.Errorf("reading the kept checkpoints: number %d is not a signed checkpoint", number)
		}
		kept = append(kept, n...)
	}
	return kept, nil
}

func (v *verifier) openNote(n []byte) (checkpoint, error) {
	if v.verifier == nil {
		return checkpoint{}, errors.New("it cannot be checked: the log's public key is not known")
	}
	cp, err := openCheckpoint(n, v.verifier)
	if err == nil {
		v.report.Checkpoints++
	}
	return cp, err
}

// hold compares a checkpoint with the tree and its head with the links.
func (v *verifier) hold(cp checkpoint) error {
	if cp.log != v.id {
		return errors.New("it is a checkpoint of another log")
	}
	if n := uint64(len(v.tree.leaves)); cp.size > n {
		return fmt.Errorf("it vouches for %d sealed segments, there are %d: the log was cut back", cp.size, n)
	}
	root, err := v.tree.root(cp.size)
	if err != nil {
		return err
	}
	if root != cp.root {
		return fmt.Errorf("the first %d segments are not those it vouches for: their seals were changed", cp.size)
	}
	return v.holdHead(cp.head)
}

func (v *verifier) holdHead(h head) error {
	if h == (head{}) || v.links[h] {
		return nil
	}
	return fmt.Errorf("%s up to offset %d is not what it vouches for: it was changed or cut back", segmentName(h.segment), h.upTo)
}

// checkLatest checks the newest checkpoint.
func (v *verifier) checkLatest(size uint64) {
	b := v.latest
	if len(b) == 0 {
		if size > 1 {
			v.find(latestFile, -1, 0, "the file was removed or emptied")
		}
		return
	}
	cp, err := v.openNote(b)
	if err == nil {
		err = v.hold(cp)
	}
	if err == nil && cp.size+1 < size {
		err = fmt.Errorf("it is older than it can be: it vouches for %d segments, others for %d", cp.size, size)
	}
	if err != nil {
		v.find(latestFile, 0, 0, "%v", err)
		return
	}
	if cp.size > size { // each is filed before it becomes the newest
		v.find(checkpointsFile, int64(len(v.checkpoints)), 0, "the checkpoints of segments %d to %d are missing: the newest vouches for them", size+1, cp.size)
	}
}

// checkKept holds the log to what somebody else kept. Of several, the oldest that fails and the newest that holds say
// between which segments the log was changed.
func (v *verifier) checkKept() {
	good := uint64(0)
	for _, n := range splitCheckpoints(v.cfg.Checkpoints) {
		cp, err := v.openNote(n)
		if err == nil {
			err = v.hold(cp)
		}
		if err == nil {
			err = v.holdWitness(n)
		}
		if err == nil {
			good = max(good, cp.size)
			continue
		}
		place := ""
		if cp.size > good {
			place = fmt.Sprintf(" (between segment %d and segment %d)", good+1, cp.size)
		}
		v.find("kept checkpoint", -1, 0, "of %d segments: %v%s", cp.size, err, place)
	}
}

// holdWitness demands the cosignature of the witness that vouches for what was kept.
func (v *verifier) holdWitness(kept []byte) error {
	w := v.cfg.Witness
	if w == nil {
		return nil
	}
	n, err := note.Open(kept, note.VerifierList(w))
	if err != nil {
		return fmt.Errorf("it is not cosigned by witness %s", w.Name())
	}
	if at := w.Time(n); at.After(v.report.Witnessed) {
		v.report.Witnessed = at
	}
	return nil
}

// checkOthers looks at what else is in the folder.
func (v *verifier) checkOthers() {
	for name, info := range v.files {
		switch name {
		case metaFile, sealsFile, checkpointsFile, latestFile:
		case cosignedFile:
			cp, err := v.openNote(v.cosigned)
			if err == nil {
				err = v.hold(cp)
			}
			if err != nil {
				v.find(name, 0, 0, "%v", err)
			}
		case lockFile:
			if info.Size() != 0 {
				v.find(name, 0, 0, "the file is not empty")
			}
		case latestFile + ".tmp", metaFile + ".tmp", cosignedFile + ".tmp":
			v.note("%s: left over from a crash", name)
		case nextFile:
			v.checkNext()
		default:
			if index, compressed := segmentIndex(strings.TrimSuffix(name, ".tmp")); compressed && strings.HasSuffix(name, ".tmp") {
				v.note("%s: left over from a crash while compressing", name)
			} else if index == 0 || strings.HasSuffix(name, ".tmp") {
				v.find(name, -1, 0, "the file does not belong to the log")
			}
		}
	}
}

// checkNext looks at the segment being prepared: zeros, or with a header if its name was lost with the power.
func (v *verifier) checkNext() {
	e, err := openEvidence(v.cfg.Dir, nextFile)
	if errors.Is(err, fs.ErrNotExist) {
		return // it has just got its name
	}
	if err != nil {
		v.find(nextFile, -1, 0, "the file cannot be read: %v", err)
		return
	}
	defer e.close()
	zeros := leadingZeros(e.data)
	begun := e.headErr == nil && e.header.log == v.id && e.header.index == uint64(len(v.segments))+1
	switch {
	case zeros == len(e.data):
	case begun && allZero(e.data[headerSize:]):
	case begun:
		v.note("%s: is segment %d, which lost its name in a power loss", nextFile, e.header.index)
		start, _, chained := v.startOf(len(v.segments))
		v.scan(newScanner(e.data, e.header, start), chained)
	default:
		v.find(nextFile, int64(zeros), 0, "there are bytes in a file that was not used yet")
	}
}
