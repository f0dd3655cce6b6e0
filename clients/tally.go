package clients

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// tally is what one run of one node has counted of every caller on one day. Runs are never continued: a node that
// restarts begins a new one and counts the old one's among the others', so that nothing is counted twice, whoever tells
// whom how often. Counts only rise, so an older tally of a run says nothing new.
type tally struct {
	run    runID
	seq    uint64 // rises with every publication of the run
	day    uint64 // see dayOf
	counts map[uint64]uint64
}

type runID [16]byte

// nameHash stands for a caller's id or an account's name in what nodes share: short, of one length.
func nameHash(name string) uint64 {
	sum := sha256.Sum256([]byte(name))
	return binary.LittleEndian.Uint64(sum[:])
}

const (
	tallyMagic  = "vgt1"
	tallyHeader = len(tallyMagic) + len(runID{}) + 8 + 8 + 4
	tallyEntry  = 16
	maxTally    = tallyHeader + tallyEntry*maxRows + sha256.Size
)

// encode writes the tally and its MAC.
func (t *tally) encode(s *Secrets) []byte {
	b := make([]byte, 0, tallyHeader+tallyEntry*len(t.counts)+sha256.Size)
	b = append(append(b, tallyMagic...), t.run[:]...)
	b = binary.LittleEndian.AppendUint64(b, t.seq)
	b = binary.LittleEndian.AppendUint64(b, t.day)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(t.counts)))
	for _, name := range slices.Sorted(maps.Keys(t.counts)) {
		b = binary.LittleEndian.AppendUint64(b, name)
		b = binary.LittleEndian.AppendUint64(b, t.counts[name])
	}
	return s.sign(b)
}

// decodeTally reads what encode wrote and refuses anything else.
func decodeTally(s *Secrets, raw []byte) (*tally, error) {
	b, err := s.signed(raw, tallyMagic, maxTally)
	if err != nil {
		return nil, err
	}
	if len(b) < tallyHeader-len(tallyMagic) {
		return nil, errors.New("cut off in its header")
	}
	t := new(tally)
	b = b[copy(t.run[:], b):]
	t.seq, t.day = binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
	n := int(binary.LittleEndian.Uint32(b[16:]))
	if b = b[20:]; len(b) != n*tallyEntry {
		return nil, fmt.Errorf("%d bytes for %d callers", len(b), n)
	}
	t.counts = make(map[uint64]uint64, n)
	for ; len(b) > 0; b = b[tallyEntry:] {
		count := binary.LittleEndian.Uint64(b[8:])
		if count > dayCount {
			return nil, errors.New("a count that no day can have")
		}
		t.counts[binary.LittleEndian.Uint64(b)] = count
	}
	return t, nil
}

// sign appends a MAC, so that who can write to the place where nodes meet cannot make up counts that stop a caller.
func (s *Secrets) sign(b []byte) []byte {
	h := hmac.New(sha256.New, s.counts)
	h.Write(b)
	return h.Sum(b)
}

// signed returns what stands between the magic and the MAC.
func (s *Secrets) signed(raw []byte, magic string, longest int) ([]byte, error) {
	if len(raw) > longest || len(raw) < len(magic)+sha256.Size {
		return nil, fmt.Errorf("%d bytes long", len(raw))
	}
	body, mac := raw[:len(raw)-sha256.Size], raw[len(raw)-sha256.Size:]
	if !hmac.Equal(s.sign(bytes.Clone(body))[len(body):], mac) {
		return nil, errors.New("not sealed under this key file")
	}
	if !bytes.HasPrefix(body, []byte(magic)) {
		return nil, fmt.Errorf("does not begin with %s", magic)
	}
	return body[len(magic):], nil
}
