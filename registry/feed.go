package registry

import (
	"slices"
	"sync"
	"time"

	"github.com/verigate/verigate/identity"
)

// tokenLife is how long a token is good for, and so how long a change is kept.
const tokenLife = 7 * 24 * time.Hour

// feedMode is how the feed behaves; everything but feedRun is a fault.
type feedMode string

const (
	feedRun       feedMode = "run"
	feedPause     feedMode = "pause"     // nothing new is delivered and the mark stands still
	feedReorder   feedMode = "reorder"   // changes that wait together come newest first
	feedDuplicate feedMode = "duplicate" // everything comes twice
)

var feedModes = []feedMode{feedRun, feedPause, feedReorder, feedDuplicate}

// change is one line of the feed.
type change struct {
	version uint64
	at      time.Time
	keys    []identity.Key // every number the person has or had
}

// feed keeps the changes of the last seven days in order of their versions, without gaps, and wakes those who wait for
// the next one. It is safe for concurrent use.
type feed struct {
	registry string
	now      func() time.Time

	mu      sync.Mutex
	changes []change
	last    uint64    // version of the newest change, kept or not
	told    time.Time // of the newest mark
	mode    feedMode
	frozen  mark          // while paused
	wake    chan struct{} // closed when there is something new
}

func newFeed(registry string, now func() time.Time) *feed {
	return &feed{registry: registry, now: now, last: firstVersion, mode: feedRun, wake: make(chan struct{})}
}

// publish appends changes, at least one, and wakes the readers.
func (f *feed) publish(states []*state) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range states {
		keys := appendLongCards(appendNumbers(nil, &s.person), &s.person)
		f.changes = append(f.changes, change{version: s.version, at: s.at, keys: slices.Clip(keys)})
	}
	f.last = states[len(states)-1].version
	f.forget()
	f.rouse()
}

// forget drops what is older than any good token. The caller holds the lock.
func (f *feed) forget() {
	limit := f.now().Add(-tokenLife)
	n := 0
	for n < len(f.changes) && f.changes[n].at.Before(limit) {
		n++
	}
	f.changes = f.changes[n:]
}

func (f *feed) rouse() {
	close(f.wake)
	f.wake = make(chan struct{})
}

// setMode changes how the feed behaves from now on.
func (f *feed) setMode(m feedMode) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if m == f.mode {
		return
	}
	if m == feedPause {
		f.frozen = f.markLocked()
	}
	f.mode = m
	f.rouse()
}

// mark returns how far the feed is and when that was so. Each mark is later than the one before unless the feed is
// paused, which freezes it.
func (f *feed) mark() mark {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.markLocked()
}

func (f *feed) markLocked() mark {
	if f.mode == feedPause {
		return f.frozen
	}
	at := f.now().Truncate(time.Microsecond)
	if !at.After(f.told) {
		at = f.told.Add(time.Microsecond)
	}
	f.told = at
	return mark{version: f.last, at: at}
}

// begin returns the version after which a reader with this token goes on; the empty token stands for everything kept.
func (f *feed) begin(token string) (after uint64, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.forget()
	oldest := f.oldestLocked()
	if token == "" {
		return oldest, true
	}
	after, at, ok := parseToken(token, f.registry)
	if !ok || after < oldest || after > f.last || f.now().Sub(at) > tokenLife {
		return 0, false
	}
	return after, true
}

// oldestLocked is the version before the oldest change kept.
func (f *feed) oldestLocked() uint64 {
	if len(f.changes) == 0 {
		return f.last
	}
	return f.changes[0].version - 1
}

// delivery is what a reader gets next.
type delivery struct {
	changes []change
	mode    feedMode
	more    bool          // there are further changes already
	mark    mark          // without more: true once changes are delivered
	wake    chan struct{} // closed when there is more
	gone    bool          // the reader was so slow that what follows is no longer kept
}

// next returns up to limit changes after a version.
func (f *feed) next(after uint64, limit int) delivery {
	f.mu.Lock()
	defer f.mu.Unlock()
	d := delivery{mode: f.mode, mark: f.markLocked(), wake: f.wake}
	if after < f.oldestLocked() {
		d.gone = true
		return d
	}
	from := len(f.changes) - int(f.last-after)
	to := len(f.changes) - int(f.last-max(d.mark.version, after))
	if to-from > limit {
		to, d.more, d.wake = from+limit, true, closed
	}
	d.changes = f.changes[from:to:to]
	return d
}

// closed is a channel that never keeps anybody waiting.
var closed = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()
