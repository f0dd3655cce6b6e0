package registry

import (
	"slices"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/registry/nation"
)

// firstVersion is the version of everybody nobody has changed: the nation as computed.
const firstVersion = 1

// state is a person after a change. It is immutable once published.
type state struct {
	version uint64
	at      time.Time
	person  nation.Person
}

// overlay is what was changed since the nation was computed: whole people, found before the nation is asked.
type overlay struct {
	version atomic.Uint64 // of the newest change that answers show; never ahead of them

	mu     sync.RWMutex
	people map[int]*state
	keys   map[identity.Key]int // numbers the nation does not know
	born   int
	added  [identity.Kinds]addedKeys
}

// addedKeys are the packed numbers of one kind that the nation does not know, in order of their versions; it only grows.
type addedKeys struct {
	packed   []uint64
	versions []uint64
}

// upTo returns the keys there were at a version. The slice is shared and must not be changed.
func (a *addedKeys) upTo(version uint64) []uint64 {
	n := sort.Search(len(a.versions), func(i int) bool { return a.versions[i] > version })
	return a.packed[:n:n]
}

func newOverlay() *overlay {
	o := &overlay{people: map[int]*state{}, keys: map[identity.Key]int{}}
	o.version.Store(firstVersion)
	return o
}

// put makes changes visible. They must come in order of their versions and there must be at least one.
func (o *overlay) put(changes []*state, n *nation.Nation) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var keys []identity.Key
	for _, s := range changes {
		i := s.person.Index
		if _, known := o.people[i]; !known && i >= n.People() {
			o.born++
		}
		o.people[i] = s
		keys = appendNumbers(keys[:0], &s.person)
		for _, k := range keys {
			o.add(k, s, n)
		}
	}
	o.version.Store(changes[len(changes)-1].version)
}

// add notes a number unless the nation or the overlay has it already.
func (o *overlay) add(k identity.Key, s *state, n *nation.Nation) {
	if _, known := o.keys[k]; known {
		return
	}
	if _, known := n.Find(k); known {
		return
	}
	o.keys[k] = s.person.Index
	if packed, ok := identity.PackKey(k); ok {
		a := &o.added[k.Kind()]
		a.packed, a.versions = append(a.packed, packed), append(a.versions, s.version)
	}
}

// find returns the person who has or had the number, as changed last; s is nil for somebody never changed.
func (o *overlay) find(k identity.Key, n *nation.Nation) (i int, s *state, ok bool) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	if i, ok = o.keys[k]; !ok {
		if i, ok = n.Find(k); !ok {
			return 0, nil, false
		}
	}
	return i, o.people[i], true
}

// births returns how many people were born here.
func (o *overlay) births() int {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.born
}

// addedUpTo returns the numbers of a kind that were added up to a version.
func (o *overlay) addedUpTo(kind identity.Kind, version uint64) []uint64 {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.added[kind].upTo(version)
}

// appendNumbers appends the numbers a person has and had, each once.
func appendNumbers(dst []identity.Key, p *nation.Person) []identity.Key {
	first := len(dst)
	add := func(kind identity.Kind, value string) {
		if k, ok := identity.NewKey(kind, value); ok && !slices.Contains(dst[first:], k) {
			dst = append(dst, k)
		}
	}
	add(identity.KindID, p.ID)
	add(identity.KindCode, p.Code)
	for i := range p.Cards {
		add(identity.KindCard, p.Cards[i].Number)
	}
	for i := range p.Former {
		add(p.Former[i].Kind, p.Former[i].Value)
	}
	return dst
}

// cardPrefix is the part of a card number that the long form shares with the short one.
const cardPrefix = 5

// appendLongCards appends the 17-character forms under which a person can be asked for: the first five characters of a
// card of theirs, then the ID number.
func appendLongCards(dst []identity.Key, p *nation.Person) []identity.Key {
	if p.ID == "" {
		return dst
	}
	first := len(dst)
	add := func(number string) {
		if len(number) != 15 {
			return
		}
		if k, ok := identity.NewKey(identity.KindCard, number[:cardPrefix]+p.ID); ok && !slices.Contains(dst[first:], k) {
			dst = append(dst, k)
		}
	}
	for i := range p.Cards {
		add(p.Cards[i].Number)
	}
	for i := range p.Former {
		if p.Former[i].Kind == identity.KindCard {
			add(p.Former[i].Value)
		}
	}
	return dst
}
