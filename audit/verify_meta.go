package audit

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"golang.org/x/mod/sumdb/note"
)

// readMeta takes the log's id from the LOG file, or from the segments when that is not the file they were made with.
func (v *verifier) readMeta() error {
	text, err := readSmall(filepath.Join(v.cfg.Dir, metaFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	own := v.ownID()
	m, bad := parseMeta(text)
	sum := idOf(text)
	switch {
	case err != nil:
		v.find(metaFile, -1, 0, "the file was removed")
	case own != (logID{}) && sum != own:
		v.find(metaFile, 0, 0, "the file is not the one this log was begun with")
	case bad != nil:
		return bad // an honest file of another program or format
	}
	if v.id = own; own == (logID{}) {
		v.id = sum
	}
	v.report.Log = fmt.Sprintf("%x", v.id[:])
	if v.cfg.Verifier != "" {
		v.verifier, err = note.NewVerifier(v.cfg.Verifier)
		return err
	}
	if m != nil && sum == v.id {
		v.verifier = m.verifier
	}
	return nil
}

// ownID returns the log's id as the newest readable segment repeats it; zero if there is none.
func (v *verifier) ownID() logID {
	for _, s := range slices.Backward(v.segments) {
		if s.name == "" {
			continue
		}
		e, err := openEvidence(v.cfg.Dir, s.name)
		if err != nil {
			continue
		}
		id, bad := e.header.log, e.headErr
		e.close()
		if bad == nil {
			return id
		}
	}
	return logID{}
}

// readSeals makes the tree of the seals file and adds what only the segments themselves have yet.
func (v *verifier) readSeals() {
	b := v.seals
	whole, err := parseSeals(b, v.id, &v.tree)
	v.filed = len(v.tree.leaves)
	if err != nil {
		v.find(sealsFile, int64(whole), 0, "%v", err)
	} else if whole < len(b) {
		v.note("%s: the last seal is incomplete (%d bytes)", sealsFile, len(b)-whole)
	}
	for i := v.filed; i < len(v.segments); i++ {
		s := v.sealOf(v.segments[i].name)
		if s == nil || v.tree.add(*s) != nil {
			break
		}
	}
	if n := len(v.tree.leaves) - v.filed; n > 0 {
		v.note("%s: the newest %d of the sealed segments are not filed yet", sealsFile, n)
	}
}

// sealOf returns the seal a segment's file ends with, nil if it has none.
func (v *verifier) sealOf(name string) *seal {
	if name == "" {
		return nil
	}
	e, err := openEvidence(v.cfg.Dir, name)
	if err != nil {
		return nil
	}
	defer e.close()
	return e.sealed
}
