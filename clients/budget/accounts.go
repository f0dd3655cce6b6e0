package budget

import (
	"encoding/binary"
	"encoding/hex"
	"hash/maphash"
	"math"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

// accounts finds who is charged. Callers lie side by side by their slot, so that finding one is arithmetic; facilities
// with more than one caller hang on them; staff members are in a bounded table, because their numbers come from outside.
type accounts struct {
	seed   maphash.Seed
	salts  uint64 // see saltAt
	chunks [maxSlots / chunkSize]atomic.Pointer[[chunkSize]account]

	mu         sync.Mutex // making accounts
	byKey      map[string]*account
	facilities map[identity.Facility]*facility
	habits     map[string]habit // of accounts that have not asked since the start
	born       func(*account)   // applies what is already known of a new account

	staff [staffSets][ways]atomic.Pointer[account] // each in one of the eight places of its set
	crowd int                                      // staff members
}

const (
	maxSlots  = 1 << 20
	chunkSize = 64
	staffSets = 1 << 13
)

type facility struct {
	first *account // its only caller so far
	own   *account // nil: it has only one
}

// trio is who one question is charged to: the caller, its facility when it has several callers, the staff member when
// one is named.
type trio [3]*account

func (s *accounts) init(b *Budget) {
	s.seed = maphash.MakeSeed()
	s.salts = maphash.Bytes(s.seed, nil)
	s.byKey, s.facilities, s.habits = map[string]*account{}, map[identity.Facility]*facility{}, map[string]habit{}
	s.born = func(a *account) {
		if h, ok := b.holds.of(a.key); ok {
			b.obey(a, h)
		}
	}
}

func (s *accounts) of(c *verify.Caller, staff verify.Subject) (who trio) {
	who[0] = s.caller(c)
	who[1] = who[0].shared.Load()
	if staff != (verify.Subject{}) {
		who[2] = s.member(c, staff)
	}
	return who
}

func (s *accounts) caller(c *verify.Caller) *account {
	if a := s.at(c.Slot); a != nil && a.ready.Load() && a.id == c.ID {
		return a
	}
	return s.open(c)
}

// at returns the place of a slot's account, nil when there is none yet.
func (s *accounts) at(slot int) *account {
	if i := uint(slot); i < maxSlots {
		if chunk := s.chunks[i/chunkSize].Load(); chunk != nil {
			return &chunk[i%chunkSize]
		}
	}
	return nil
}

func callerKey(id string) string { return "caller:" + id }

// open makes a caller's account. A caller whose slot is taken or out of range has an account all the same, found by name.
func (s *accounts) open(c *verify.Caller) *account {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := callerKey(c.ID)
	if a := s.byKey[key]; a != nil {
		return a
	}
	a, salt := s.place(c.Slot, key)
	a.id = c.ID
	s.enlist(a, key, c, salt)
	if c.Facility.IsZero() {
		return a
	}
	switch f := s.facilities[c.Facility]; {
	case f == nil:
		s.facilities[c.Facility] = &facility{first: a}
	case f.own == nil:
		f.own = new(account)
		key = "facility:" + c.Facility.String()
		s.enlist(f.own, key, c, maphash.String(s.seed, key))
		f.first.shared.Store(f.own)
		a.shared.Store(f.own)
	default:
		a.shared.Store(f.own)
	}
	return a
}

// place returns where a caller's account is to be, and its salt.
func (s *accounts) place(slot int, key string) (a *account, salt uint64) {
	if uint(slot) >= maxSlots {
		return new(account), maphash.String(s.seed, key)
	}
	at := &s.chunks[slot/chunkSize]
	if at.Load() == nil {
		at.Store(new([chunkSize]account))
	}
	if a := &at.Load()[slot%chunkSize]; !a.ready.Load() {
		return a, s.saltAt(slot)
	}
	return new(account), maphash.String(s.seed, key)
}

// saltAt is the salt of the account in a place. It follows from the slot, so that what the memory knows of a question can
// be sent for before the account is there.
func (s *accounts) saltAt(slot int) uint64 { return s.salts + uint64(slot)*0xbf58476d1ce4e5b9 }

func (s *accounts) enlist(a *account, key string, c *verify.Caller, salt uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.open(key, c, salt)
	if h, ok := s.habits[key]; ok {
		a.usual, a.epochs, a.past = h.People, h.Epochs, past{h.Known, h.Strangers}
		delete(s.habits, key)
	}
	s.byKey[key] = a
	s.born(a)
	a.ready.Store(true)
}

// member returns a staff member's account, nil when there is no place for it: then callers and facilities must do. A
// member is known by half of the keyed hash, which is the salt of the account too.
func (s *accounts) member(c *verify.Caller, staff verify.Subject) *account {
	set, salt := s.setOf(staff), binary.LittleEndian.Uint64(staff[8:])
	for i := range set {
		if a := set[i].Load(); a != nil && a.salt == salt {
			return a
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	free := -1
	for i := range set {
		switch a := set[i].Load(); {
		case a == nil:
			free = i
		case a.salt == salt:
			return a
		}
	}
	if free < 0 {
		if free = dullest(set); free < 0 {
			return nil
		}
		s.crowd--
	}
	a := new(account)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.open("staff:"+hex.EncodeToString(staff[:]), c, salt)
	s.born(a)
	a.ready.Store(true)
	set[free].Store(a)
	s.crowd++
	return a
}

// dullest returns which member of a full set may be forgotten: of those of whom nothing odd is counted, who asked longest
// ago; -1 when there is none. Else somebody who invents members would leave no place for real ones.
func dullest(set *[ways]atomic.Pointer[account]) int {
	at, asked := -1, int64(math.MaxInt64)
	for i := range set {
		a := set[i].Load()
		a.mu.Lock()
		if n := &a.now.n; a.asked.Load() < asked && Level(a.level.Load()) == Open && a.odds == 0 && n[misses] == 0 && n[probing] == 0 && n[canaries] == 0 {
			at, asked = i, a.asked.Load()
		}
		a.mu.Unlock()
	}
	return at
}

func (s *accounts) setOf(staff verify.Subject) *[ways]atomic.Pointer[account] {
	return &s.staff[binary.LittleEndian.Uint16(staff[:])%staffSets]
}

// all calls f with every account; the tables are not locked meanwhile.
func (s *accounts) all(f func(*account)) {
	s.mu.Lock()
	list := make([]*account, 0, len(s.byKey)+s.crowd)
	for _, a := range s.byKey {
		list = append(list, a)
	}
	s.mu.Unlock()
	for i := range s.staff {
		for j := range s.staff[i] {
			if a := s.staff[i][j].Load(); a != nil {
				list = append(list, a)
			}
		}
	}
	for _, a := range list {
		f(a)
	}
}

// find returns the account with a key, nil when nobody of that name has asked yet.
func (s *accounts) find(key string) *account {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.byKey[key]; a != nil {
		return a
	}
	var staff verify.Subject
	name, ok := strings.CutPrefix(key, "staff:")
	if !ok || len(name) != 2*len(staff) {
		return nil
	}
	if _, err := hex.Decode(staff[:], []byte(name)); err != nil {
		return nil
	}
	set := s.setOf(staff)
	for i := range set {
		if a := set[i].Load(); a != nil && a.key == key {
			return a
		}
	}
	return nil
}

// sweep lets staff members go who have not asked since the given monotonic time and are not stopped.
func (s *accounts) sweep(before int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.staff {
		for j := range s.staff[i] {
			place := &s.staff[i][j]
			if a := place.Load(); a != nil && a.asked.Load() < before && Level(a.level.Load()) == Open {
				place.Store(nil)
				s.crowd--
			}
		}
	}
}

// usual returns what callers and facilities usually do; staff members come and go. With window, what they did of late is
// part of their past.
func (s *accounts) usual(window bool) []habit {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]habit, 0, len(s.byKey)+len(s.habits))
	for _, h := range s.habits {
		list = append(list, h)
	}
	for key, a := range s.byKey {
		a.mu.Lock()
		p := a.past
		if window {
			p.leave(a.now.past(), a.then.past())
		}
		if a.epochs > 0 || p.strangers > 0 {
			list = append(list, habit{key, a.usual, a.epochs, p.people, p.strangers})
		}
		a.mu.Unlock()
	}
	return list
}
