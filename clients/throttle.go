package clients

import (
	"sync"
	"sync/atomic"
	"time"
)

// pace is how many failures are let through: burst at once, then one per emission.
type pace struct {
	emission, burst int64
}

func paceOf(every time.Duration, burst int64) pace { return pace{int64(every), burst} }

// take counts one failure before it is known to be one, so that a thousand guesses at once count as a thousand; back
// gives it back when it was none.
func (p pace) take(tat *atomic.Int64, now int64) bool {
	for {
		old := tat.Load()
		next := max(old, now) + p.emission
		if next-now > p.emission*p.burst {
			return false
		}
		if tat.CompareAndSwap(old, next) {
			return true
		}
	}
}

func (p pace) back(tat *atomic.Int64) { tat.Add(-p.emission) }

// The throttle's memory is fixed: 64 shards of 64 sets of 4 places, 256 KiB. When a set is full the place that is
// nearest to being forgiven goes, so that a flood of new names does not wash out the one that is under attack.
const (
	shardCount = 64
	setCount   = 64
	ways       = 4
)

type place struct {
	key uint64
	tat atomic.Int64
}

// throttle is a bounded table of failure counts by hashed key. It is safe for concurrent use.
type throttle struct {
	shards [shardCount]struct {
		mu   sync.Mutex
		sets [setCount][ways]place
	}
}

func (t *throttle) take(key uint64, now int64, p pace) bool {
	shard := &t.shards[key%shardCount]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	return p.take(&find(&shard.sets[key/shardCount%setCount], key).tat, now)
}

func (t *throttle) back(key uint64, p pace) {
	shard := &t.shards[key%shardCount]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	set := &shard.sets[key/shardCount%setCount]
	for i := range set {
		if set[i].key == key {
			p.back(&set[i].tat)
		}
	}
}

// seen tells whether the key is remembered; remember keeps it, in the place of the oldest.
func (t *throttle) seen(key uint64) bool {
	shard := &t.shards[key%shardCount]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	set := &shard.sets[key/shardCount%setCount]
	for i := range set {
		if set[i].key == key {
			return true
		}
	}
	return false
}

func (t *throttle) remember(key uint64, now int64) {
	shard := &t.shards[key%shardCount]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	find(&shard.sets[key/shardCount%setCount], key).tat.Store(now)
}

func find(set *[ways]place, key uint64) *place {
	oldest := &set[0]
	for i := range set {
		if set[i].key == key {
			return &set[i]
		}
		if set[i].tat.Load() < oldest.tat.Load() {
			oldest = &set[i]
		}
	}
	oldest.key = key
	oldest.tat.Store(0)
	return oldest
}
