package audit

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// Open opens the log in a folder, which it makes if needed, and begins a new segment in it. What a crash left is
// repaired first and reported by an event and a log line. A folder that is not such a log, is of another format, is
// written by another process, or is damaged in a way that no crash explains, is refused with the place and the reason,
// and not touched.
func Open(cfg Config, deps Deps) (*Log, error) {
	cfg = cfg.withDefaults()
	if cfg.SegmentSize.Bytes() < minSegment {
		return nil, fmt.Errorf("opening the audit log: segment_size %s: must be at least %d bytes", cfg.SegmentSize, minSegment)
	}
	l := &Log{cfg: cfg, deps: deps.withDefaults(), disk: cfg.Durability == "disk", next: make(chan *segment), entered: make(chan struct{}, 1)}
	l.commit = newCommitter(l.flush, cfg.FlushEvery.Std(), cfg.StallTimeout.Std(), func() { l.raise(errStalled) })
	var err error
	if l.witnesses, err = parseWitnesses(cfg.Witnesses); err != nil {
		return nil, fmt.Errorf("opening the audit log: %w", err)
	}
	l.count.register(l)
	if err := l.open(); err != nil {
		l.release()
		return nil, fmt.Errorf("opening the audit log in %s: %w", cfg.Dir, err)
	}
	return l, nil
}

func (l *Log) open() error {
	var err error
	if l.signer, err = loadSigner(l.cfg.Keys); err != nil {
		return err
	}
	m, err := l.enterFolder()
	if err != nil {
		return err
	}
	l.id, l.public = m.id, m.verifier
	f, err := readFolder(l.cfg.Dir, m)
	if err != nil {
		return err
	}
	defer f.close()
	if err := l.firstEpoch(); err != nil {
		return err
	}
	report, err := f.repair(l.deps.Clock().Wall)
	if err != nil {
		return err
	}
	l.chain.tree = f.tree
	if err := l.openAppended(); err != nil {
		return err
	}
	if err := l.catchUp(f.signed); err != nil {
		return err
	}
	return l.start(f.lastSeal(), report)
}

// catchUp files the checkpoints that a crash left out, from size signed on, and offers the newest.
func (l *Log) catchUp(signed uint64) error {
	c := &l.chain
	c.filed, c.vouched = uint64(len(c.tree.leaves)), signed
	for c.vouched < c.filed {
		if err := l.fileCheckpoint(c.vouched + 1); err != nil {
			return err
		}
		if c.vouched++; !l.sign() {
			return errNoCheckpoint
		}
	}
	if c.filed > 0 && !l.sign() {
		return errNoCheckpoint
	}
	return nil
}

var errNoCheckpoint = errors.New("the newest checkpoint cannot be written")

// firstEpoch takes an epoch into use. It comes after the folder was found in order and before it is touched.
func (l *Log) firstEpoch() (err error) {
	l.rekeying.used, err = readUsed(l.cfg.Dir, l.id, func(name string, err error) {
		l.deps.Log.Warn("a segment of the audit log does not tell its epoch", "segment", name, "reason", err)
	})
	if err != nil {
		return err
	}
	e, err := l.chooseEpoch()
	if err != nil {
		return err
	}
	l.use(e)
	return nil
}

// enterFolder makes or checks the folder's LOG file and takes the lock.
func (l *Log) enterFolder() (*meta, error) {
	if err := os.MkdirAll(l.cfg.Dir, 0o700); err != nil {
		return nil, err
	}
	path := filepath.Join(l.cfg.Dir, metaFile)
	text, err := readSmall(path)
	if errors.Is(err, fs.ErrNotExist) {
		if text, err = l.found(path); err != nil {
			return nil, err
		}
	}
	if err != nil {
		return nil, err
	}
	m, err := parseMeta(text)
	if err != nil {
		return nil, err
	}
	own, err := note.NewVerifier(l.signer.public)
	if err != nil {
		return nil, err
	}
	if own.Name() != m.verifier.Name() || own.KeyHash() != m.verifier.KeyHash() {
		return nil, fmt.Errorf("keys %s: the signing key is not the one this log was begun with", l.cfg.Keys)
	}
	if l.lock, err = lockDir(filepath.Join(l.cfg.Dir, lockFile)); err != nil {
		return nil, err
	}
	return m, nil
}

// found makes a new log of an empty folder.
func (l *Log) found(path string) ([]byte, error) {
	if err := strangers(l.cfg.Dir); err != nil {
		return nil, err
	}
	text := newMeta(l.signer, l.deps.Clock().Time())
	if err := replaceFile(path, text); err != nil {
		return nil, err
	}
	return text, syncDir(l.cfg.Dir)
}

