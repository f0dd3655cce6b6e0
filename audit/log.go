package audit

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"golang.org/x/mod/sumdb/note"

	"github.com/verigate/verigate/verify"
)

// Log is an audit log that is being written. It is safe for concurrent use by any number of goroutines.
type Log struct {
	cfg    Config
	deps   Deps
	id     logID
	signer *signer
	public note.Verifier // the signer's
	lock   *os.File
	disk   bool // durability "disk"

	live  atomic.Pointer[segment]
	epoch atomic.Pointer[Epoch]

	mu       sync.Mutex // rotation
	unsealed []*segment // in order; the last is the live one
	flushing []*segment // the committer's copy
	closed   bool

	held    *segment      // prepared and not to be named yet (the folder is read-only); under mu
	next    chan *segment // the prepared segment, handed over by the preparer
	entered chan struct{} // it has its own name now
	linkNow atomic.Bool   // somebody waits for a link
	starved atomic.Bool   // no segment came in time
	full    atomic.Bool   // the preparer cannot make one
	failed  atomic.Pointer[error]

	commit  *committer
	flusher *flusher // the committer's
	chain   chain
	floods  floods
	gap     gap
	count   counters
	trouble atomic.Bool // the alarm was raised

	rekeying     rekeying
	unsearchable atomic.Int64 // epochs whose key is not there

	witnesses []*witnessed
	stop      context.CancelFunc
	tasks     sync.WaitGroup
}

// maxClaim is how many records of a batch are claimed at once.
const maxClaim = 256

// Record appends one record for each decision and returns nil when all are in the log with the durability configured.
// It keeps nothing of the slice and does not allocate. The context is not watched: a decision handed over is written.
// An error means that at least one is not known to be in the log; with on_failure "answer" there is none.
func (l *Log) Record(_ context.Context, decisions []verify.Decision) error {
	err := l.record(decisions)
	if err == nil {
		return nil
	}
	l.gap.add(len(decisions), l.deps.Clock().Wall, err)
	l.raise(err)
	if l.cfg.OnFailure == "answer" {
		l.count.unlogged.Add(int64(len(decisions)))
		return nil
	}
	l.count.refused.Add(int64(len(decisions)))
	return err
}

func (l *Log) record(decisions []verify.Decision) error {
	if l.failed.Load() != nil {
		return errFailed
	}
	from := 0
	for i := range decisions {
		if !isFlood(&decisions[i]) {
			continue
		}
		if err := l.append(decisions[from:i]); err != nil {
			return err
		}
		if err := l.floods.add(l, floodOf(&decisions[i])); err != nil {
			return err
		}
		from = i + 1
	}
	if err := l.append(decisions[from:]); err != nil {
		return err
	}
	return l.settle()
}

// settle waits until everything written before is as durable as configured.
func (l *Log) settle() error {
	if !l.disk {
		return nil
	}
	return l.commit.wait()
}

func (l *Log) append(decisions []verify.Decision) error {
	for len(decisions) > 0 {
		n := min(len(decisions), maxClaim)
		if err := l.write(decisions[:n]); err != nil {
			return err
		}
		l.count.records.Add(int64(n))
		decisions = decisions[n:]
	}
	return nil
}

// write puts decisions into one claim. A page of the mapping that cannot be brought in (the disk is broken, somebody
// cut the file) is a fault of the memory, which would end the process: it is turned into an error here.
func (l *Log) write(decisions []verify.Decision) (err error) {
	defer l.guard(debug.SetPanicOnFault(true), &err)
	size := 0
	for i := range decisions {
		size += frameSize(decisionSize(&decisions[i]))
	}
	s, off, seq, err := l.claim(size, len(decisions))
	if err != nil {
		return err
	}
	s.fill(off, seq, decisions)
	return nil
}

// fill writes the frames of a claim and publishes them with the first one's length: until then the claim's own word
// stands for all of them.
func (s *segment) fill(off int, seq uint64, decisions []verify.Decision) {
	first := 0
	at := off
	for i := range decisions {
		d := &decisions[i]
		size := frameSize(decisionSize(d))
		b := s.mem[at : at+size]
		body := encodeDecision(b[frameHeader:], d, s.key)
		finishFrame(b, TypeDecision, seq+uint64(i), body)
		if i == 0 {
			first = size
		} else {
			storeLength(s.mem, at, uint32(size))
		}
		at += size
	}
	storeLength(s.mem, off, uint32(first))
}

// guard ends a stretch in which mapped memory is touched; it is deferred.
func (l *Log) guard(old bool, err *error) {
	debug.SetPanicOnFault(old)
	if r := recover(); r != nil {
		*err = l.fail(fmt.Errorf("writing to the audit log's mapping: %v", r))
	}
}

// claim finds room for n frames of size bytes together, in the live segment or a new one.
func (l *Log) claim(size, n int) (s *segment, off int, seq uint64, err error) {
	for {
		s = l.live.Load()
		if s == nil {
			return nil, 0, 0, errClosed
		}
		off, seq, ok := s.claim(size, n, s.limit)
		if ok {
			return s, off, seq, nil
		}
		if err := l.rotate(s); err != nil {
			return nil, 0, 0, err
		}
	}
}

// put appends one frame of any type.
func (l *Log) put(t Type, body []byte) (err error) {
	if l.failed.Load() != nil {
		return errFailed
	}
	defer l.guard(debug.SetPanicOnFault(true), &err)
	size := frameSize(len(body))
	s, off, seq, err := l.claim(size, 1)
	if err != nil {
		return err
	}
	b := s.mem[off : off+size]
	copy(b[frameHeader:], body)
	finishFrame(b, t, seq, len(body))
	storeLength(s.mem, off, uint32(size))
	return nil
}

// Event records something other than a decision. Detail is pairs of key and value; nothing in it may tell about a
// citizen. It returns nil when the event is in the log with the durability configured.
func (l *Log) Event(kind, actor string, detail ...string) error {
	e := Event{At: l.deps.Clock().Wall, Kind: kind, Actor: actor}
	for i := 0; i+1 < len(detail); i += 2 {
		if e.Detail == nil {
			e.Detail = make(map[string]string, len(detail)/2)
		}
		if detail[i+1] != "" {
			e.Detail[detail[i]] = detail[i+1]
		}
	}
	body, err := encodeEvent(&e)
	if err != nil {
		return err
	}
	if err := l.put(TypeEvent, body); err != nil {
		return fmt.Errorf("recording event %s: %w", kind, err)
	}
	l.count.events.Inc()
	return l.settle()
}
