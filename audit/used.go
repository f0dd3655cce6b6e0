package audit

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/klauspost/compress/zstd"
)

// epochID is an epoch as a segment's header names it. One number should never have two fingerprints; a folder in which
// it has is read all the same.
type epochID struct {
	number      uint32
	fingerprint [8]byte
}

func (h *header) epochID() epochID { return epochID{h.epoch, h.fingerprint} }

func (e *Epoch) id() epochID { return epochID{e.Number, e.Fingerprint} }

// usedEpochs are the epochs a folder was written under, by number.
type usedEpochs []epochID

func (u *usedEpochs) add(id epochID) {
	if !slices.Contains(*u, id) {
		*u = append(*u, id)
		slices.SortStableFunc(*u, func(a, b epochID) int { return cmp.Compare(a.number, b.number) })
	}
}

// last returns the highest number that was used; 0 when there is none.
func (u usedEpochs) last() uint32 {
	if len(u) == 0 {
		return 0
	}
	return u[len(u)-1].number
}

// without returns the epochs whose key is not among those that are there.
func (u usedEpochs) without(keys []*Epoch) (missing usedEpochs) {
	for _, id := range u {
		if !slices.ContainsFunc(keys, func(e *Epoch) bool { return e.id() == id }) {
			missing = append(missing, id)
		}
	}
	return missing
}

// refuse returns an error when a key bears the number of an epoch it is not the key of: records of two keys would claim
// the same epoch, and nobody could tell any more which key opens which.
func (u usedEpochs) refuse(keys []*Epoch) error {
	for _, e := range keys {
		same := func(id epochID) bool { return id.number == e.Number }
		i := slices.IndexFunc(u, same)
		if i < 0 || slices.Contains(u, e.id()) {
			continue
		}
		return fmt.Errorf("%s is not the key that epoch %d of this log was written under (its fingerprint is %x, the log's %x): put the right key there, or take this one away and the log goes on with epoch %d",
			epochName(e.Number), e.Number, e.Fingerprint, u[i].fingerprint, u.last()+1)
	}
	return nil
}

// readUsed tells which epochs the segments of a folder were written under. Numbers only rise, so when two segments have
// the same epoch, those between have it too: a folder of years is not read whole. A header that cannot be read is
// left out; whoever looks after the folder is told.
func readUsed(dir string, id logID, unreadable func(name string, err error)) (u usedEpochs, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if index, _ := segmentIndex(e.Name()); index != 0 {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	known := map[string]epochID{}
	read := func(i int) epochID {
		got, have := known[names[i]]
		if have {
			return got
		}
		switch h, err := readHeader(filepath.Join(dir, names[i])); {
		case err != nil:
			unreadable(names[i], err)
		case h.log == id:
			got = h.epochID()
			u.add(got)
		}
		known[names[i]] = got
		return got
	}
	var between func(from, to int)
	between = func(from, to int) {
		if from > to {
			return
		}
		if a, b := read(from), read(to); to-from < 2 || a == b && a != (epochID{}) {
			return
		}
		middle := from + (to-from)/2
		between(from, middle)
		between(middle, to)
	}
	between(0, len(names)-1)
	return u, nil
}

// readHeader reads a segment's header, in either form. One that was never begun has none: the zero header.
func readHeader(path string) (h header, err error) {
	f, err := openRegular(path)
	if err != nil {
		return h, err
	}
	defer f.Close()
	var from io.Reader = f
	if _, compressed := segmentIndex(filepath.Base(path)); compressed {
		dec, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxUnfolded))
		if err != nil {
			return h, err
		}
		defer dec.Close()
		from = dec
	}
	b := make([]byte, headerSize)
	n, err := io.ReadFull(from, b)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return h, err
	}
	if allZero(b[:n]) {
		return h, nil
	}
	return parseHeader(b[:n])
}
