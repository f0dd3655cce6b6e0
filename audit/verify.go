package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/verigate/verigate/audit/witness"
)

// VerifyConfig says what is verified.
type VerifyConfig struct {
	Dir         string
	Checkpoints []byte                  // signed checkpoints that somebody else kept, one after the other; may be empty
	Verifier    string                  // the log's public key as somebody else kept it; empty: the one in the folder
	Witness     *witness.Verifier       // whose cosignature the kept checkpoints must carry; may be nil
	Progress    func(done, total int64) // bytes; called now and then from several goroutines; may be nil
}

// Finding is one thing that is wrong, with its place.
type Finding struct {
	File   string `json:"file"`
	Offset int64  `json:"offset"`           // -1: the file as a whole
	Record uint64 `json:"record,omitempty"` // sequence number at or before which it is; 0: not inside a segment
	Sound  int64  `json:"sound"`            // offset up to which the chain vouches for the file: what was done to it was done between here and Offset
	Reason string `json:"reason"`
}

// String names the place and the reason.
func (f Finding) String() string {
	s := f.File
	if f.Offset >= 0 {
		s += fmt.Sprintf(", offset %d", f.Offset)
	}
	if f.Record > 0 {
		s += fmt.Sprintf(", record %d", f.Record)
	}
	s += ": " + f.Reason
	if f.Sound < f.Offset {
		s += fmt.Sprintf(" (vouched for up to offset %d)", f.Sound)
	}
	return s
}

// Report is the result of a verification.
type Report struct {
	Findings    []Finding `json:"findings"` // empty: the log is sound
	Notes       []string  `json:"notes"`    // what a crash left, and other things worth knowing that are no tampering
	Log         string    `json:"log"`      // the log's id
	Segments    int       `json:"segments"`
	Sealed      int       `json:"sealed"`
	Decisions   uint64    `json:"decisions"`
	Counts      uint64    `json:"counts"`
	Events      uint64    `json:"events"`
	Last        uint64    `json:"last"` // sequence number of the last frame
	Checkpoints int       `json:"checkpoints"`
	Witnessed   time.Time `json:"witnessed,omitzero"` // the newest cosignature of the witness that was asked for
	From        time.Time `json:"from,omitzero"`
	To          time.Time `json:"to,omitzero"`
}

// Sound tells whether nothing is wrong.
func (r *Report) Sound() bool { return len(r.Findings) == 0 }

// Verify reads a log's folder, every file of it, and reports what is wrong with it. It changes nothing and works on a
// log that is being written. An error means that the folder could not be read as a log at
// all, or that the checkpoints given are none.
func Verify(ctx context.Context, cfg VerifyConfig) (*Report, error) {
	if len(cfg.Checkpoints) > 0 {
		var err error
		if cfg.Checkpoints, err = readKept(cfg.Checkpoints); err != nil {
			return nil, err
		}
	}
	for attempt := 1; ; attempt++ {
		report, err := verifyOnce(ctx, cfg)
		if err != nil {
			return nil, fmt.Errorf("verifying %s: %w", cfg.Dir, err)
		}
		// A segment that is sealed or linked while it is read can look wrong; what is wrong stays wrong.
		if report.Sound() || attempt == verifyAttempts || !beingWritten(filepath.Join(cfg.Dir, lockFile)) {
			return report, nil
		}
		time.Sleep(tick)
	}
}

const verifyAttempts = 3

func verifyOnce(ctx context.Context, cfg VerifyConfig) (*Report, error) {
	v := &verifier{cfg: cfg, report: &Report{Findings: []Finding{}, Notes: []string{}}}
	// What vouches is read before what it vouches for, so that a log that grows meanwhile is none the worse for it.
	v.cosigned = v.read(cosignedFile)
	v.latest = v.read(latestFile)
	v.checkpoints = v.read(checkpointsFile)
	v.seals = v.read(sealsFile)
	if err := v.list(); err != nil {
		return nil, err
	}
	if err := v.readMeta(); err != nil {
		return nil, err
	}
	v.readSeals()
	if err := v.checkSegments(ctx); err != nil {
		return nil, err
	}
	v.checkSaid()
	v.checkCheckpoints()
	v.checkOthers()
	slices.SortStableFunc(v.report.Findings, compareFindings)
	return v.report, nil
}

