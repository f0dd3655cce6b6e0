package clients

import (
	"sync/atomic"

	"github.com/verigate/verigate/verify"
)

// places keeps what outlives a version of the directory: each caller's counters and each account's log-in history. A
// caller that is removed and comes back finds its counters as they were. Only the loader writes; requests read slots
// without a lock.
type places struct {
	blocks   atomic.Pointer[[]*block] // grows only; an index once given stays
	index    map[string]int           // caller id → index in slots
	accounts map[string]*accountState
}

// block is slots side by side: the few blocks stay in the processor's cache, so that finding a slot is arithmetic and
// only its own line comes from memory.
type block [blockSize]slot

const blockSize = 64

func newPlaces() *places {
	p := &places{index: map[string]int{}, accounts: map[string]*accountState{}}
	p.blocks.Store(new([]*block))
	return p
}

// slot returns the index of the caller's counters and makes them when the caller is new.
func (p *places) slot(id string) int {
	if i, ok := p.index[id]; ok {
		return i
	}
	i := len(p.index)
	if i%blockSize == 0 {
		// Appending to shared memory is safe: readers of the old slice never look past its length.
		blocks := append(*p.blocks.Load(), newBlock())
		p.blocks.Store(&blocks)
	}
	p.index[id] = i
	return i
}

func newBlock() *block {
	b := new(block)
	for i := range b {
		b[i].rule.Store(&unlimited)
	}
	return b
}

// unlimited is the rule of a slot until its caller is in force.
var unlimited rule

// at returns a caller's counters, or nil for a snapshot that does not come from this directory.
func (p *places) at(i int) *slot {
	blocks := *p.blocks.Load()
	if b := uint(i) / blockSize; b < uint(len(blocks)) {
		return &blocks[b][uint(i)%blockSize]
	}
	return nil
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
			p.at(i).status.Store(uint32(verify.RefusalKeyRevoked))
		}
	}
}
