package local

import (
	"sync/atomic"

	"github.com/verigate/verigate/verify"
)

// graves are tombstones: of whom it is known that everything below a version is outdated, although nothing newer has
// been learned yet. They live longer than anything that was learned can be of use. Where one has to go before its time,
// everything learned before it was made is taken for outdated.
type graves struct {
	versions map[verify.Subject]grave
	order    []tomb // a queue in order of time; one subject may lie in it several times
	first    int
	max      int
	life     int64
	since    int64         // tombstones from before belong to another history: they forbid only what was learned before, too
	lost     *atomic.Int64 // when the youngest tombstone was made that had to go before its time; of all shards
}

type grave struct {
	version uint64
	at      int64
}

type tomb struct {
	subject verify.Subject
	at      int64
}

// forbids tells whether knowledge is, or may be, outdated.
func (g *graves) forbids(s *verify.Subject, h *verify.Held, now int64) bool {
	if h.Learned < g.lost.Load() {
		return true
	}
	t, ok := g.versions[*s]
	if !ok || now-t.at >= g.life {
		return false
	}
	if t.at < g.since {
		return h.Learned < g.since && h.Version < t.version
	}
	return h.Learned < g.since || h.Version < t.version
}

// dig leaves a tombstone, and takes away those that are too old or too many.
func (g *graves) dig(s *verify.Subject, version uint64, now int64) {
	if t, ok := g.versions[*s]; ok && t.version >= version && t.at >= g.since {
		return
	}
	g.versions[*s] = grave{version, now}
	g.order = append(g.order, tomb{*s, now})
	for len(g.order)-g.first > 0 {
		t := &g.order[g.first]
		expired := now-t.at >= g.life
		if !expired && len(g.order)-g.first <= g.max {
			break
		}
		if held, ok := g.versions[t.subject]; ok && held.at == t.at {
			delete(g.versions, t.subject)
			if !expired {
				g.lose(t.at)
			}
		}
		g.first++
	}
	if g.first > len(g.order)/2 {
		g.order = append(g.order[:0], g.order[g.first:]...)
		g.first = 0
	}
}

// lose notes that a tombstone made at a moment is gone.
func (g *graves) lose(at int64) {
	for old := g.lost.Load(); old < at && !g.lost.CompareAndSwap(old, at); old = g.lost.Load() {
	}
}
