package audit

import (
	"encoding/hex"
	"slices"
	"strconv"
	"time"

	"github.com/verigate/verigate/config"
)

// sayings are what the log says about its own old segments, from its events.
type sayings struct {
	horizons []horizon         // up to which segments were removed by retention
	packed   map[uint64]string // what a compressed segment's file hashes to
	packAt   map[uint64]uint64 // and the record that says so; the newest counts

	missing []uint64          // segments that are not there
	hashes  map[uint64]string // what compressed files do hash to
}

// horizon is what an event of retention says: the segments up to one were removed, because they were older than that.
type horizon struct {
	through uint64
	at      int64
	older   time.Duration
}

// leastRetain is the shortest time that may be set to keep a log for.
const leastRetain = 24 * time.Hour

func horizonOf(e *Event) (h horizon, ok bool) {
	n, err := strconv.ParseUint(e.Detail["through"], 10, 64)
	var older config.Duration
	if err != nil || older.UnmarshalText([]byte(e.Detail["older_than"])) != nil || older.Std() < leastRetain {
		return h, false
	}
	return horizon{n, e.At, older.Std()}, true
}

// excuses tells whether a sealed segment lies beyond the horizon: one that was younger when it was removed was not
// removed by retention, whatever an event says.
func (h *horizon) excuses(s *seal) bool {
	return s.index <= h.through && s.to <= h.at-int64(h.older)+slack
}

// heed notes what an event says. A horizon counts only if the chain vouches for it: anybody who can write the folder
// can put a record behind the last link, and must not be able to excuse with it what he takes away.
func (v *verifier) heed(f frame, vouched bool) {
	var e Event
	if decodeEvent(f.body, &e) != nil {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	switch e.Kind {
	case eventRetention:
		if h, ok := horizonOf(&e); ok && vouched {
			v.said.horizons = append(v.said.horizons, h)
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
	removed, through := 0, uint64(0)
	for _, index := range v.said.missing {
		excused := func(h horizon) bool { return h.excuses(&v.tree.leaves[index-1]) }
		if index <= uint64(v.filed) && slices.ContainsFunc(v.said.horizons, excused) {
			removed, through = removed+1, max(through, index)
			continue
		}
		v.find(segmentName(index), -1, 0, "the segment is missing")
	}
	if removed > 0 {
		v.note("%d segments up to %d were removed by retention, as the log says; their seals are there", removed, through)
	}
	for index, hash := range v.said.hashes {
		if v.said.packed[index] != hash {
			v.find(compressedName(index), 0, 0, "the compressed file is not the one the log noted")
		}
	}
}
