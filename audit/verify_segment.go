package audit

import (
	"encoding/binary"
	"fmt"
	"runtime/debug"
	"time"
)

// checkSegment scans segment i+1.
func (v *verifier) checkSegment(i int) {
	index := uint64(i) + 1
	if i >= len(v.segments) || v.segments[i].name == "" {
		v.isMissing(index)
		return
	}
	defer v.progress(v.segments[i].size)
	name := v.segments[i].name
	e, err := openEvidence(v.cfg.Dir, name)
	if err != nil {
		v.find(name, -1, 0, "the segment cannot be read: %v", err)
		return
	}
	defer e.close()
	defer guardReading(debug.SetPanicOnFault(true), func(err error) { v.find(name, -1, 0, "the segment cannot be read: %v", err) })
	if e.packed != nil {
		v.isPacked(index, e)
	}
	if i == len(v.segments)-1 && i >= len(v.tree.leaves) && allZero(e.data) {
		v.note("%s: begun and not used", name)
		return
	}
	if e.headErr != nil {
		v.find(name, 0, 0, "%v", e.headErr)
		return
	}
	if e.header.log != v.id || e.header.index != index {
		v.find(name, 0, e.header.first, "this is segment %d of log %x", e.header.index, e.header.log[:])
		return
	}
	start, first, chained := v.startOf(i)
	if chained && e.header.first != first {
		v.find(name, 0, e.header.first, "it begins with record %d where record %d belongs", e.header.first, first)
		return
	}
	sc := newScanner(e.data, e.header, start)
	sc.name = name
	cut := ""
	if i < len(v.tree.leaves) {
		v.holdSeal(e, i)
		cut = cutToSeal(e, sc, v.tree.leaves[i])
	}
	v.scan(sc, chained)
	if cut != "" {
		s := v.tree.leaves[i]
		v.add(Finding{File: name, Offset: min(int64(len(e.data)), int64(s.length)), Record: s.last, Sound: int64(sc.linked), Reason: cut})
	}
}

// holdSeal compares the seal among the seals with the one the segment ends with: where they differ, one of the two files
// was forged, and the checkpoints tell which.
func (v *verifier) holdSeal(e *evidence, i int) {
	if i < v.filed && e.sealed != nil && *e.sealed != v.tree.leaves[i] {
		v.find(sealsFile, int64(i)*int64(frameSize(sealBody)), v.tree.leaves[i].last, "the seal of segment %d is not the one the segment ends with", i+1)
	}
}

// startOf tells where the chain of a segment begins and with which record; chained is false when the segment before
// is not sealed, and the chain not known.
func (v *verifier) startOf(i int) (start chainHash, first uint64, chained bool) {
	switch {
	case i == 0:
		return firstHash(v.id), 1, true
	case i <= len(v.tree.leaves):
		s := v.tree.leaves[i-1]
		return s.start(), s.last + 1, true
	}
	return chainHash{}, 0, false
}

// cutToSeal limits a scan to what the seal vouches for and returns what is wrong with a segment that does not end with
// its seal.
func cutToSeal(e *evidence, sc *scanner, s seal) (wrong string) {
	size := int64(len(e.data))
	switch {
	case size < int64(s.length):
		wrong = fmt.Sprintf("the segment was cut off: it has %d bytes, its seal vouches for %d", size, s.length)
	case size > int64(s.length) && !allZero(e.data[s.length:]):
		wrong = "there are bytes behind the seal"
	case size > int64(s.length) && e.header.size != uint64(size):
		wrong = fmt.Sprintf("the segment has %d bytes, its seal vouches for %d", size, s.length)
	}
	sc.sealed, sc.data = true, e.data[:min(size, int64(s.length))]
	return wrong
}

// placed is a frame and where it stands.
type placed struct {
	frame

	at int
}

// scan walks over the frames of a segment and holds them to the chain.
func (v *verifier) scan(sc *scanner, chained bool) {
	var n [TypeVoid + 1]uint64
	var from, to int64
	var events []placed
	ended := false
	for {
		at := sc.off
		f, ok, err := sc.next()
		if err == nil && ok {
			err = v.checkFrame(sc, f, at, chained)
		}
		if err != nil {
			v.found(err)
			break
		}
		if !ok {
			break
		}
		n[f.kind]++
		if f.kind == TypeEvent {
			events = append(events, placed{f, at})
		}
		if f.kind == TypeSeal {
			ended = true
		}
		if f.kind == TypeVoid {
			v.note("%s, offset %d: records %d to %d were incomplete after a crash", sc.name, at, f.seq, sc.seq-1)
		}
		if t := timeOf(f); t != 0 {
			if from == 0 {
				from = t
			}
			to = t
		}
	}
	for _, e := range events {
		v.heed(e.frame, e.at+e.length <= sc.linked)
	}
	if sc.sealed && !ended && sc.off == len(sc.data) {
		v.found(sc.faultAt(sc.off, sc.seq, "the segment does not end with its seal"))
	}
	v.tellHoles(sc)
	v.sum(sc, n, from, to)
}

func (v *verifier) checkFrame(sc *scanner, f frame, at int, chained bool) error {
	if f.kind == TypeLink && !chained {
		return sc.faultAt(at, f.seq, "a link stands in a segment that cannot have one yet")
	}
	if f.kind == TypeSeal {
		var s seal
		if s.decode(f.body) != nil || !sc.sealed || s != v.tree.leaves[sc.index-1] || sc.off != len(sc.data) {
			return sc.faultAt(at, f.seq, "the seal is not the one of this segment")
		}
		return sc.check(at, at, s.hash)
	}
	if !wellFormed(f) {
		return sc.faultAt(at, f.seq, "the record's content does not fit its type")
	}
	return sc.follow(f, at)
}

// wellFormed tells whether a frame's body can be read.
func wellFormed(f frame) bool {
	switch f.kind {
	case TypeDecision:
		return decodeDecision(f.body, new(Decision)) == nil
	case TypeCount:
		return decodeCount(f.body, new(Count)) == nil
	case TypeEvent:
		return decodeEvent(f.body, new(Event)) == nil
	case TypeLink, TypeSeal, TypeVoid:
		return true // looked at elsewhere
	}
	return false
}

// timeOf returns when a record was made; all content begins with it.
func timeOf(f frame) int64 {
	if f.kind > TypeEvent || len(f.body) < 8 {
		return 0
	}
	return int64(binary.LittleEndian.Uint64(f.body))
}

func (v *verifier) tellHoles(sc *scanner) {
	for _, off := range sc.late {
		v.note("%s, offset %d: the record was written and not published, as a crash leaves it", sc.name, off)
	}
	for _, h := range sc.holes {
		v.note("%s, offset %d: a record after %d is incomplete, as a crash leaves it (%d bytes)", sc.name, h.off, h.seq-1, h.length)
	}
}

func (v *verifier) sum(sc *scanner, n [TypeVoid + 1]uint64, from, to int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	r := v.report
	r.Segments++
	r.Decisions += n[TypeDecision]
	r.Counts += n[TypeCount]
	r.Events += n[TypeEvent]
	r.Last = max(r.Last, sc.seq-1)
	if t := time.Unix(0, from).UTC(); from != 0 && (r.From.IsZero() || t.Before(r.From)) {
		r.From = t
	}
	if t := time.Unix(0, to).UTC(); to != 0 && t.After(r.To) {
		r.To = t
	}
	for _, h := range sc.links {
		v.links[h] = true
	}
}

func (v *verifier) progress(n int64) {
	if v.cfg.Progress != nil {
		v.cfg.Progress(v.done.Add(n), v.total)
	}
}
