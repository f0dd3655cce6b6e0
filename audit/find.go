package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"time"

	"github.com/verigate/verigate/verify"
)

// Filter says which records are wanted; what is zero does not restrict. A filter on something only decisions have
// leaves the others out.
type Filter struct {
	RequestID    verify.RequestID
	Caller       string
	Since, Until time.Time        // of the decision; Until is not included
	Subjects     []verify.Subject // as the gateway hashes identifiers, before any epoch
	Outcome      string           // an outcome or a code
	Epochs       []*Epoch         // with Subjects: the keys there are
}

// Found is one record that a search found. Exactly one of Decision, Count and Event is set.
type Found struct {
	Segment  uint64
	Seq      uint64
	Body     []byte // the record as it stands in the log
	Decision *Decision
	Count    *Count
	Event    *Event
}

// Search is a search over a log's folder, stopped or being written.
type Search struct {
	Dir      string
	Filter   Filter
	Visit    func(*Found) error                   // called in the order of the log; what it is given is good until it returns
	Problem  func(error)                          // a segment that could not be read to its end, or not searched; may be nil
	Progress func(done, total int64, found int64) // bytes and records; may be nil

	missing []*MissingEpoch
}

// Run reads the folder once, from the oldest record to the newest, and visits what the filter lets through. It verifies
// checksums on the way, but not the chain. Epochs that could not be searched for a person are told to Problem at the end,
// each once, as a [*MissingEpoch].
func (s *Search) Run(ctx context.Context) error {
	names, total, err := s.list()
	if err != nil {
		return fmt.Errorf("searching the audit log: %w", err)
	}
	var done, found int64
	for _, name := range names {
		n, size, err := s.one(ctx, name)
		if err != nil {
			return err
		}
		found, done = found+n, done+size
		if s.Progress != nil {
			s.Progress(done, total, found)
		}
	}
	for _, m := range s.missing {
		s.problem(m)
	}
	return nil
}

// one searches one segment. What cannot be read of it is a problem; the other segments are searched all the same.
func (s *Search) one(ctx context.Context, name string) (found, size int64, err error) {
	e, err := s.open(name)
	if err != nil {
		s.problem(err)
		return 0, 0, nil
	}
	defer e.close()
	defer guardReading(debug.SetPanicOnFault(true), func(err error) { s.problem(fmt.Errorf("%s: %w", name, err)) })
	if info, err := e.file.Stat(); err == nil {
		size = info.Size()
	}
	found, err = s.segment(ctx, e)
	return found, size, err
}

func (s *Search) list() (names []string, total int64, err error) {
	entries, err := os.ReadDir(s.Dir)
	if err != nil {
		return nil, 0, err
	}
	if _, err := os.Stat(filepath.Join(s.Dir, metaFile)); err != nil {
		return nil, 0, fmt.Errorf("there is no %s file in %s: this is not the folder of an audit log", metaFile, s.Dir)
	}
	plain := map[uint64]bool{}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return nil, 0, err
		}
		index, compressed := segmentIndex(e.Name()) // the plain form comes first, and one of the two is enough
		if index == 0 || compressed && plain[index] {
			continue
		}
		plain[index] = true
		names = append(names, e.Name())
		total += info.Size()
	}
	slices.Sort(names)
	return names, total, nil
}

// open opens a segment, in the other form if it was compressed since the folder was listed.
func (s *Search) open(name string) (*evidence, error) {
	e, err := openEvidence(s.Dir, name)
	if index, compressed := segmentIndex(name); errors.Is(err, fs.ErrNotExist) && !compressed {
		return openEvidence(s.Dir, compressedName(index))
	}
	return e, err
}

// slack is how much earlier than its segment's beginning a decision may have been made, and how much later recorded.
const slack = int64(time.Minute)

