package clients

import (
	"crypto/subtle"
	"encoding/binary"
	"hash/maphash"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/verigate/verigate/internal/mac"
	"github.com/verigate/verigate/verify"
)

// How many wrong passwords are let through. One client (an account from one address) gets a burst for fat fingers and
// then one in six seconds. An account gets one in two seconds over all addresses it never logged in from, and an address
// five a second over all accounts that never logged in from it. The password of the portal has 6 to 10 characters:
// at one guess in two seconds, a list of the ten thousand commonest takes six hours, and the alarm is minutes old.
var (
	paceClient  = paceOf(6*time.Second, 10)
	paceAccount = paceOf(2*time.Second, 60)
	paceAddress = paceOf(200*time.Millisecond, 200)
)

// accountState is an account's log-in history; it outlives reloads.
type accountState struct {
	tat      atomic.Int64               // failures from unfamiliar networks
	familiar [maxNetworks]atomic.Uint64 // hashed networks it logged in from; the youngest first, roughly
	next     atomic.Uint32
}

func (s *accountState) knows(network uint64) bool {
	for i := range s.familiar {
		if s.familiar[i].Load() == network {
			return true
		}
	}
	return false
}

func (s *accountState) learn(network uint64) {
	if !s.knows(network) {
		s.familiar[s.next.Add(1)%uint32(len(s.familiar))].Store(network)
	}
}

// attempt is one log-in on its way.
type attempt struct {
	now      int64
	account  *account // nil: there is none
	state    *accountState
	familiar bool
	client   uint64 // account name and address
	address  uint64
	guess    uint64 // account name and password
	name     uint64
	network  uint64
}

// Login checks a portal account's password, given as the MD5 in hexadecimal of either case. Unknown account, wrong
// password and malformed input are all [verify.RefusalKeyUnknown]; only who has the right password learns that the
// account is revoked or suspended (a suspended account comes with its caller). Too many failures are
// [verify.RefusalRate], for existing and invented accounts alike.
//
// Nobody can lock a caller out: failures elsewhere do not count against an address range the account has logged in
// from before (or that its entry names), and repeating the same wrong password, as a misconfigured client does, counts
// only once. Login does not allocate, keeps nothing of its arguments and is safe for concurrent use.
func (d *Directory) Login(now verify.Instant, username, md5hex []byte, addr netip.Addr) (*verify.Caller, verify.Refusal) {
	if len(username) == 0 || len(username) > maxUsername || !isMD5(md5hex) {
		d.count.loginMalformed.Inc()
		return nil, verify.RefusalKeyUnknown
	}
	var buf [maxUsername]byte
	name := appendUpper(buf[:0], username)
	sum := d.secrets.Password(name, md5hex)
	a := d.attempt(now, name, sum, addr)
	if d.guesses.seen(a.guess) {
		d.count.loginRepeated.Inc()
		return nil, verify.RefusalKeyUnknown
	}
	if !d.takeAttempt(&a) {
		d.count.loginSlowed.Inc()
		return nil, verify.RefusalRate
	}
	var stored mac.Sum // of nobody, so that an invented account costs the same comparison
	if a.account != nil {
		stored = a.account.password
	}
	if subtle.ConstantTimeCompare(sum[:], stored[:]) != 1 || a.account == nil {
		d.guesses.remember(a.guess, now.Mono)
		d.count.loginWrong.Inc()
		return nil, verify.RefusalKeyUnknown
	}
	d.giveBack(&a)
	return d.loggedIn(a.account, a.network)
}

func (d *Directory) loggedIn(a *account, network uint64) (*verify.Caller, verify.Refusal) {
	if a.refusal == verify.RefusalKeyRevoked {
		d.count.loginRevoked.Inc()
		return nil, verify.RefusalKeyRevoked
	}
	a.state.learn(network)
	d.count.loginOK.Inc()
	return a.caller, a.refusal
}

func (d *Directory) attempt(now verify.Instant, name []byte, sum mac.Sum, addr netip.Addr) attempt {
	address := addressOf(d.seed, addr)
	n := maphash.Bytes(d.seed, name)
	a := attempt{
		now: now.Mono, account: d.table.Load().accounts[string(name)], address: address, name: n,
		network: d.secrets.network(addr), // for nobody's account too, so that it costs the same
		client:  mix(n, address), guess: mix(n, binary.LittleEndian.Uint64(sum[:])),
	}
	if a.account != nil {
		a.guess ^= uint64(a.account.epoch) << 32 // a new password may be one that was wrong before
		a.state = a.account.state
		a.familiar = a.state.knows(a.network) || contains(a.account.networks, addr)
	}
	return a
}

// takeAttempt asks the three counts in turn and leaves none charged when a later one refuses.
func (d *Directory) takeAttempt(a *attempt) bool {
	if d.unlimited {
		return true
	}
	if !d.failures.take(a.client, a.now, paceClient) {
		return false
	}
	if a.familiar {
		return true
	}
	if !d.failures.take(a.address, a.now, paceAddress) {
		d.failures.back(a.client, paceClient)
		return false
	}
	if !d.takeAccount(a) {
		d.failures.back(a.client, paceClient)
		d.failures.back(a.address, paceAddress)
		return false
	}
	return true
}

func (d *Directory) takeAccount(a *attempt) bool {
	if a.state != nil {
		return paceAccount.take(&a.state.tat, a.now)
	}
	return d.failures.take(a.name, a.now, paceAccount)
}

func (d *Directory) giveBack(a *attempt) {
	if d.unlimited {
		return
	}
	d.failures.back(a.client, paceClient)
	if !a.familiar {
		d.failures.back(a.address, paceAddress)
		paceAccount.back(&a.state.tat)
	}
}

// addressOf hashes what one client is likely to have to itself: an IPv4 address or an IPv6 /64.
func addressOf(seed maphash.Seed, addr netip.Addr) uint64 {
	return maphash.Comparable(seed, prefixOf(addr, 32, 64))
}

// prefixOf returns the first bits of an address, and how many they are; all zero for no address at all, as behind a unix
// socket.
func prefixOf(addr netip.Addr, v4, v6 int) (out [17]byte) {
	addr = addr.Unmap()
	bits := v6
	if addr.Is4() {
		bits = v4
	}
	p, err := addr.Prefix(bits)
	if err != nil {
		return out
	}
	b := p.Addr().As16()
	copy(out[:], b[:])
	out[16] = byte(bits)
	return out
}

func contains(networks []netip.Prefix, addr netip.Addr) bool {
	for _, p := range networks {
		if p.Contains(addr.Unmap()) {
			return true
		}
	}
	return false
}

// mix joins two hashes into one that depends on their order.
func mix(a, b uint64) uint64 { return (a*0x9e3779b97f4a7c15 ^ b) * 0xbf58476d1ce4e5b9 }

func isMD5(hex []byte) bool {
	for _, c := range hex {
		if c = upper(c); !isDigit(c) && (c < 'A' || c > 'F') {
			return false
		}
	}
	return len(hex) == md5HexLen
}

func appendUpper(dst, src []byte) []byte {
	for _, c := range src {
		dst = append(dst, upper(c))
	}
	return dst
}
