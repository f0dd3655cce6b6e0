package local

import (
	"encoding/binary"
	"sync"

	"github.com/verigate/verigate/verify"
)

// shard is one independent part of the cache. New entries go into a small ring; those asked for again before they reach
// its end move on to the main ring, where each further use buys another round. One pass of never-repeated questions thus
// flows through the small ring and leaves the main one alone (S3-FIFO). Which subjects fell out of the small ring lately
// is remembered, so that one asked for again soon goes straight to the main ring. What bulk work left in free room makes
// way before anything of a clinic's does.
type shard struct {
	mu    sync.Mutex
	rings [2]ring // small, main
	index map[verify.Subject]place
	ghost []uint32 // fingerprints, direct-mapped
	grave graves
	since int64 // when the registry's present history began, as far as is known; earlier knowledge is of another
	stats stats
	bulk  int      // live entries that only bulk work has asked for; the first to go
	spare []byte   // scratch of recycle
	_     [64]byte // neighbours do not share a cache line
}

const (
	small = 0
	main  = 1
)

// place is where an entry lies: offset in units of 8 bytes, and the ring in the lowest bit.
type place uint32

func placeOf(ring, off int) place { return place(off/8<<1 | ring) }

func (s *shard) entry(p place) entry { return s.rings[p&1].at(int(p>>1) * 8) }

// get copies what is known of a subject. Bulk work leaves no trace of having asked.
func (s *shard) get(subject *verify.Subject, batch bool, space []byte) (h verify.Held, _ []byte, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.index[*subject]
	if !ok {
		s.stats.misses++
		return h, space, false
	}
	e := s.entry(p)
	if !batch {
		s.adopt(e)
		if n := e.uses(); n < maxUses {
			e.setUses(n + 1)
		}
	}
	s.stats.hits++
	h, space = e.read(space)
	return h, space, true
}

// outcome of a put.
type outcome uint8

const (
	stored   outcome = iota
	known            // the same knowledge is there, as young or younger
	outdated         // newer knowledge is there
	unfit            // too large, or bulk work and no free room
)

// put keeps h unless something newer is known.
func (s *shard) put(subject *verify.Subject, h *verify.Held, batch bool, now int64) outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.grave.forbids(subject, h, now) {
		s.stats.outdated++
		return outdated
	}
	size := sizeFor(len(h.Record))
	if p, ok := s.index[*subject]; ok {
		e := s.entry(p)
		ours, theirs := h.Learned >= s.since, e.learned() >= s.since // of the present history
		switch {
		case ours == theirs && h.Version < e.version(), theirs && !ours:
			s.stats.outdated++
			return outdated
		case ours == theirs && h.Version == e.version() && h.Learned <= e.learned():
			return known
		case size <= e.size():
			uses, bulk := e.uses(), e.bulk()
			e.write(subject, h)
			e.setUses(uses)
			e.setBulk(bulk)
			if !batch {
				s.adopt(e)
			}
			return stored
		}
		batch = batch && e.bulk() // a clinic's stays a clinic's
		s.drop(*subject, e)
	}
	return s.insert(subject, h, size, batch)
}

// insert puts a new entry where it belongs.
func (s *shard) insert(subject *verify.Subject, h *verify.Held, size int, batch bool) outcome {
	to := small
	switch {
	case size > len(s.rings[small].b)/2:
		s.stats.tooLarge++
		return unfit
	case batch && !s.rings[main].free(size):
		return unfit
	case batch, s.wasHere(subject):
		to = main
	}
	s.room(to, size)
	off := s.rings[to].push(size)
	e := s.rings[to].at(off)
	e.write(subject, h)
	if batch {
		e.setBulk(true)
		s.bulk++
	}
	s.index[*subject] = placeOf(to, off)
	s.stats.bytes += int64(size)
	return stored
}

// adopt makes an entry of bulk work one of the clinics'.
func (s *shard) adopt(e entry) {
	if e.bulk() {
		e.setBulk(false)
		s.bulk--
	}
}

