package prefilter

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/zeebo/xxh3"

	"github.com/verigate/verigate/identity"
)

// The compact key export (media type application/vnd.verigate.keys), as published in docs/registry-api.md: one line of
// JSON, blocks of little-endian packed keys each followed by its XXH3-64, an empty block, and a trailer with the number
// of keys and the XXH3-64 over all block hashes.

// MediaType is what a registry is asked for.
const MediaType = "application/vnd.verigate.keys"

const (
	exportFormat    = 1
	maxExportHeader = 64 << 10
	maxBlockKeys    = 1 << 16
)

// exportHeader is the first line.
type exportHeader struct {
	Format    int    `json:"format"`
	Registry  string `json:"registry"`
	Snapshot  string `json:"snapshot"`
	Kind      string `json:"kind"`
	Count     uint64 `json:"count"`
	Blocks    uint64 `json:"blocks"`
	After     uint64 `json:"after"`
	Watermark struct {
		Version uint64    `json:"version"`
		At      time.Time `json:"at"`
	} `json:"watermark"`
	FeedToken string   `json:"feed_token"`
	Coverage  Coverage `json:"coverage"`
}

// exportReader reads one response. It trusts nothing: every length is bounded, every block is verified before its keys
// are handed out.
type exportReader struct {
	header exportHeader
	r      *bufio.Reader
	buf    []byte
	blocks uint64 // verified so far, earlier responses included
	keys   uint64
	hashes []byte // XXH3-64 of each verified block, 8 bytes each
}

// newExportReader reads the header and holds it against what was asked for.
func newExportReader(r io.Reader, kind identity.Kind) (*exportReader, error) {
	e := &exportReader{r: bufio.NewReaderSize(r, 1<<20)}
	line, err := readLine(e.r, maxExportHeader)
	if err != nil {
		return nil, fmt.Errorf("reading export header: %w", err)
	}
	if err := json.Unmarshal(line, &e.header); err != nil {
		return nil, fmt.Errorf("reading export header: %w", err)
	}
	if err := e.header.check(kind); err != nil {
		return nil, fmt.Errorf("reading export header: %w", err)
	}
	return e, nil
}

func (h *exportHeader) check(kind identity.Kind) error {
	switch {
	case h.Format != exportFormat:
		return fmt.Errorf("format %d is not %d", h.Format, exportFormat)
	case h.Kind != kind.String():
		return fmt.Errorf("kind is not %s", kind)
	case h.Registry == "" || h.Snapshot == "" || h.FeedToken == "" || h.Watermark.At.IsZero():
		return errors.New("registry, snapshot, feed_token and watermark are all needed")
	case len(h.Registry) > maxName || len(h.Snapshot) > maxName || len(h.FeedToken) > maxToken:
		return errors.New("registry, snapshot or feed_token is too long")
	case h.Count == 0:
		return errors.New("count is 0")
	case h.Blocks < (h.Count+maxBlockKeys-1)/maxBlockKeys || h.Blocks > h.Count:
		return fmt.Errorf("%d blocks cannot hold %d keys", h.Blocks, h.Count)
	}
	return h.Coverage.check()
}

// Bounds of the texts a generation carries.
const (
	maxName  = 256
	maxToken = 4096
)

// readLine returns a line without its end, or an error if it is longer than limit.
func readLine(r *bufio.Reader, limit int) ([]byte, error) {
	var line []byte
	for {
		chunk, err := r.ReadSlice('\n')
		if len(line)+len(chunk) > limit {
			return nil, fmt.Errorf("line is longer than %d bytes", limit)
		}
		line = append(line, chunk...)
		switch {
		case err == nil:
			return bytes.TrimRight(line, "\r\n"), nil
		case errors.Is(err, io.EOF):
			return nil, io.ErrUnexpectedEOF
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}

// next returns the next block of verified keys, appended to dst[:0], or io.EOF after a sound trailer. Any other error
// means that the rest of this response cannot be used; what was handed out before is good.
func (e *exportReader) next(dst []uint64) ([]uint64, error) {
	var word [8]byte
	if _, err := io.ReadFull(e.r, word[:4]); err != nil {
		return nil, unexpected(err)
	}
	n := binary.LittleEndian.Uint32(word[:4])
	if n == 0 {
		return nil, e.trailer()
	}
	if n > maxBlockKeys {
		return nil, fmt.Errorf("reading export block %d: it has %d keys, more than %d", e.blocks, n, maxBlockKeys)
	}
	size := int(n) * 8
	e.buf = grow(e.buf, size+8)
	if _, err := io.ReadFull(e.r, e.buf); err != nil {
		return nil, unexpected(err)
	}
	if xxh3.Hash(e.buf[:size]) != binary.LittleEndian.Uint64(e.buf[size:]) {
		return nil, fmt.Errorf("reading export block %d: checksum does not agree", e.blocks)
	}
	if e.blocks++; e.blocks > e.header.Blocks { // the block is sound, so asking again brings the same
		return nil, &Permanent{fmt.Errorf("reading export: more blocks than the %d announced", e.header.Blocks)}
	}
	e.keys += uint64(n)
	e.hashes = append(e.hashes, e.buf[size:]...)
	dst = dst[:0]
	for b := e.buf[:size]; len(b) > 0; b = b[8:] {
		dst = append(dst, binary.LittleEndian.Uint64(b))
	}
	return dst, nil
}

// trailer returns io.EOF when the export ended as it should.
func (e *exportReader) trailer() error {
	var end [16]byte
	if _, err := io.ReadFull(e.r, end[:]); err != nil {
		return unexpected(err)
	}
	switch total := binary.LittleEndian.Uint64(end[:]); {
	case total != e.header.Count || e.keys != e.header.Count || e.blocks != e.header.Blocks:
		return fmt.Errorf("reading export: %d keys in %d blocks came, %d in %d were announced",
			e.keys, e.blocks, e.header.Count, e.header.Blocks)
	case xxh3.Hash(e.hashes) != binary.LittleEndian.Uint64(end[8:]):
		return errors.New("reading export: the checksum over all blocks does not agree")
	}
	return io.EOF
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("reading export: %w", err)
}

func grow(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}
