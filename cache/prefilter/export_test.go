package prefilter

import (
	"errors"
	"io"

	"github.com/verigate/verigate/identity"
)

// DecodeHeader judges the bytes of a whole file as far as Open does before it maps it.
func DecodeHeader(file []byte) (*Generation, error) {
	pre, err := readPreamble(file, uint64(len(file)))
	if err != nil {
		return nil, err
	}
	g, _, err := decodeHeader(append([]byte(nil), file[:pre.header]...), pre)
	return g, err
}

// ReadExport reads a whole export and returns how many keys it handed out.
func ReadExport(r io.Reader, kind identity.Kind) (keys uint64, err error) {
	e, err := newExportReader(r, kind)
	if err != nil {
		return 0, err
	}
	var block []uint64
	for {
		if block, err = e.next(block); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return keys, err
		}
		keys += uint64(len(block))
	}
}

// HeaderSize is the size of the fixed part of a file's header.
const HeaderSize = fixedHeader