// maxSpared bounds how many entries of clinics are passed over in search of one of bulk work, and so how long one fill
// may take.
const maxSpared = 16

// room evicts until an entry of size fits into a ring.
func (s *shard) room(which, size int) {
	r, spared := &s.rings[which], 0
	for !r.free(size) {
		e, _ := r.oldest()
		if !e.live() {
			r.pop()
			continue
		}
		if which == small {
			s.leaveSmall(e)
		} else if s.leaveMain(e, spared < maxSpared) {
			spared++
		}
	}
}

// leaveSmall moves the oldest entry of the small ring on, or out: what was used moves on, and so does everything while
// the main ring has room, or bulk work in it to make some.
func (s *shard) leaveSmall(e entry) {
	subject := verify.Subject(e.subject())
	if e.uses() > 0 || s.bulk > 0 || s.rings[main].free(len(e)) {
		e.setUses(0)
		s.room(main, len(e))
		s.move(e, subject, main)
	} else {
		s.ghost[s.ghostSlot(&subject)] = fingerprint(&subject)
		s.evict(subject, e)
	}
	s.rings[small].pop()
}

// leaveMain gives the oldest entry of the main ring another round for each use, or throws it out. An unused one of a
// clinic's may be spared while there is bulk work to throw out instead; the result tells that it was.
func (s *shard) leaveMain(e entry, spare bool) (spared bool) {
	subject, n := verify.Subject(e.subject()), e.uses()
	switch {
	case n > 0:
		s.recycle(e, subject, n-1)
	case spare && s.bulk > 0 && !e.bulk():
		s.recycle(e, subject, 0)
		return true
	default:
		s.evict(subject, e)
		s.rings[main].pop()
	}
	return false
}

// recycle moves the oldest entry of the main ring to its head. The bytes are set aside first: the room that popping
// makes is the room they may be written to.
func (s *shard) recycle(e entry, subject verify.Subject, uses uint8) {
	s.spare = append(s.spare[:0], e...)
	r := &s.rings[main]
	r.pop()
	if !r.free(len(s.spare)) { // a filler at the end can take the room the entry had
		s.evict(subject, s.spare)
		return
	}
	off := r.push(len(s.spare))
	copy(r.b[off:], s.spare)
	r.at(off).setUses(uses)
	s.index[subject] = placeOf(main, off)
}

// move copies an entry into another ring, which has room.
func (s *shard) move(e entry, subject verify.Subject, to int) {
	off := s.rings[to].push(len(e))
	copy(s.rings[to].b[off:], e)
	s.index[subject] = placeOf(to, off)
}

func (s *shard) evict(subject verify.Subject, e entry) {
	s.stats.evictions++
	s.drop(subject, e)
}

// drop forgets an entry; its bytes stay in the ring until they are overwritten.
func (s *shard) drop(subject verify.Subject, e entry) {
	s.adopt(e)
	s.stats.bytes -= int64(len(e))
	e.kill()
	delete(s.index, subject)
}

// bury forgets what is older than version and leaves a tombstone.
func (s *shard) bury(subject *verify.Subject, version uint64, now int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.grave.dig(subject, version, now)
	if p, ok := s.index[*subject]; ok {
		if e := s.entry(p); e.version() < version || e.learned() < s.since {
			s.drop(*subject, e)
		}
	}
}

// anew begins another history: changes of the one before say nothing of what is learned from now on.
func (s *shard) anew(now int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.since, s.grave.since = now, now
}

// The subject is a keyed hash, so any of its bytes serve as a hash.
func fingerprint(s *verify.Subject) uint32 { return binary.LittleEndian.Uint32(s[4:]) | 1 }

func (s *shard) ghostSlot(subject *verify.Subject) uint32 {
	return binary.LittleEndian.Uint32(subject[8:]) & uint32(len(s.ghost)-1)
}

func (s *shard) wasHere(subject *verify.Subject) bool {
	return s.ghost[s.ghostSlot(subject)] == fingerprint(subject)
}
