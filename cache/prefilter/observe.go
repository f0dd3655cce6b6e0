package prefilter

import (
	"runtime"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

// Observe holds the filter, and a generation on trial, against what the registry said: an identifier that the registry
// knows must not be one that is denied. A filter that fails is not used any longer. It is meant to see every answer of
// the registry; bulk and clinics alike.
func (f *Filter) Observe(l *verify.Lookup) {
	for i := range l.Held {
		h := &l.Held[i]
		if h.Source != verify.SourceRegistry || h.State != verify.StatePresent && h.State != verify.StateElsewhere {
			continue
		}
		f.observe(l, i)
	}
}

func (f *Filter) observe(l *verify.Lookup, i int) {
	mark, v, t := f.mark.Load(), f.view.Load(), f.trial.Load()
	defer runtime.KeepAlive(v)
	version := l.Held[i].Version
	if t != nil {
		t.compare(l, i)
	}
	// What the registry issued after the watermark may not have arrived: no fault of the filter.
	if mark != nil && version <= mark.Version && v.denies(l.Keys[i]) {
		f.m.violations.Inc()
		f.log.Error("prefilter would have denied an identifier that the registry knows; it is not used until it is rebuilt")
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.view.Load().gen == v.gen {
			f.giveUp()
		}
	}
}

// denies tells whether the pair would say that the identifier was never issued.
func (v *view) denies(k identity.Key) bool {
	kind := k.Kind()
	if v.gen == nil || v.gen.parts[kind] == nil || !v.ready[kind] {
		return false
	}
	packed, ok := v.gen.parts[kind].coverage.pack(k)
	return ok && !v.has(kind, packed)
}

// has tells whether a key may be in the generation or is among what was added.
func (v *view) has(kind identity.Kind, packed uint64) bool {
	d := digestOf(kind, packed)
	return v.gen.parts[kind].has(d) || v.added[kind].has(d, packed)
}

// Denies tells whether the filter says that k was never issued, whatever its watermark's age, and up to which version
// that holds. It counts nothing: it is for those who check the filter.
func (f *Filter) Denies(k identity.Key) (denies bool, version uint64) {
	mark, v := f.mark.Load(), f.view.Load() // in this order, as in Screen
	defer runtime.KeepAlive(v)
	if mark == nil || !v.denies(k) {
		return false, 0
	}
	return true, mark.Version
}
