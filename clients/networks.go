package clients

import (
	"encoding/binary"
	"errors"
	"maps"
	"net/netip"
	"slices"
)

// familiar are the networks that accounts logged in from, as keyed hashes, by the hash of the account's name. It is what
// survives a restart of them and what nodes share.
type familiar map[uint64][]uint64

const (
	networksMagic = "vgn1"
	maxNetworks   = 8 // an account
	maxFamiliar   = 64 << 20
)

// encode writes the networks and their MAC.
func (f familiar) encode(s *Secrets) []byte {
	b := append(make([]byte, 0, 64*len(f)), networksMagic...)
	for _, name := range slices.Sorted(maps.Keys(f)) {
		b = binary.LittleEndian.AppendUint64(b, name)
		b = append(b, byte(len(f[name])))
		for _, n := range f[name] {
			b = binary.LittleEndian.AppendUint64(b, n)
		}
	}
	return s.sign(b)
}

// decodeFamiliar reads what encode wrote and refuses anything else.
func decodeFamiliar(s *Secrets, raw []byte) (familiar, error) {
	b, err := s.signed(raw, networksMagic, maxFamiliar)
	if err != nil {
		return nil, err
	}
	f := familiar{}
	for len(b) > 0 {
		if len(b) < 9 || b[8] > maxNetworks || len(b) < 9+8*int(b[8]) {
			return nil, errors.New("cut off in an account")
		}
		name, n := binary.LittleEndian.Uint64(b), int(b[8])
		b = b[9:]
		for range n {
			f[name] = append(f[name], binary.LittleEndian.Uint64(b))
			b = b[8:]
		}
	}
	return f, nil
}

// has tells whether everything in g is in f.
func (f familiar) has(g familiar) bool {
	for name, networks := range g {
		for _, n := range networks {
			if !slices.Contains(f[name], n) {
				return false
			}
		}
	}
	return true
}

// familiar collects what the accounts in force have learnt.
func (t *table) familiar() familiar {
	f := make(familiar, len(t.accounts))
	for name, a := range t.accounts {
		if networks := a.state.networks(); len(networks) > 0 {
			f[nameHash(name)] = networks
		}
	}
	return f
}

// adopt teaches the accounts in force what is known elsewhere, as far as they have room: what was learnt here stays.
func (t *table) adopt(f familiar) {
	if len(f) == 0 {
		return
	}
	for name, a := range t.accounts {
		for _, n := range f[nameHash(name)] {
			a.state.adopt(n)
		}
	}
}

func (s *accountState) networks() (out []uint64) {
	for i := range s.familiar {
		if n := s.familiar[i].Load(); n != 0 {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out
}

func (s *accountState) adopt(network uint64) {
	if s.knows(network) {
		return
	}
	for i := range s.familiar {
		if s.familiar[i].CompareAndSwap(0, network) {
			return
		}
	}
}

// network returns a keyed hash of the neighbourhood in which a client's address may change overnight: an IPv4 /24 or an
// IPv6 /48. It is never zero, which means "no network yet".
func (s *Secrets) network(addr netip.Addr) uint64 {
	prefix := prefixOf(addr, 24, 48)
	sum := s.networks.Sum(labelNetwork, prefix[:])
	return binary.LittleEndian.Uint64(sum[:]) | 1
}
