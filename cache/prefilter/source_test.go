package prefilter_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"github.com/zeebo/xxh3"

	"github.com/verigate/verigate/cache/prefilter"
	"github.com/verigate/verigate/identity"
)

// stand is a registry's export in memory, with whatever can be wrong with one.
type stand struct {
	registry, snapshot, token string
	version                   uint64
	keys                      map[identity.Kind]func(i uint64) uint64 // the i-th packed key
	count                     map[identity.Kind]uint64
	coverage                  map[identity.Kind]string // JSON
	block                     uint64

	header func(map[string]any)      // changes the header
	body   func([]byte) []byte       // changes the blocks
	cut    func(call int, n int) int // how much of n bytes of blocks call gets; nil: all

	rendered bool // render once and keep it
	kept     map[identity.Kind][2][]byte

	mu    sync.Mutex
	calls int
	asked []string
}

const watermarkAt = "2026-11-21T01:02:03Z"

// newStand has people with ID numbers from 001080000000 on, codes, and cards of group GD.
func newStand(people uint64) *stand {
	same := func(base uint64) func(uint64) uint64 {
		return func(i uint64) uint64 { return base + i*7 }
	}
	return &stand{
		registry: "test", snapshot: "s1", token: "t1", version: 100, block: 1 << 16,
		keys: map[identity.Kind]func(uint64) uint64{
			identity.KindID: same(1_080_000_000), identity.KindCode: same(100_000_000), identity.KindCard: same(gd(4_010_000_000_001)),
		},
		count: map[identity.Kind]uint64{identity.KindID: people, identity.KindCode: people, identity.KindCard: people},
		coverage: map[identity.Kind]string{
			identity.KindID:   `{"ranges":[{"from":"001","to":"096"}]}`,
			identity.KindCode: `{"ranges":[{"from":"0","to":"9"}]}`,
			identity.KindCard: `{"ranges":[],"except":["QN","CA","CY"]}`,
		},
	}
}

// gd packs a card number of group GD.
func gd(digits uint64) uint64 { return ('G'-'A')*26*1e13 + ('D'-'A')*1e13 + digits }

func (s *stand) Export(_ context.Context, kind identity.Kind, snapshot string, after uint64) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	s.asked = append(s.asked, fmt.Sprintf("%s %s %d", kind, snapshot, after))
	if snapshot != "" && snapshot != s.snapshot {
		return nil, prefilter.ErrSnapshotGone
	}
	head, blocks := s.kept[kind][0], s.kept[kind][1]
	if head == nil {
		head, blocks = s.render(kind, after)
	}
	if s.rendered {
		s.kept = map[identity.Kind][2][]byte{kind: {head, blocks}}
	}
	if s.cut != nil {
		blocks = blocks[:s.cut(s.calls, len(blocks))]
	}
	return io.NopCloser(io.MultiReader(bytes.NewReader(head), bytes.NewReader(blocks))), nil
}

func (s *stand) render(kind identity.Kind, after uint64) (head, blocks []byte) {
	n := s.count[kind]
	blocks = make([]byte, 0, n*8+n/s.block*16+64)
	total := (n + s.block - 1) / s.block
	header := map[string]any{
		"format": 1, "registry": s.registry, "snapshot": s.snapshot, "kind": kind.String(), "count": n, "blocks": total, "after": after,
		"watermark": map[string]any{"version": s.version, "at": watermarkAt}, "feed_token": s.token,
		"coverage": json.RawMessage(s.coverage[kind]),
	}
	if s.header != nil {
		s.header(header)
	}
	head, _ = json.Marshal(header)
	le := binary.LittleEndian
	var hashes []byte
	for b := range total {
		var keys []byte
		for i := b * s.block; i < min((b+1)*s.block, n); i++ {
			keys = le.AppendUint64(keys, s.keys[kind](i))
		}
		sum := le.AppendUint64(nil, xxh3.Hash(keys))
		hashes = append(hashes, sum...)
		if b >= after {
			blocks = append(append(le.AppendUint32(blocks, uint32(len(keys)/8)), keys...), sum...)
		}
	}
	blocks = le.AppendUint32(blocks, 0)
	blocks = le.AppendUint64(blocks, n)
	blocks = le.AppendUint64(blocks, xxh3.Hash(hashes))
	if s.body != nil {
		blocks = s.body(blocks)
	}
	return append(head, '\n'), blocks
}
