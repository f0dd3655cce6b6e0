// Package cachetest holds every record cache to the same promises, and starts a real Redis for those that need one. Only
// tests import it.
package cachetest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

// Store is a record cache as the contract sees it.
type Store interface {
	Recall(l *verify.Lookup)
	Remember(l *verify.Lookup)
	Invalidate(subjects []verify.Subject, version uint64)
	// Settle waits until what was handed over before has been done.
	Settle()
	// Now is the clock the store goes by.
	Now() verify.Instant
}

// Subject returns the n-th of a sequence of subjects that look like keyed hashes.
func Subject(n uint64) (s verify.Subject) {
	r := rand.New(rand.NewPCG(n, 0x5eed))
	binary.LittleEndian.PutUint64(s[:8], r.Uint64())
	binary.LittleEndian.PutUint64(s[8:], r.Uint64())
	return s
}

// Record returns bytes that stand for an encoded record of a version.
func Record(n, version uint64, size int) []byte {
	return bytes.Repeat([]byte(fmt.Sprintf("%d@%d ", n, version)), size)[:size]
}

// keeper drives a store one subject at a time.
type keeper struct {
	Store
	t *testing.T
}

// fill lets the store remember what the registry said just now.
func (k keeper) fill(n, version uint64) { k.fillHeld(n, k.present(n, version)) }

func (k keeper) present(n, version uint64) verify.Held {
	return verify.Held{State: verify.StatePresent, Source: verify.SourceRegistry, Version: version, AsOf: int64(version) * 1e9,
		Learned: k.Now().Mono, Record: Record(n, version, 300)}
}

func (k keeper) fillHeld(n uint64, h verify.Held) {
	l := lookup(k.Now(), n)
	l.Held[0] = h
	k.Remember(l)
	k.Settle()
}

func (k keeper) bury(n, version uint64) {
	k.Invalidate([]verify.Subject{Subject(n)}, version)
	k.Settle()
}

func (k keeper) recall(n uint64) verify.Held {
	l := lookup(k.Now(), n)
	k.Recall(l)
	return l.Held[0]
}

// want checks which version is held; 0: nothing.
func (k keeper) want(n, version uint64) {
	k.t.Helper()
	h := k.recall(n)
	switch {
	case version == 0 && h.State != verify.StateUnknown:
		k.t.Errorf("subject %d is held at version %d, want nothing", n, h.Version)
	case version != 0 && (h.Version != version || h.State != verify.StatePresent):
		k.t.Errorf("subject %d is held as state %d at version %d, want %d", n, h.State, h.Version, version)
	case version != 0 && !bytes.Equal(h.Record, Record(n, version, 300)):
		k.t.Errorf("subject %d has another record at version %d", n, version)
	}
}

func lookup(now verify.Instant, subjects ...uint64) *verify.Lookup {
	l := &verify.Lookup{Now: now, Held: make([]verify.Held, len(subjects)), Keys: make([]identity.Key, len(subjects))}
	for _, n := range subjects {
		l.Subjects = append(l.Subjects, Subject(n))
	}
	return l
}

// Contract checks everything that both levels promise. open makes an empty store.
func Contract(t *testing.T, open func(t *testing.T) Store) {
	for _, c := range []struct {
		name string
		run  func(k keeper)
	}{
		{"nothing is known at first", func(k keeper) { k.want(1, 0) }},
		{"what was learned is known", func(k keeper) { k.fill(1, 5); k.want(1, 5); k.want(2, 0) }},
		{"newer replaces older", func(k keeper) { k.fill(1, 5); k.fill(1, 6); k.want(1, 6) }},
		{"a late fill is refused", func(k keeper) { k.fill(1, 6); k.fill(1, 5); k.want(1, 6) }},
		{"a change hides what it replaces", func(k keeper) { k.fill(1, 5); k.bury(1, 6); k.want(1, 0) }},
		{"a late fill after a change is refused", func(k keeper) { k.bury(1, 6); k.fill(1, 5); k.want(1, 0) }},
		{"the change itself may be learned", func(k keeper) { k.bury(1, 6); k.fill(1, 6); k.want(1, 6) }},
		{"what follows a change may be learned", func(k keeper) { k.bury(1, 6); k.fill(1, 7); k.want(1, 7) }},
		{"an old change hides nothing newer", func(k keeper) { k.fill(1, 7); k.bury(1, 6); k.want(1, 7) }},
		{"changes may come twice", func(k keeper) {
			k.fill(1, 5)
			k.bury(1, 6)
			k.bury(1, 6)
			k.fill(1, 6)
			k.bury(1, 6)
			k.want(1, 6)
		}},
		{"changes may come in any order", func(k keeper) {
			k.bury(1, 8)
			k.bury(1, 6)
			k.fill(1, 7)
			k.want(1, 0)
			k.fill(1, 8)
			k.want(1, 8)
		}},
		{"one subject's change is not another's", func(k keeper) { k.fill(1, 5); k.fill(2, 5); k.bury(1, 6); k.want(2, 5) }},
		{"versions beyond 2^53", func(k keeper) {
			const big = 1<<60 + 1
			k.fill(1, big)
			k.fill(1, big-1)
			k.want(1, big)
			k.bury(1, big+1)
			k.fill(1, big)
			k.want(1, 0)
		}},
		{"every state comes back as it was", everyState},
		{"a younger answer of the same version is kept", younger},
		{"settled entries are left alone", settled},
		{"only the registry's answers are kept", onlyRegistry},
		{"many at once", many},
		{"a record is the caller's own", ownBytes},
		{"races end with the newest", races},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(keeper{open(t), t}) })
	}
}

