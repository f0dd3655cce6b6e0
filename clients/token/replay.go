package token

import (
	"crypto/sha256"
	"sync"
	"time"
)

type replayResult uint8

const (
	replayNew replayResult = iota
	replaySeen
	replayFull
)

// Assertions remembered in one generation, 40 bytes each: several times what 13,000 callers need that take a token a
// minute before the last one ends; and of one caller, so that a program gone wild leaves room for the others.
const (
	maxReplays   = 1 << 17
	maxPerCaller = 1 << 12
)

// replays remembers assertions for as long as they could be shown again, in two generations of that length: what is in
// neither was never shown, or has expired. It is safe for concurrent use.
type replays struct {
	mu        sync.Mutex
	life      int64
	began     int64 // Mono
	now, last map[[16]byte]struct{}
	perCaller map[string]int // in now
}

func newReplays(life time.Duration) *replays {
	return &replays{life: int64(life), now: map[[16]byte]struct{}{}, perCaller: map[string]int{}}
}

// replayKey names an assertion by its caller and id.
func replayKey(callerID, jti string) [16]byte {
	sum := sha256.Sum256([]byte(callerID + "\x00" + jti))
	return [16]byte(sum[:16])
}

// take remembers an assertion.
func (r *replays) take(now int64, callerID string, key [16]byte) replayResult {
	r.mu.Lock()
	defer r.mu.Unlock()
	if age := now - r.began; age >= r.life {
		r.last, r.now, r.began = r.now, map[[16]byte]struct{}{}, now
		clear(r.perCaller)
		if age >= 2*r.life {
			r.last = nil
		}
	}
	if _, seen := r.now[key]; seen {
		return replaySeen
	}
	if _, seen := r.last[key]; seen {
		return replaySeen
	}
	if len(r.now) >= maxReplays || r.perCaller[callerID] >= maxPerCaller {
		return replayFull
	}
	r.perCaller[callerID]++
	r.now[key] = struct{}{}
	return replayNew
}
