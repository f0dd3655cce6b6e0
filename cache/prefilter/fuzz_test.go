package prefilter_test

import (
	"bytes"
	"testing"

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
	f.Add(append(head, blocks...))
	f.Add(head)
	f.Add([]byte("{}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		keys, err := prefilter.ReadExport(bytes.NewReader(b), identity.KindID)
		if keys*8 > uint64(len(b)) {
			t.Fatalf("%d keys came out of %d bytes", keys, len(b))
		}
		if err == nil && keys == 0 {
			t.Fatal("an export without keys passes")
		}
	})
}
