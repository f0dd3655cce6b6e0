package audit

import (
	"encoding/hex"
	"strconv"
)

// sayings are what the log says about its own old segments, from its events.
type sayings struct {
	through uint64            // segments up to here were removed by retention
	packed  map[uint64]string // what a compressed segment's file hashes to
	packAt  map[uint64]uint64 // and the record that says so; the newest counts

	missing []uint64          // segments that are not there
	hashes  map[uint64]string // what compressed files do hash to
}

// heed notes what an event says.
func (v *verifier) heed(f frame) {
	var e Event
	if decodeEvent(f.body, &e) != nil {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	switch e.Kind {
	case eventRetention:
		if n, err := strconv.ParseUint(e.Detail["through"], 10, 64); err == nil {
			v.said.through = max(v.said.through, n)
		}
	case eventCompressed:
		n, err := strconv.ParseUint(e.Detail["segment"], 10, 64)
		if err != nil || f.seq < v.said.packAt[n] {
			return
		}
		if v.said.packed == nil {
			v.said.packed, v.said.packAt = map[uint64]string{}, map[uint64]uint64{}
		}
		v.said.packed[n], v.said.packAt[n] = e.Detail["sha256"], f.seq
	}
}

func (v *verifier) isMissing(index uint64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.said.missing = append(v.said.missing, index)
}

func (v *verifier) isPacked(index uint64, e *evidence) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.said.hashes == nil {
		v.said.hashes = map[uint64]string{}
	}
	v.said.hashes[index] = hex.EncodeToString(e.packed[:])
}

// checkSaid holds missing and compressed segments to what the log says of them.
func (v *verifier) checkSaid() {
	removed := 0
	for _, index := range v.said.missing {
		if index <= v.said.through && index <= uint64(v.filed) {
			removed++
			continue
		}
		v.find(segmentName(index), -1, 0, "the segment is missing")
	}
	if removed > 0 {
		v.note("%d segments up to %d were removed by retention, as the log says; their seals are there", removed, v.said.through)
	}
	for index, hash := range v.said.hashes {
		if v.said.packed[index] != hash {
			v.find(compressedName(index), 0, 0, "the compressed file is not the one the log noted")
		}
	}
}
