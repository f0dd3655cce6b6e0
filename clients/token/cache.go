package token

import (
	"hash/maphash"
	"sync/atomic"

	"github.com/verigate/verigate/verify"
)

// entry is a token whose signature was checked. It is immutable: what changes is the entry in a place.
type entry struct {
	hash   uint64
	text   string         // the whole token: nothing else may be found under its name
	caller *verify.Caller // as it is for this token
	epoch  uint64         // of the directory that caller is from
	until  int64          // Mono from which caller is to be looked up anew
	bound  bool
	cert   verify.Digest // of the certificate it is bound to

	expires    int64 // Mono
	callerID   string
	credential string
	kid        string
	scopes     verify.Scope
	purpose    verify.Purpose
}

// ways is how many entries share a place in the cache: a token can only push out its three neighbours.
const ways = 4

// cache is a fixed number of entries, found by a hash that nobody outside can compute and then by the whole token, so
// that nothing but the token itself finds its entry, and a text that is only like it is never compared with it. Reads
// take no lock; of two writes at the same moment one may be lost, which costs a signature check.
type cache struct {
	seed   maphash.Seed
	places []atomic.Pointer[entry]
	mask   uint64
}

func newCache(n int) *cache {
	sets := uint64(1)
	for sets*ways < uint64(n) {
		sets *= 2
	}
	return &cache{seed: maphash.MakeSeed(), places: make([]atomic.Pointer[entry], sets*ways), mask: sets - 1}
}

func (c *cache) set(hash uint64) []atomic.Pointer[entry] {
	i := (hash & c.mask) * ways
	return c.places[i : i+ways]
}

// find returns the token's entry, or nil, and the token's hash.
func (c *cache) find(text []byte) (*entry, uint64) {
	hash := maphash.Bytes(c.seed, text)
	set := c.set(hash)
	for i := range set {
		if e := set[i].Load(); e != nil && e.hash == hash && e.text == string(text) {
			return e, hash
		}
	}
	return nil, hash
}

// put keeps e in the place of its former self, an empty place, or that of the token that ends first.
func (c *cache) put(e *entry) {
	set := c.set(e.hash)
	best, first := 0, int64(1<<63-1)
	for i := range set {
		old := set[i].Load()
		if old == nil || old.hash == e.hash && old.text == e.text {
			best = i
			break
		}
		if old.expires < first {
			best, first = i, old.expires
		}
	}
	set[best].Store(e)
}

// drop forgets a token that is refused.
func (c *cache) drop(e *entry) {
	set := c.set(e.hash)
	for i := range set {
		set[i].CompareAndSwap(e, nil)
	}
}

func (c *cache) size() (n int) {
	for i := range c.places {
		if c.places[i].Load() != nil {
			n++
		}
	}
	return n
}
