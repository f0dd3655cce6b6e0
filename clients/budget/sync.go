package budget

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/redis/go-redis/v9"
)

// Nodes tell each other what they counted by absolute numbers, each under its own name, so that a message lost or sent
// twice changes nothing and a Redis that lost everything is whole again after one round. One hash per account, one field
// per node and run of it; after a restart a node finds its own earlier counts as another node's.

// others are the other nodes' counts of an account in the window; people are those whom this node has not seen itself.
type others struct {
	people    int64
	n         [counted]int64
	now, then past // the same by epoch, for when they leave the window
}

// roll forgets what belongs to windows past; the next exchange brings what still counts.
func (o *others) roll(passed int64) {
	then := o.now
	if passed > 1 {
		then = past{}
	}
	*o = others{then: then}
}

const (
	wireVersion = 1
	wireCounts  = registers + 4*int(counted)
	wireSize    = 1 + 8 + 2*wireCounts
	maxNodes    = 256
	syncChunk   = 256 // accounts in one pipeline
)

// encode writes down an account's own counts; its lock is held.
func (a *account) encode() []byte {
	b := make([]byte, 0, wireSize)
	b = append(b, wireVersion)
	b = binary.LittleEndian.AppendUint64(b, uint64(a.epoch))
	for _, c := range [...]*counts{&a.now, &a.then} {
		b = append(b, c.people.reg[:]...)
		for s, n := range c.n {
			if signal(s) == people {
				n = math.Float32bits(float32(c.people.n))
			}
			b = binary.LittleEndian.AppendUint32(b, n)
		}
	}
	return b
}

var errWire = errors.New("counts from another node: not of this form")

// decode reads another node's counts.
func decode(text string) (epoch int64, now, then counts, err error) {
	b := []byte(text)
	if len(b) != wireSize || b[0] != wireVersion {
		return 0, now, then, errWire
	}
	epoch, b = int64(binary.LittleEndian.Uint64(b[1:])), b[9:]
	for _, c := range [...]*counts{&now, &then} {
		copy(c.people.reg[:], b)
		for i := range c.people.reg {
			c.people.reg[i] = min(c.people.reg[i], 58)
		}
		b = b[registers:]
		for s := range c.n {
			c.n[s] = min(binary.LittleEndian.Uint32(b), 1<<30)
			b = b[4:]
		}
	}
	return epoch, now, then, nil
}

// merge takes over what the other nodes say; the account's lock is held. It returns the fields that are of no use any
// more: runs that ended windows ago, and what cannot be read.
func (a *account) merge(fields map[string]string, self string) (gone []string) {
	o := others{}
	regs := [2][registers]uint8{a.now.people.reg, a.then.people.reg}
	own := [2]float64{estimate(&regs[0]), estimate(&regs[1])}
	for node, text := range fields {
		epoch, now, then, err := decode(text)
		if node == self {
			continue
		}
		if err != nil || epoch < a.epoch-1 || len(fields) > maxNodes {
			gone = append(gone, node)
			continue
		}
		pair := [2]*counts{&now, &then}
		if epoch == a.epoch-1 {
			pair = [2]*counts{{}, &now}
		}
		for i, c := range pair {
			union(&regs[i], &c.people.reg)
			for s := strangers; s < counted; s++ {
				o.n[s] += int64(c.n[s])
			}
			[...]*past{&o.now, &o.then}[i].strangers += float32(c.n[strangers])
		}
	}
	for i, p := range [...]*past{&o.now, &o.then} {
		more := max(0, estimate(&regs[i])-own[i])
		o.people += int64(more)
		p.people = float32(more)
	}
	a.others = o
	return gone
}

func (b *Budget) accountKey(key string) string { return b.deps.Prefix + "budget:{" + key + "}" }

func (b *Budget) holdsKey() string { return b.deps.Prefix + "budget:holds" }

// exchange is one round with Redis: this node's counts out, the others' in, then suspensions both ways. What could not
// be told stays to be told.
func (b *Budget) exchange(ctx context.Context) error {
	var dirty []*account
	now := b.deps.Clock().Mono
	b.accounts.all(func(a *account) {
		a.mu.Lock()
		if a.dirty || now < a.watched {
			dirty = append(dirty, a)
		}
		a.mu.Unlock()
	})
	if err := b.exchangeHolds(ctx); err != nil {
		return fmt.Errorf("exchanging suspensions: %w", err)
	}
	for len(dirty) > 0 {
		n := min(len(dirty), syncChunk)
		if err := b.exchangeCounts(ctx, dirty[:n]); err != nil {
			return fmt.Errorf("exchanging counts: %w", err)
		}
		dirty = dirty[n:]
	}
	b.synced.Store(b.deps.Clock().Mono)
	return nil
}

func (b *Budget) exchangeCounts(ctx context.Context, list []*account) error {
	p := b.deps.Redis.Pipeline()
	replies := make([]*redis.MapStringStringCmd, len(list))
	now := b.deps.Clock()
	for i, a := range list {
		a.mu.Lock()
		a.roll(b.at(now), &b.cfg)
		a.dirty = false
		value, key := a.encode(), b.accountKey(a.key)
		a.mu.Unlock()
		p.HSet(ctx, key, b.node, value)
		p.Expire(ctx, key, 2*b.cfg.Epoch.Std()+time.Hour)
		replies[i] = p.HGetAll(ctx, key)
	}
	_, failed := p.Exec(ctx) // each command carries its own error
	for i, a := range list {
		fields, err := replies[i].Result()
		a.mu.Lock()
		if err != nil {
			a.dirty = true
			a.mu.Unlock()
			continue
		}
		before := a.others.n
		gone := a.merge(fields, b.node)
		a.sum(&b.cfg)
		b.odd(now, a, risen(&before, &a.others.n)|1<<people)
		key := b.accountKey(a.key)
		a.mu.Unlock()
		if len(gone) > 0 {
			b.deps.Redis.HDel(ctx, key, gone...)
		}
	}
	return failed
}

// storeHold writes a hold unless Redis has one at least as new: version and suspension decide, as in hold.over.
var storeHold = redis.NewScript(`
local old = redis.call('HGET', KEYS[1], ARGV[1])
if old then
  local ok, o = pcall(cjson.decode, old)
  if ok and type(o) == 'table' and type(o.version) == 'number' then
    local v = tonumber(ARGV[3])
    if o.version > v or (o.version == v and (o.suspended or ARGV[4] == '0')) then return 0 end
  end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1`)

func (b *Budget) exchangeHolds(ctx context.Context) error {
	fields, err := b.deps.Redis.HGetAll(ctx, b.holdsKey()).Result()
	if err != nil {
		return err
	}
	known := make(map[string]hold, len(fields))
	for account, text := range fields {
		var h hold
		if json.Unmarshal([]byte(text), &h) == nil && h.Account == account && h.valid() {
			known[account] = h
			b.adopt(h)
		}
	}
	for _, h := range b.holds.all(b.deps.Clock().Wall) {
		if there, ok := known[h.Account]; ok && !h.over(there) {
			continue // Redis has it, or something newer that was just taken over
		}
		text, err := json.Marshal(h)
		if err != nil {
			return err
		}
		suspended := "0"
		if h.Suspended {
			suspended = "1"
		}
		if err := storeHold.Run(ctx, b.deps.Redis, []string{b.holdsKey()}, h.Account, text, h.Version, suspended).Err(); err != nil {
			return err
		}
	}
	return nil
}
