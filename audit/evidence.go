package audit

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"
)

// evidence is a segment's file, read.
type evidence struct {
	name    string
	file    *os.File
	data    []byte // unfolded
	packed  *[sha256.Size]byte
	header  header
	headErr error
	sealed  *seal // as the segment itself ends
	mapped  bool
}

// openEvidence opens a segment in either form. One that is being written may be cut while it is read, so it is copied;
// a sealed one never changes.
func openEvidence(dir, name string) (*evidence, error) {
	f, err := openRegular(filepath.Join(dir, name))
	if err != nil {
		return nil, err
	}
	e := &evidence{name: name, file: f}
	if err := e.load(); err != nil {
		f.Close()
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	e.header, e.headErr = parseHeader(e.data)
	if s, ok := sealOf(e.data); ok {
		e.sealed = &s
	}
	return e, nil
}

func (e *evidence) load() error {
	info, err := e.file.Stat()
	if err != nil {
		return err
	}
	if _, compressed := segmentIndex(e.name); compressed {
		return e.unfold()
	}
	head := make([]byte, headerSize)
	n, err := e.file.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if h, err := parseHeader(head[:n]); err == nil && h.size != uint64(info.Size()) {
		e.data, err = mapReadOnly(e.file, int(info.Size()))
		e.mapped = true
		return err
	}
	e.data, err = io.ReadAll(io.NewSectionReader(e.file, 0, info.Size()))
	return err
}

// maxUnfolded bounds what a compressed segment may unfold to.
const maxUnfolded = 5 << 30

// unfold decompresses into memory. A file that cannot be unfolded is read as far as it goes: what is there and what is
// missing is for the checks to say.
func (e *evidence) unfold() error {
	hash := sha256.New()
	dec, err := zstd.NewReader(io.TeeReader(e.file, hash), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxUnfolded))
	if err != nil {
		return err
	}
	defer dec.Close()
	var b bytes.Buffer
	_, _ = io.Copy(&b, io.LimitReader(dec, maxUnfolded)) // the hash below tells whether it was whole
	if _, err := io.Copy(hash, e.file); err != nil {
		return err
	}
	e.data, e.packed = b.Bytes(), (*[sha256.Size]byte)(hash.Sum(nil))
	return nil
}

func (e *evidence) close() {
	if e.mapped {
		unmap(e.data)
	}
	e.file.Close()
}
