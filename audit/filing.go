package audit

import (
	"fmt"
	"os"
	"path/filepath"
)

// fileSeals writes what waits: a seal, the checkpoint of the tree with it, the newest checkpoint; then the next seal. A
// disk that is full keeps them waiting, in memory and in the segments themselves, where the next start would find them.
func (l *Log) fileSeals() error {
	c := &l.chain
	for len(c.pending) > 0 {
		s := c.pending[0]
		if c.filed < s.index {
			if err := appendFile(c.seals, wholeFrame(TypeSeal, s.last, s.encode())); err != nil {
				return l.waits("a seal", err)
			}
			c.filed = s.index
		}
		if c.vouched < s.index {
			if err := l.fileCheckpoint(s.index); err != nil {
				return l.waits("a checkpoint", err)
			}
			c.vouched = s.index
		}
		if !l.sign() {
			return nil
		}
		c.pending = c.pending[1:]
	}
	return nil
}

// waits tells that something could not be written yet; it is tried again at the next tick.
func (l *Log) waits(what string, err error) error {
	l.deps.Log.Error(what+" of the audit log waits", "reason", err)
	return nil
}

func (l *Log) fileCheckpoint(size uint64) error {
	cp, err := l.checkpointOf(size, head{})
	if err != nil {
		return err
	}
	return appendFile(l.chain.checkpoints, cp)
}

// appendFile appends all of b or nothing of it.
func appendFile(f *os.File, b []byte) error {
	end, err := f.Seek(0, 2)
	if err != nil {
		return err
	}
	if _, err = f.WriteAt(b, end); err == nil {
		err = syncData(f)
	}
	if err != nil {
		_ = f.Truncate(end)
	}
	return err
}

func (l *Log) checkpointOf(size uint64, h head) ([]byte, error) {
	root, err := l.chain.tree.root(size)
	if err != nil {
		return nil, fmt.Errorf("signing a checkpoint: %w", err)
	}
	cp := checkpoint{log: l.id, size: size, root: root, head: h}
	return cp.sign(l.signer)
}

// sign puts the newest checkpoint into the folder if it says anything new. It is offered, not needed: a failure is
// told and tried again.
func (l *Log) sign() (ok bool) {
	c := &l.chain
	c.mu.Lock()
	h, told, have := c.head, c.told, c.latest != nil
	c.mu.Unlock()
	if have && h == told && c.vouched == c.signed {
		return true
	}
	cp, err := l.newest(h, told)
	if err != nil {
		return l.waits("the newest checkpoint", err) != nil
	}
	c.signed = c.vouched
	c.mu.Lock()
	c.latest, c.told = cp, h
	c.mu.Unlock()
	return true
}

func (l *Log) newest(h, told head) ([]byte, error) {
	c := &l.chain
	if h.segment != c.vouched+1 { // the head of a tree that is not filed yet
		h = head{}
	}
	if h != (head{}) && h != told && c.seg != nil {
		if err := c.seg.sync(); err != nil { // a checkpoint on disk names a link on disk
			return nil, err
		}
	}
	cp, err := l.checkpointOf(c.vouched, h)
	if err != nil {
		return nil, err
	}
	return cp, replaceFile(filepath.Join(l.cfg.Dir, latestFile), cp)
}

func replaceFile(path string, b []byte) error {
	tmp := path + ".tmp"
	if err := os.WriteFile(tmp, b, 0o640); err != nil {
		os.Remove(tmp)
		return err
	}
	return os.Rename(tmp, path)
}

// Checkpoint returns the newest signed checkpoint, in the form of C2SP tlog-checkpoint, for whoever wants to keep one.
func (l *Log) Checkpoint() []byte {
	l.chain.mu.Lock()
	defer l.chain.mu.Unlock()
	return l.chain.latest
}
