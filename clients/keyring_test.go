package clients

import (
	"encoding/binary"
	"testing"
	"unsafe"
)

// TestKeyringTellsNeighboursApart puts digests into the ring that begin alike, so that they want the same cell.
func TestKeyringTellsNeighboursApart(t *testing.T) {
	const n = 100
	digest := func(i int) (d KeyDigest) {
		for j := range 8 {
			d[j] = 0xff // the last cell, from where the search goes on with the first
		}
		binary.LittleEndian.PutUint64(d[8:], uint64(i))
		return d
	}
	p, r := newPlaces(), newKeyring(n)
	for i := range n {
		r.put(&credential{digest: digest(i)})
	}
	for i := range n {
		d := digest(i)
		if c := r.find(&d, p); c == nil || c.digest != d {
			t.Fatalf("digest %d: %v", i, c)
		}
	}
	for _, d := range []KeyDigest{digest(n), {}, {1}} {
		if c := r.find(&d, p); c != nil {
			t.Errorf("%x was never put in", d)
		}
	}
	empty := newKeyring(0)
	if c := empty.find(&KeyDigest{}, p); c != nil {
		t.Error("nothing was put in")
	}
}

// TestCredentialsLieOnCacheLines: what is looked at to find a credential must not reach into its caller's line.
func TestCredentialsLieOnCacheLines(t *testing.T) {
	const line = 64
	var c credential
	if n := unsafe.Offsetof(c.caller); n != line {
		t.Errorf("the caller begins at %d", n)
	}
	if n := unsafe.Offsetof(c.caller.Slot) + unsafe.Sizeof(c.caller.Slot); n > line {
		t.Errorf("what a request needs of its caller ends at %d", n)
	}
	if n := unsafe.Sizeof(c); n%line != 0 {
		t.Errorf("a credential has %d bytes, %d more than whole lines", n, n%line)
	}
	if n := unsafe.Sizeof(slot{}); n != line {
		t.Errorf("a slot has %d bytes", n)
	}
}
