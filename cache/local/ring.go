package local

// ring is a first-in-first-out log of entries in a fixed piece of memory. Entries never wrap around its end.
type ring struct {
	b    []byte
	tail int // oldest entry
	used int // bytes from tail on, fillers included
}

// free tells whether an entry of size fits without evicting.
func (r *ring) free(size int) bool {
	return r.used+size+r.gap(size) <= len(r.b)
}

// gap is how much of the end must be filled before an entry of size.
func (r *ring) gap(size int) int {
	if rest := len(r.b) - r.head(); rest < size {
		return rest
	}
	return 0
}

func (r *ring) head() int {
	h := r.tail + r.used
	if h >= len(r.b) {
		h -= len(r.b)
	}
	return h
}

// push makes room for an entry at the head and returns its offset. The caller has asked free.
func (r *ring) push(size int) int {
	if gap := r.gap(size); gap > 0 {
		filler := entry(r.b[r.head():])
		filler.setSize(gap)
		filler.kill()
		r.used += gap
	}
	at := r.head()
	entry(r.b[at:]).setSize(size)
	r.used += size
	return at
}

// oldest returns the entry at the tail and its offset; nil when the ring is empty.
func (r *ring) oldest() (entry, int) {
	if r.used == 0 {
		return nil, 0
	}
	e := entry(r.b[r.tail:])
	return e[:e.size()], r.tail
}

// pop removes the entry at the tail.
func (r *ring) pop() {
	size := entry(r.b[r.tail:]).size()
	r.used -= size
	if r.tail += size; r.tail == len(r.b) {
		r.tail = 0
	}
	if r.used == 0 {
		r.tail = 0
	}
}

// at returns the entry at an offset.
func (r *ring) at(off int) entry {
	e := entry(r.b[off:])
	return e[:e.size()]
}
