package clients

import (
	"sync/atomic"

	"github.com/verigate/verigate/verify"
)

// places keeps what outlives a version of the directory: each caller's counters and each account's log-in history. A
// caller that is removed and comes back finds its counters as they were. Only the loader writes; requests read slots
// without a lock.
type places struct {
	slots    atomic.Pointer[[]*slot] // grows only; an index once given stays
	index    map[string]int          // caller id → index in slots
	accounts map[string]*accountState
}

func newPlaces() *places {
	p := &places{index: map[string]int{}, accounts: map[string]*accountState{}}
	p.slots.Store(new([]*slot))
	return p
}

// slot returns the index of the caller's counters and makes them when the caller is new.
func (p *places) slot(id string) int {
	if i, ok := p.index[id]; ok {
		return i
	}
	// Appending to shared memory is safe: readers of the old slice never look past its length.
	slots := append(*p.slots.Load(), newSlot())
	p.slots.Store(&slots)
	p.index[id] = len(slots) - 1
	return len(slots) - 1
}

func newSlot() *slot {
	s := new(slot)
	s.rule.Store(new(rule))
	return s
}

// at returns a caller's counters, or nil for a snapshot that does not come from this directory.
func (p *places) at(i int) *slot {
	slots := *p.slots.Load()
	if i < 0 || i >= len(slots) {
		return nil
	}
	return slots[i]
}

func (p *places) account(name string) *accountState {
	s := p.accounts[name]
	if s == nil {
		s = new(accountState)
		p.accounts[name] = s
	}
	return s
}

// retire refuses what is still under way of callers that are no longer in the directory.
func (p *places) retire(t *table) {
	for id, i := range p.index {
		if t.callers[id] == nil {
			(*p.slots.Load())[i].status.Store(uint32(verify.RefusalKeyRevoked))
		}
	}
}