func everyState(k keeper) {
	for i, h := range []verify.Held{
		{State: verify.StatePresent, Version: 3, AsOf: 7, Record: Record(1, 3, 1)},
		{State: verify.StatePresent, Version: 4, AsOf: -7, Record: Record(2, 4, 9000)},
		{State: verify.StateAbsent, Version: 0, AsOf: 8},
		{State: verify.StateElsewhere, Holder: verify.HolderDefence, Version: 1 << 63, AsOf: 9},
	} {
		h.Source, h.Learned = verify.SourceRegistry, k.Now().Mono
		k.fillHeld(uint64(i), h)
		got := k.recall(uint64(i))
		if got.State != h.State || got.Holder != h.Holder || got.Version != h.Version || got.AsOf != h.AsOf || !bytes.Equal(got.Record, h.Record) {
			k.t.Errorf("%+v came back as %+v", h, got)
		}
		if got.Learned > h.Learned {
			k.t.Errorf("learned at %d came back as learned later, at %d", h.Learned, got.Learned)
		}
		if got.Stale || got.MaxAge != 0 || got.Source == verify.SourceRegistry {
			k.t.Errorf("a cache judges freshness or claims to be the registry: %+v", got)
		}
	}
}

func younger(k keeper) {
	old := k.present(1, 5)
	old.Learned -= 2e9
	k.fillHeld(1, old)
	before := k.recall(1)
	k.fill(1, 5)
	after := k.recall(1)
	if after.Learned-before.Learned < 1e9 {
		k.t.Errorf("learned at %d, then again 2 s later, is held as learned at %d", before.Learned, after.Learned)
	}
	k.fillHeld(1, old)
	if again := k.recall(1); again.Learned < after.Learned-1e9 {
		k.t.Errorf("an older answer of the same version replaced a younger one: %d, was %d", again.Learned, after.Learned)
	}
}

func settled(k keeper) {
	k.fill(1, 5)
	l := lookup(k.Now(), 1, 1)
	l.Held[0] = verify.Held{State: verify.StateAbsent, Source: verify.SourceFilter, Version: 9}
	k.Recall(l)
	if l.Held[0].Source != verify.SourceFilter || l.Held[1].Version != 5 {
		k.t.Errorf("got %+v", l.Held)
	}
}

func onlyRegistry(k keeper) {
	for n, source := range []verify.Source{verify.SourceNone, verify.SourceFilter, verify.SourceLocal, verify.SourceStale} {
		h := k.present(uint64(n), 5)
		h.Source = source
		k.fillHeld(uint64(n), h)
		k.want(uint64(n), 0)
	}
	k.fillHeld(9, verify.Held{Source: verify.SourceRegistry, Trouble: verify.TroubleTimeout})
	k.want(9, 0)
}

func many(k keeper) {
	const n = 500
	subjects := make([]uint64, n)
	for i := range subjects {
		subjects[i] = uint64(i)
	}
	l := lookup(k.Now(), subjects...)
	for i := range l.Held {
		if i%2 == 0 {
			l.Held[i] = k.present(uint64(i), 5)
		}
	}
	k.Remember(l)
	k.Settle()
	k.Invalidate(l.Subjects[:100], 6)
	k.Settle()
	l = lookup(k.Now(), subjects...)
	k.Recall(l)
	for i, h := range l.Held {
		if known := i%2 == 0 && i >= 100; known != (h.State == verify.StatePresent) {
			k.t.Fatalf("entry %d of %d is %+v", i, n, h)
		} else if known && !bytes.Equal(h.Record, Record(uint64(i), 5, 300)) {
			k.t.Fatalf("entry %d of %d has another's record", i, n)
		}
	}
}

func ownBytes(k keeper) {
	h := k.present(1, 5)
	h.Record = bytes.Clone(h.Record)
	k.fillHeld(1, h)
	l := lookup(k.Now(), 1)
	k.Recall(l)
	kept := l.Held[0].Record
	k.fill(1, 6) // must not show through in what was handed out
	if !bytes.Equal(kept, Record(1, 5, 300)) {
		k.t.Error("a record handed out has changed")
	}
	if cap(kept) > len(kept) {
		_ = append(kept, "overflow"...)
		k.want(1, 6)
	}
}

// races lets fills and changes of a few subjects arrive in every order at once. Whatever the order, nothing older than
// the newest change may be held in the end.
func races(k keeper) {
	const subjects, workers, steps, top = 4, 4, 300, 50
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 1))
			for range steps {
				n, version := r.Uint64N(subjects), 1+r.Uint64N(top)
				l := lookup(k.Now(), n)
				switch r.IntN(3) {
				case 0:
					l.Held[0] = k.present(n, version)
					k.Remember(l)
				case 1:
					k.Invalidate(l.Subjects, version)
				case 2:
					k.Recall(l)
					if h := l.Held[0]; h.State == verify.StatePresent && !bytes.Equal(h.Record, Record(n, h.Version, 300)) {
						k.t.Error("a record does not belong to its version")
					}
				}
			}
		})
	}
	wg.Wait()
	k.Settle()
	for n := range uint64(subjects) {
		k.bury(n, top)
		if h := k.recall(n); h.State != verify.StateUnknown && h.Version < top {
			k.t.Errorf("subject %d is held at version %d after a change to %d", n, h.Version, top)
		}
		k.fill(n, top-1)
		if h := k.recall(n); h.State != verify.StateUnknown && h.Version < top {
			k.t.Errorf("subject %d went back to version %d", n, h.Version)
		}
		k.fill(n, top)
		k.want(n, top)
	}
}