// read returns a small file's content; nil when it is not there.
func (v *verifier) read(name string) []byte {
	b, err := readSmall(filepath.Join(v.cfg.Dir, name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		v.find(name, -1, 0, "the file cannot be read: %v", err)
	}
	return b
}

func compareFindings(a, b Finding) int {
	return bytes.Compare(fmt.Appendf(nil, "%s %020d", a.File, a.Offset+1), fmt.Appendf(nil, "%s %020d", b.File, b.Offset+1))
}

type verifier struct {
	cfg    VerifyConfig
	report *Report

	files    map[string]fs.FileInfo
	segments []segmentFile // by index, from 1
	id       logID
	verifier note.Verifier
	tree     tree // of the seals, from their file or from the segments
	filed    int  // how many of them are in the seals file

	cosigned, latest, checkpoints, seals []byte

	mu    sync.Mutex
	links map[head]bool
	said  sayings
	done  atomic.Int64
	total int64
}

func (v *verifier) find(file string, offset int64, record uint64, reason string, args ...any) {
	v.add(Finding{File: file, Offset: offset, Record: record, Sound: offset, Reason: fmt.Sprintf(reason, args...)})
}

func (v *verifier) add(f Finding) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.report.Findings = append(v.report.Findings, f)
}

func (v *verifier) note(format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.report.Notes = append(v.report.Notes, fmt.Sprintf(format, args...))
}

// found reports a scanner's error.
func (v *verifier) found(err error) {
	if f, ok := errors.AsType[*fault](err); ok {
		v.add(Finding{File: f.file(), Offset: int64(f.off), Record: f.seq, Sound: int64(f.sound), Reason: f.reason})
		return
	}
	v.find("", -1, 0, "%v", err)
}

func (v *verifier) list() error {
	entries, err := os.ReadDir(v.cfg.Dir)
	if err != nil {
		return err
	}
	v.files = map[string]fs.FileInfo{}
	v.links = map[head]bool{}
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // a checkpoint that was just replaced
		}
		if err != nil {
			return err
		}
		v.files[e.Name()] = info
		if index, _ := segmentIndex(e.Name()); index != 0 {
			v.total += info.Size()
			v.place(e.Name(), info)
		}
	}
	if v.files[metaFile] == nil && v.total == 0 {
		return fmt.Errorf("there is no %s file: this is not the folder of an audit log", metaFile)
	}
	return nil
}

// place notes a segment's file under its index; of two forms the plain one counts.
func (v *verifier) place(name string, info fs.FileInfo) {
	index, compressed := segmentIndex(name)
	if index > maxSegments {
		v.find(name, -1, 0, "no log has that many segments")
		return
	}
	for uint64(len(v.segments)) < index {
		v.segments = append(v.segments, segmentFile{})
	}
	s := &v.segments[index-1]
	switch {
	case s.name == "":
	case compressed:
		v.note("%s: stands beside the segment itself, as a crash while compressing leaves it", name)
		return
	default:
		v.note("%s: stands beside the segment itself, as a crash while compressing leaves it", s.name)
	}
	*s = segmentFile{name: name, compressed: compressed, size: info.Size()}
}

// maxSegments bounds what a file name can make the verifier believe.
const maxSegments = 1 << 24

// segmentFile is where a segment lies; without a name there is none.
type segmentFile struct {
	name       string
	compressed bool
	size       int64
}

// checkSegments scans every segment, several at a time.
func (v *verifier) checkSegments(ctx context.Context) error {
	work := make(chan int)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range work {
				v.checkSegment(i)
			}
		})
	}
	n := max(len(v.segments), len(v.tree.leaves))
	for i := range n {
		if ctx.Err() != nil {
			break
		}
		work <- i
	}
	close(work)
	wg.Wait()
	v.report.Sealed = len(v.tree.leaves)
	return ctx.Err()
}
