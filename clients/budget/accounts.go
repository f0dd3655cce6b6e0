package budget

import (
	"encoding/binary"
	"encoding/hex"
	"hash/maphash"
	"sync"
	"sync/atomic"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

// accounts finds who is charged. Callers lie side by side by their slot, so that finding one is arithmetic; facilities
// with more than one caller hang on them; staff members are in a bounded table, because their numbers come from outside.
type accounts struct {
	seed   maphash.Seed
	chunks [maxSlots / chunkSize]atomic.Pointer[[chunkSize]account]

	mu         sync.Mutex // making accounts
	byKey      map[string]*account
	facilities map[identity.Facility]*facility
	habits     map[string]habit // of accounts that have not asked since the start
	born       func(*account)   // applies what is already known of a new account

	staff [staffShards]staffShard
	crowd atomic.Int64 // staff members
}

const (
	maxSlots    = 1 << 20
	chunkSize   = 64
	staffShards = 64
	maxStaff    = 1 << 15
)

type facility struct {
	first *account // its only caller so far
	own   *account // nil: it has only one
}

type staffShard struct {
	mu      sync.RWMutex
	members map[verify.Subject]*account
}

// trio is who one question is charged to: the caller, its facility when it has several callers, the staff member when
// one is named.
type trio [3]*account

func (s *accounts) init(b *Budget) {
	s.seed = maphash.MakeSeed()
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
	if i := uint(c.Slot); i < maxSlots {
		if chunk := s.chunks[i/chunkSize].Load(); chunk != nil {
			if a := &chunk[i%chunkSize]; a.ready.Load() && a.id == c.ID {
				return a
			}
		}
	}
	return s.open(c)
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
	a := s.place(c.Slot)
	a.id = c.ID
	s.enlist(a, key, c)
	if c.Facility.IsZero() {
		return a
	}
	switch f := s.facilities[c.Facility]; {
	case f == nil:
		s.facilities[c.Facility] = &facility{first: a}
	case f.own == nil:
		f.own = new(account)
		s.enlist(f.own, "facility:"+c.Facility.String(), c)
		f.first.shared.Store(f.own)
		a.shared.Store(f.own)
	default:
		a.shared.Store(f.own)
	}
	return a
}

func (s *accounts) place(slot int) *account {
	if uint(slot) >= maxSlots {
		return new(account)
	}
	at := &s.chunks[slot/chunkSize]
	if at.Load() == nil {
		at.Store(new([chunkSize]account))
	}
	if a := &at.Load()[slot%chunkSize]; !a.ready.Load() {
		return a
	}
	return new(account)
}

func (s *accounts) enlist(a *account, key string, c *verify.Caller) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.open(key, c, maphash.String(s.seed, key))
	if h, ok := s.habits[key]; ok {
		a.usual, a.epochs = h.People, h.Epochs
		delete(s.habits, key)
	}
	s.byKey[key] = a
	s.born(a)
	a.ready.Store(true)
}

// member returns a staff member's account, nil when the table is full: then callers and facilities must do.
func (s *accounts) member(c *verify.Caller, staff verify.Subject) *account {
	shard := &s.staff[staff[0]%staffShards]
	shard.mu.RLock()
	a := shard.members[staff]
	shard.mu.RUnlock()
	if a != nil || s.crowd.Load() >= maxStaff {
		return a
	}
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if a = shard.members[staff]; a != nil {
		return a
	}
	a = new(account)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.open("staff:"+hex.EncodeToString(staff[:]), c, binary.LittleEndian.Uint64(staff[8:]))
	if shard.members == nil {
		shard.members = map[verify.Subject]*account{}
	}
	shard.members[staff] = a
	s.crowd.Add(1)
	s.born(a)
	a.ready.Store(true)
	return a
}

// all calls f with every account; the tables are not locked meanwhile.
func (s *accounts) all(f func(*account)) {
	s.mu.Lock()
	list := make([]*account, 0, len(s.byKey)+int(s.crowd.Load()))
	for _, a := range s.byKey {
		list = append(list, a)
	}
	s.mu.Unlock()
	for i := range s.staff {
		shard := &s.staff[i]
		shard.mu.RLock()
		for _, a := range shard.members {
			list = append(list, a)
		}
		shard.mu.RUnlock()
	}
	for _, a := range list {
		f(a)
	}
}

// find returns the account with a key, nil when nobody of that name has asked yet.
func (s *accounts) find(key string) *account {
	s.mu.Lock()
	a := s.byKey[key]
	s.mu.Unlock()
	if a != nil {
		return a
	}
	var staff verify.Subject
	name, ok := staffOf(key)
	if !ok || len(name) != 2*len(staff) {
		return nil
	}
	if _, err := hex.Decode(staff[:], []byte(name)); err != nil {
		return nil
	}
	shard := &s.staff[staff[0]%staffShards]
	shard.mu.RLock()
	defer shard.mu.RUnlock()
	return shard.members[staff]
}

// sweep lets staff members go who have not asked since the given monotonic time and are not stopped.
func (s *accounts) sweep(before int64) {
	for i := range s.staff {
		shard := &s.staff[i]
		shard.mu.Lock()
		for staff, a := range shard.members {
			if a.asked.Load() < before && Level(a.level.Load()) == Open {
				delete(shard.members, staff)
				s.crowd.Add(-1)
			}
		}
		shard.mu.Unlock()
	}
}

// usual returns what callers and facilities usually do; staff members come and go.
func (s *accounts) usual() []habit {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]habit, 0, len(s.byKey)+len(s.habits))
	for _, h := range s.habits {
		list = append(list, h)
	}
	for key, a := range s.byKey {
		a.mu.Lock()
		if a.epochs > 0 {
			list = append(list, habit{key, a.usual, a.epochs})
		}
		a.mu.Unlock()
	}
	return list
}
