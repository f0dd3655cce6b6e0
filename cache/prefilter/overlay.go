package prefilter

import "sync/atomic"

// overlay holds exactly the identifiers issued since the generation's snapshot: an open-addressing table that readers
// probe without a lock while one writer, under the filter's mutex, adds to it. A key is never moved or removed in
// place; growing and pruning make a new table.
type overlay struct {
	mask     uint64
	used     int
	keys     []atomic.Uint64 // packed key + 1; 0 is free
	versions []uint64        // writer only: the registry's version that brought the key last
}

func newOverlay(room int) *overlay {
	size := 64
	for size*3/4 <= room {
		size *= 2
	}
	return &overlay{mask: uint64(size - 1), keys: make([]atomic.Uint64, size), versions: make([]uint64, size)}
}

// has tells whether a key was added. It is safe beside add.
func (o *overlay) has(d digest, packed uint64) bool {
	for i := d.a & o.mask; ; i = (i + 1) & o.mask {
		switch o.keys[i].Load() {
		case packed + 1:
			return true
		case 0:
			return false
		}
	}
}

// full tells whether one more key needs a larger table.
func (o *overlay) full() bool { return o.used >= len(o.keys)*3/4 }

// add puts a key in, or raises the version of one that is there. The caller has made sure there is room.
func (o *overlay) add(d digest, packed, version uint64) {
	for i := d.a & o.mask; ; i = (i + 1) & o.mask {
		switch o.keys[i].Load() {
		case packed + 1:
			o.versions[i] = max(o.versions[i], version)
			return
		case 0:
			o.versions[i] = version
			o.keys[i].Store(packed + 1)
			o.used++
			return
		}
	}
}

// copy returns a larger table with those keys whose version keep accepts.
func (o *overlay) copy(hash func(packed uint64) digest, keep func(version uint64) bool) *overlay {
	kept := 0
	for i := range o.keys {
		if o.keys[i].Load() != 0 && keep(o.versions[i]) {
			kept++
		}
	}
	c := newOverlay(2 * kept)
	for i := range o.keys {
		if k := o.keys[i].Load(); k != 0 && keep(o.versions[i]) {
			c.add(hash(k-1), k-1, o.versions[i])
		}
	}
	return c
}
