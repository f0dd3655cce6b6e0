package prefilter_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/zeebo/xxh3"

	"github.com/verigate/verigate/cache/prefilter"
	"github.com/verigate/verigate/identity"
)

func FuzzHeader(f *testing.F) {
	good := saved(f, newStand(10))
	f.Add(good, true)
	f.Add(good[:100], false)
	f.Add(append([]byte("VGFILTER"), make([]byte, 4096)...), false)
	f.Fuzz(func(t *testing.T, b []byte, seal bool) {
		b = bytes.Clone(b)
		if size := 4096; seal && len(b) >= size {
			b[12], b[13], b[14], b[15] = 0, 16, 0, 0
			b = reseal(b)
		}
		g, err := prefilter.DecodeHeader(b)
		if (g == nil) == (err == nil) {
			t.Fatalf("got %v and %v", g, err)
		}
	})
}

func FuzzExport(f *testing.F) {
	s := newStand(100)
	s.block = 40
	head, blocks := s.render(identity.KindID, 0)
	f.Add(append(head, blocks...), false)
	f.Add(append(head, blocks...), true)
	f.Add(head, false)
	f.Add([]byte("{}\n"), false)
	f.Fuzz(func(t *testing.T, b []byte, seal bool) {
		if seal {
			b = resealBlocks(bytes.Clone(b))
		}
		keys, err := prefilter.ReadExport(bytes.NewReader(b), identity.KindID)
		if keys*8 > uint64(len(b)) {
			t.Fatalf("%d keys came out of %d bytes", keys, len(b))
		}
		if err == nil && keys == 0 {
			t.Fatal("an export without keys passes")
		}
	})
}

// resealBlocks makes the checksums of an export agree with what is in it, as far as it has the form of one: damage that
// a checksum finds is the easy part.
func resealBlocks(b []byte) []byte {
	le := binary.LittleEndian
	at := bytes.IndexByte(b, '\n') + 1
	var sums []byte
	for at+4 <= len(b) {
		size := int(le.Uint32(b[at:])) * 8
		at += 4
		if size == 0 {
			if at+16 <= len(b) {
				le.PutUint64(b[at+8:], xxh3.Hash(sums))
			}
			return b
		}
		if at+size+8 > len(b) {
			return b
		}
		le.PutUint64(b[at+size:], xxh3.Hash(b[at:at+size]))
		sums = append(sums, b[at+size:at+size+8]...)
		at += size + 8
	}
	return b
}
