package audit

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"

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
	if err = e.load(); err == nil {
		err = e.ends()
	}
	if err != nil {
		e.close()
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return e, nil
}

// ends reads how the segment begins and how it ends.
func (e *evidence) ends() (err error) {
	defer guardReading(debug.SetPanicOnFault(true), func(fault error) { err = fault })
	e.header, e.headErr = parseHeader(e.data)
	if s, ok := sealOf(e.data); ok {
		e.sealed = &s
	}
	return nil
}

func (e *evidence) load() error {
	info, err := e.file.Stat()
	if err != nil {
		return err
	}
	if _, compressed := segmentIndex(e.name); compressed {
		return e.unfold()
	}
	if info.Size() > maxUnfolded {
		return fmt.Errorf("it has %d bytes, more than any segment", info.Size())
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

// maxUnfolded bounds what a segment may have, and what a compressed one may unfold to.
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
	_, _ = io.CopyN(&b, dec, headerSize) // the hash below tells whether it was whole
	if h, err := parseHeader(b.Bytes()); err == nil {
		_, _ = io.Copy(&b, io.LimitReader(dec, int64(min(h.size, maxUnfolded)))) // no more than it says it had
	}
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