func (s *Search) segment(ctx context.Context, e *evidence) (found int64, err error) {
	if allZero(e.data[:min(len(e.data), headerSize)]) {
		return 0, nil
	}
	if e.headErr != nil {
		s.problem(fmt.Errorf("%s: %w", e.name, e.headErr))
		return 0, nil //nolint:nilerr // told as a problem; the other segments are searched
	}
	f := s.Filter
	if !f.Until.IsZero() && e.header.created-slack >= f.Until.UnixNano() {
		return 0, nil
	}
	if !f.Since.IsZero() && e.sealed != nil && e.sealed.to+slack < f.Since.UnixNano() {
		return 0, nil
	}
	m := newMatcher(f, e.header)
	if m == nil {
		s.misses(e)
		return 0, nil
	}
	sc := newScanner(e.data, e.header, chainHash{})
	if e.sealed != nil {
		sc.data = e.data[:e.sealed.length]
	}
	for n := 0; ; n++ {
		if n%4096 == 0 && ctx.Err() != nil {
			return found, ctx.Err()
		}
		fr, ok, err := sc.next()
		if err != nil {
			s.problem(err)
			return found, nil
		}
		if !ok {
			return found, nil
		}
		hit, err := m.match(fr)
		if err != nil {
			s.problem(sc.faultAt(sc.off-fr.length, fr.seq, "%v", err))
			continue
		}
		if hit == nil {
			continue
		}
		found++
		hit.Segment, hit.Seq = e.header.index, fr.seq
		if err := s.Visit(hit); err != nil {
			return found, err
		}
	}
}

func (s *Search) problem(err error) {
	if s.Problem != nil {
		s.Problem(err)
	}
}

// matcher is a filter for one segment.
type matcher struct {
	Filter
	since, until  int64
	caller        []byte
	outcome       []byte
	subjects      map[verify.Subject]bool // as this segment's epoch hashes them
	decisionsOnly bool

	found    Found
	decision Decision
	count    Count
	event    Event
}

// newMatcher returns nil when people are asked for and the key of the segment's epoch is not there.
func newMatcher(f Filter, h header) *matcher {
	m := &matcher{Filter: f, caller: []byte(f.Caller), outcome: []byte(f.Outcome), since: -1 << 63, until: 1<<63 - 1}
	if !f.Since.IsZero() {
		m.since = f.Since.UnixNano()
	}
	if !f.Until.IsZero() {
		m.until = f.Until.UnixNano()
	}
	m.decisionsOnly = f.RequestID != (verify.RequestID{}) || len(f.Subjects) > 0
	if len(f.Subjects) == 0 {
		return m
	}
	i := slices.IndexFunc(f.Epochs, func(e *Epoch) bool { return e.id() == h.epochID() })
	if i < 0 {
		return nil
	}
	m.subjects = make(map[verify.Subject]bool, len(f.Subjects))
	for _, s := range f.Subjects {
		m.subjects[f.Epochs[i].Subject(s)] = true
	}
	return m
}

// match decodes a frame and returns it if the filter lets it through.
func (m *matcher) match(f frame) (*Found, error) {
	if f.kind > TypeEvent || m.decisionsOnly && f.kind != TypeDecision {
		return nil, nil //nolint:nilnil // nothing found is no error
	}
	if at := timeOf(f); at < m.since || at >= m.until {
		return nil, nil //nolint:nilnil // see above
	}
	m.found = Found{Body: f.body}
	ok, err := false, error(nil)
	switch f.kind {
	case TypeDecision:
		err = decodeDecision(f.body, &m.decision)
		m.found.Decision, ok = &m.decision, m.decides(&m.decision)
	case TypeCount:
		err = decodeCount(f.body, &m.count)
		m.found.Count = &m.count
		ok = (m.Caller == "" || m.count.Caller == m.Caller) && (m.Outcome == "" || m.count.Code == m.Outcome)
	case TypeEvent:
		if m.Caller != "" || m.Outcome != "" {
			return nil, nil //nolint:nilnil // see above
		}
		err = decodeEvent(f.body, &m.event)
		m.found.Event, ok = &m.event, true
	default:
	}
	if err != nil || !ok {
		return nil, err
	}
	return &m.found, nil
}

func (m *matcher) decides(d *Decision) bool {
	switch {
	case m.RequestID != (verify.RequestID{}) && d.RequestID != m.RequestID,
		len(m.caller) > 0 && !bytes.Equal(d.Caller, m.caller),
		len(m.outcome) > 0 && d.Outcome.String() != string(m.outcome) && !bytes.Equal(d.Code, m.outcome),
		m.subjects != nil && !m.subjects[d.Subject]:
		return false
	}
	return true
}
