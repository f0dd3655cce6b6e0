package audit

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/verigate/verigate/verify"
)

// keysEvery is how often the key folder is looked at.
const keysEvery = time.Minute

// eventKeyLost says that the key the log was written under is gone, and which epoch follows.
const eventKeyLost = "epoch_key_lost"

// rekeying is what the log knows about its epochs. Only Open and then the chain's goroutine use it.
type rekeying struct {
	used usedEpochs
	lost uint32 // the epoch whose key was gone at the start; 0: none
	next uint32 // the epoch that was begun for it
}

// chooseEpoch returns the epoch to write under: that of the newest key there is or, when the log was written under a
// newer one whose key is gone, a new one under the next number. A number is never used for a second key: whoever
// searches would take the records of both for one epoch.
func (l *Log) chooseEpoch() (*Epoch, error) {
	k := &l.rekeying
	keys, err := LoadEpochs(l.cfg.Keys)
	if err != nil {
		return nil, err
	}
	if err := k.used.refuse(keys); err != nil {
		return nil, fmt.Errorf("keys %s: %w", l.cfg.Keys, err)
	}
	last := k.used.last()
	if n := len(keys); n > 0 && keys[n-1].Number >= last {
		l.unfindable(k.used.without(keys))
		return keys[n-1], nil
	}
	if last == math.MaxUint32 {
		return nil, fmt.Errorf("keys %s: the key of epoch %d is missing, and there is no higher number", l.cfg.Keys, last)
	}
	if err := AddEpoch(l.cfg.Keys, last+1); err != nil {
		return nil, fmt.Errorf("keys %s: the key of epoch %d is missing and that of epoch %d cannot be made: %w", l.cfg.Keys, max(last, 1), last+1, err)
	}
	if keys, err = LoadEpochs(l.cfg.Keys); err != nil {
		return nil, err
	}
	if last > 0 {
		k.lost, k.next = last, last+1
		l.count.keysLost.Inc()
		l.deps.Log.Error("the key of the audit log's epoch is gone: the people of its time cannot be found any more; a new epoch begins",
			"keys", l.cfg.Keys, "lost", epochName(last), "new", epochName(last+1))
	}
	l.unfindable(k.used.without(keys))
	return keys[len(keys)-1], nil
}

// unfindable notes the epochs whose people cannot be found.
func (l *Log) unfindable(missing usedEpochs) {
	if n := int64(len(missing)); l.unsearchable.Swap(n) != n && n > 0 {
		l.deps.Log.Warn("people of some epochs of the audit log cannot be found: their keys are not there", "keys", l.cfg.Keys, "epochs", missing.String())
	}
}

// String lists the numbers.
func (u usedEpochs) String() string {
	numbers := make([]string, len(u))
	for i, id := range u {
		numbers[i] = strconv.FormatUint(uint64(id.number), 10)
	}
	return strings.Join(numbers, " ")
}

// use takes an epoch into use with the next segment.
func (l *Log) use(e *Epoch) {
	l.rekeying.used.add(e.id())
	l.epoch.Store(e)
}

// tellLost records that a key was lost, once.
func (l *Log) tellLost() error {
	k := &l.rekeying
	if k.lost == 0 {
		return nil
	}
	err := l.Event(eventKeyLost, "gateway", "epoch", strconv.FormatUint(uint64(k.lost), 10), "next", strconv.FormatUint(uint64(k.next), 10))
	if err == nil {
		k.lost = 0
	}
	return err
}

// newEpoch looks into the key folder now and then: a newer key is taken into use with the next segment, and one that is
// gone is followed by a new one.
func (l *Log) newEpoch(now verify.Instant) bool {
	if now.Since(l.chain.lastKeys) < keysEvery {
		return false
	}
	l.chain.lastKeys = now
	e, err := l.chooseEpoch()
	if err != nil {
		l.deps.Log.Error("the audit log's epoch keys cannot be used, the present one stays in use", "keys", l.cfg.Keys, "reason", err)
		return false
	}
	if e.Number <= l.epoch.Load().Number {
		return false
	}
	l.use(e)
	l.deps.Log.Info("the audit log uses a new epoch key", "epoch", e.Number)
	return true
}
