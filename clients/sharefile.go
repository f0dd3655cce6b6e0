package clients

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/verigate/verigate/internal/replace"
)

// The files in [Config].Data: what was counted today, by run of a node, each tally behind its length; and the networks
// that accounts logged in from.
const (
	countsName   = "counts"
	networksName = "networks"
	maxCounts    = 256 << 20
)

// save writes what a restart should not forget, if it changed.
func (s *share) save(t *table) {
	if s.file == "" {
		return
	}
	var err error
	if s.unsaved {
		err = replace.File(filepath.Join(s.file, countsName), encodeTallies(s.d.secrets, s.all()))
		s.unsaved = err != nil
	}
	names := t.familiar()
	if !maps.EqualFunc(names, s.savedNames, slices.Equal) {
		err2 := replace.File(filepath.Join(s.file, networksName), names.encode(s.d.secrets))
		if err2 == nil {
			s.savedNames = names
		}
		err = errors.Join(err, err2)
	}
	if err != nil {
		s.d.deps.Log.Warn("keeping callers' counts", "reason", err)
	}
}

// load takes over what an earlier run of this node saved. What is damaged is left out: the limits are fairer with it, but
// nobody waits for it.
func (s *share) load() {
	if s.file == "" {
		return
	}
	t := s.d.table.Load()
	if raw, ok := s.read(countsName); ok {
		tallies, err := decodeTallies(s.d.secrets, raw)
		if err != nil {
			s.damaged(countsName, err)
		}
		s.takeOver(tallies)
		s.apply(t)
	}
	if raw, ok := s.read(networksName); ok {
		names, err := decodeFamiliar(s.d.secrets, raw)
		if err != nil {
			s.damaged(networksName, err)
		}
		t.adopt(names)
		s.savedNames = t.familiar()
	}
}

// takeOver makes runs of what was saved. A node that is alone makes one of them all: nobody else will ever tell of them
// again, and each restart would add one.
func (s *share) takeOver(tallies []*tally) {
	const long = math.MinInt64 / 2 // ago
	today := dayOf(s.clock().Wall)
	past := &tally{day: today, counts: map[uint64]uint64{}}
	rand.Read(past.run[:])
	for _, t := range tallies {
		if s.meeting != nil {
			s.runs[t.run] = &run{tally: *t, heard: long}
			continue
		}
		if t.day == today {
			for name, n := range t.counts {
				past.counts[name] = min(past.counts[name]+n, dayCount)
			}
		}
	}
	if len(past.counts) > 0 {
		s.runs[past.run] = &run{tally: *past, heard: long}
	}
}

func (s *share) read(name string) ([]byte, bool) {
	raw, err := os.ReadFile(filepath.Join(s.file, name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.damaged(name, err)
	}
	return raw, err == nil
}

func (s *share) damaged(name string, reason error) {
	s.garbled.Inc()
	s.d.deps.Log.Warn("callers' counts of an earlier run are left out", "file", filepath.Join(s.file, name), "reason", reason)
}

func encodeTallies(s *Secrets, tallies []*tally) (out []byte) {
	for _, t := range tallies {
		b := t.encode(s)
		out = append(binary.LittleEndian.AppendUint32(out, uint32(len(b))), b...)
	}
	return out
}

// decodeTallies returns those before the first that is damaged, too.
func decodeTallies(s *Secrets, raw []byte) (out []*tally, err error) {
	if len(raw) > maxCounts {
		return nil, errors.New("too long")
	}
	for len(raw) > 0 {
		if len(raw) < 4 || len(raw)-4 < int(binary.LittleEndian.Uint32(raw)) {
			return out, errors.New("cut off")
		}
		n := int(binary.LittleEndian.Uint32(raw))
		t, err := decodeTally(s, raw[4:4+n])
		if err != nil {
			return out, err
		}
		out, raw = append(out, t), raw[4+n:]
	}
	return out, nil
}