// strangers refuses a folder without a log that has anything else in it; one that is not there has nothing.
func strangers(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		if e.Name() != lockFile && e.Name() != metaFile+".tmp" {
			return fmt.Errorf("there is no %s file but there is %s: this is not the folder of an audit log", metaFile, e.Name())
		}
	}
	return nil
}

// openAppended opens the files that grow by a line at every seal.
func (l *Log) openAppended() (err error) {
	open := func(name string) (*os.File, error) {
		return os.OpenFile(filepath.Join(l.cfg.Dir, name), os.O_CREATE|os.O_RDWR, 0o640)
	}
	if l.chain.seals, err = open(sealsFile); err != nil {
		return err
	}
	l.chain.checkpoints, err = open(checkpointsFile)
	return err
}

// start begins the first segment of this run and the goroutines.
func (l *Log) start(last *seal, report *Recovery) error {
	ctx, stop := context.WithCancel(context.Background())
	l.stop = stop
	s, err := newSegment(ctx, l.cfg.Dir, l.cfg.SegmentSize.Bytes(), l.disk)
	if err != nil {
		return err
	}
	s.index, s.first = 1, 1
	prev := firstHash(l.id)
	if last != nil {
		s.index, s.first, prev = last.index+1, last.last+1, last.start()
	}
	if err := l.name(s); err != nil {
		s.discard(l.cfg.Dir)
		return err
	}
	l.enter(s)
	select { // nobody waits for the name of the first
	case <-l.entered:
	default:
	}
	l.chain.begin(s, prev)
	l.chain.lastKeys = l.deps.Clock()
	l.chain.view = l.chain.tree
	l.tasks.Go(func() { l.prepare(ctx) })
	l.tasks.Go(func() { l.follow(ctx) })
	l.tasks.Go(func() { l.keep(ctx) })
	if len(l.witnesses) > 0 {
		l.tasks.Go(func() { l.offer(ctx) })
	}
	if l.disk {
		l.tasks.Go(func() {
			l.flusher = newFlusher()
			defer l.flusher.close()
			l.commit.run(ctx)
		})
	}
	return l.greet(report)
}

// greet records the start and what was repaired.
func (l *Log) greet(r *Recovery) error {
	if !r.clean() {
		l.deps.Log.Warn("the audit log was not closed, and was repaired", "segments", r.Segments, "records", r.Records, "incomplete", r.Incomplete, "bytes_dropped", r.Dropped)
		err := l.Event("recovered", "gateway", "segments", strconv.Itoa(r.Segments), "records", strconv.FormatUint(r.Records, 10),
			"incomplete", strconv.FormatUint(r.Incomplete, 10), "bytes_dropped", strconv.FormatInt(r.Dropped, 10))
		if err != nil {
			return err
		}
	}
	if err := l.tellLost(); err != nil {
		return err
	}
	return l.Event("start", "gateway", "durability", l.cfg.Durability, "on_failure", l.cfg.OnFailure,
		"epoch", strconv.FormatUint(uint64(l.epoch.Load().Number), 10))
}

// firstHash is where the chain of the first segment begins.
func firstHash(id logID) chainHash {
	return sha256.Sum256(append([]byte("verigate audit log "), id[:]...))
}

// Close writes the stop down, seals the live segment and lets go of the folder. Records offered afterwards are refused;
// call it when nothing asks any more.
func (l *Log) Close() error {
	l.floods.flush(l, true)
	stopped := l.Event("stop", "gateway")
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	l.closed = true
	l.live.Load().close()
	l.live.Store(nil)
	l.mu.Unlock()
	l.stop()
	l.tasks.Wait()
	err := l.lastSeal()
	l.release()
	return errors.Join(stopped, err)
}

// lastSeal seals the segment that was live, once everybody who was still writing is done.
func (l *Log) lastSeal() (err error) {
	if l.failed.Load() != nil {
		return nil // told already; the next start repairs what can be
	}
	for range 100 {
		if err := l.guarded(l.sealClosed); err != nil {
			return err
		}
		if l.chain.seg == nil {
			return nil
		}
		time.Sleep(tick / 10)
	}
	return errors.New("closing the audit log: somebody is still writing")
}

func (l *Log) guarded(do func() error) (err error) {
	defer l.guard(debug.SetPanicOnFault(true), &err)
	return do()
}

// release closes what is open.
func (l *Log) release() {
	if l.stop != nil {
		l.stop()
	}
	if l.held != nil {
		l.held.discard(l.cfg.Dir)
		l.held = nil
	}
	for _, f := range []*os.File{l.chain.seals, l.chain.checkpoints, l.lock} {
		if f != nil {
			f.Close()
		}
	}
}
