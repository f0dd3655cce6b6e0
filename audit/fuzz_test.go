package audit_test

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/verigate/verigate/audit"
)

// segmentBytes is a small real segment.
func segmentBytes(f *testing.F) []byte {
	f.Helper()
	cfg := written(f, 1, 3)
	return readFile(f, filepath.Join(cfg.Dir, segmentsOf(f, cfg.Dir)[0]))
}

// No bytes make the frame decoder fail, and what it takes for a frame lies within them.
func FuzzFrame(f *testing.F) {
	b := segmentBytes(f)
	offs, lens, _ := audit.Frames(b)
	for i := range offs {
		f.Add(b[offs[i] : offs[i]+lens[i]])
	}
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{0xff}, 200))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, ok, readable := audit.ParseFrame(b)
		if ok && (n > len(b) || n%8 != 0) || readable && !ok {
			t.Errorf("a frame of %d bytes in %d", n, len(b))
		}
		if len(b) >= 24 && len(b)%8 == 0 { // with a good checksum the body's decoder is reached
			b = bytes.Clone(b)
			b[0], b[1], b[2], b[3] = byte(len(b)), byte(len(b)>>8), byte(len(b)>>16), 0
			b[17], b[18], b[19] = b[17]%5, 0, 0
			audit.Rehash(b)
			_, _, _ = audit.ParseFrame(b)
		}
	})
}

// No bytes make the scanner fail or run for ever, and it never says more was read than there is.
func FuzzScan(f *testing.F) {
	b := segmentBytes(f)
	f.Add(b)
	f.Add(b[:len(b)-30])
	f.Add(append(bytes.Clone(b[:400]), make([]byte, 600)...))
	f.Add(append(bytes.Clone(b[:400]), bytes.Repeat([]byte{0x98, 0, 0, 0x80, 0, 0, 0, 0}, 60)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		frames, end, err := audit.Scan(b)
		if end > len(b) || err == nil && frames*24 > len(b) {
			t.Errorf("%d frames up to %d in %d bytes", frames, end, len(b))
		}
	})
}

// No text makes the checkpoint parsers fail.
func FuzzCheckpoints(f *testing.F) {
	cfg := written(f, 2, 1)
	f.Add(readFile(f, filepath.Join(cfg.Dir, "checkpoints")))
	f.Add(readFile(f, filepath.Join(cfg.Dir, "checkpoint")))
	f.Add([]byte("verigate/audit/00\n1\n\n\n\n— x"))
	f.Fuzz(func(t *testing.T, b []byte) {
		n := 0
		for _, note := range audit.SplitCheckpoints(b) {
			if len(note) == 0 {
				t.Fatal("an empty note")
			}
			n += len(note)
		}
		if n != len(b) {
			t.Errorf("%d bytes of %d", n, len(b))
		}
		_, _ = audit.ParseCheckpoint(string(b))
	})
}
