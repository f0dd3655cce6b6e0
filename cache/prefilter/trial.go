package prefilter

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/verigate/verigate/verify"
)

// trial is a generation that is compared with what the registry says before it may deny anybody.
type trial struct {
	gen      *Generation
	wanted   int64
	compared atomic.Int64
	once     sync.Once
	over     chan struct{} // closed at the first disagreement, or when enough was compared
	failed   atomic.Bool
}

func newTrial(g *Generation, comparisons int) *trial {
	return &trial{gen: g, wanted: int64(comparisons), over: make(chan struct{})}
}

// compare holds the generation against one identifier that the registry knows. Only identifiers of
// the generation's own time count: later ones may not have arrived.
func (t *trial) compare(l *verify.Lookup, i int) {
	defer runtime.KeepAlive(t.gen)
	p := t.gen.parts[l.Keys[i].Kind()]
	if p == nil || l.Held[i].Version > p.version {
		return
	}
	packed, ok := p.coverage.pack(l.Keys[i])
	if !ok {
		return
	}
	if !p.has(digestOf(p.kind, packed)) {
		t.failed.Store(true)
	} else if t.compared.Add(1) < t.wanted {
		return
	}
	t.once.Do(func() { close(t.over) })
}

// Try puts g on trial: it is compared with what [Filter.Observe] sees until it is ended with [Filter.EndTrial].
// over is closed when comparisons agreed, or one did not.
func (f *Filter) Try(g *Generation, comparisons int) (over <-chan struct{}) {
	t := newTrial(g, comparisons)
	f.trial.Store(t)
	return t.over
}

// EndTrial ends the trial and tells how many comparisons agreed, and whether one did not.
func (f *Filter) EndTrial() (agreed int64, failed bool) {
	t := f.trial.Swap(nil)
	if t == nil {
		return 0, false
	}
	return t.compared.Load(), t.failed.Load()
}
