package budget

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"sync/atomic"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

// fleet is what all callers together ask without knowledge: who spreads a harvest over many credentials still walks
// through the same numbers, or claims the same person to be everybody. Fixed tables of counters without locks; two keys
// that share a counter add up, which the thresholds have room for.
type fleet struct {
	seed    maphash.Seed
	ranges  []atomic.Uint32 // by a thousand neighbouring numbers
	buckets []atomic.Uint32 // by what the number's first digits tell
	claims  []atomic.Uint32 // by claimed name and birth date
	probes  []atomic.Uint64 // by subject: which claims were tried
	total   atomic.Uint64   // questions without knowledge, below the epoch they are of
}

// Thresholds of the fleet, above which a question is joint: how often in a table's cell one caller follows another. On a
// working day of 1.5 million look-ups about 30,000 miss, the most in one bucket about twenty.
const (
	rangeMany   = 8
	bucketMany  = 60
	bucketShare = 300 // a bucket may also hold the 300th part of everything
	claimsMany  = 6
	probesFree  = 5
	tableSize   = 1 << 17
	epochInCell = 8 // bits of the epoch in a counter
	cellCount   = 1<<(32-epochInCell) - 1
	neighbours  = 1000
)

func newFleet() *fleet {
	return &fleet{
		seed: maphash.MakeSeed(), ranges: make([]atomic.Uint32, tableSize), buckets: make([]atomic.Uint32, tableSize),
		claims: make([]atomic.Uint32, tableSize), probes: make([]atomic.Uint64, tableSize),
	}
}

// A counter holds the epoch it counts in, a part of who asked last, and how often the asker changed: what one caller
// does alone is its own account's business, and a maternity ward's numbers are neighbours.
func bump(cell *atomic.Uint32, epoch int64, asker uint64) uint32 {
	const most = 1<<16 - 1
	tag, who := uint32(epoch)&0xff<<24, uint32(asker>>56)<<16
	for {
		old := cell.Load()
		n := uint32(0)
		if old&(0xff<<24) == tag {
			if n = old & most; n > 0 && old&(0xff<<16) == who || n == most {
				return n
			}
		}
		if cell.CompareAndSwap(old, tag|who|(n+1)) {
			return n + 1
		}
	}
}

// all counts every question without knowledge, whoever asks.
func (f *fleet) all(epoch int64) uint32 {
	for {
		old := f.total.Load()
		next := uint64(epoch)<<32 | 1
		if old>>32 == uint64(uint32(epoch)) {
			next = old + 1
		}
		if f.total.CompareAndSwap(old, next) {
			return uint32(next)
		}
	}
}

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^0x9e3779b97f4a7c15, b^0xd6e8feb86659fd93)
	return hi ^ lo
}

// trace is where a number lies: in its kind, among its neighbours and in its bucket.
type trace struct {
	number uint64
	bucket uint64
}

// What is left of a number without its bucket. An ID number's first six digits tell province, century, sex and year of
// birth, the others are dealt at random. A code's tell only the province, which is no bucket, because a clinic's patients
// come from its own: there a bucket is a hundred thousand neighbours.
const (
	inBucketOfID   = 1_000_000
	inBucketOfCode = 100_000
)

func traceOf(k identity.Key) trace {
	var buf [identity.MaxKeyLen]byte
	var number, letters uint64
	for _, c := range k.AppendTo(buf[:0]) {
		if c >= '0' && c <= '9' {
			number = number*10 + uint64(c-'0')
		} else {
			letters = letters<<8 | uint64(c)
		}
	}
	kind := uint64(k.Kind())
	t := trace{number: number | kind<<56}
	if k.Kind() == identity.KindID {
		t.bucket = mix(number/inBucketOfID, kind)
	} else {
		t.bucket = mix(number/inBucketOfCode, kind^letters<<8)
	}
	return t
}

// joins counts a question without knowledge and reports whether it fits into what others are asking.
func (f *fleet) joins(q *verify.Query, t trace, epoch int64, asker uint64) bool {
	total := f.all(epoch)
	inRange := bump(&f.ranges[mix(t.number/neighbours, 1)%tableSize], epoch, asker)
	inBucket := bump(&f.buckets[t.bucket%tableSize], epoch, asker)
	found := inRange > rangeMany || inBucket > bucketMany+total/bucketShare
	if len(q.Claims.Name) > 0 {
		alike := bump(&f.claims[f.claimed(q)%tableSize], epoch, asker)
		found = found || alike > claimsMany
	}
	return found
}

// claimed hashes who the asker says the person is.
func (f *fleet) claimed(q *verify.Query) uint64 {
	c := &q.Claims
	d := uint64(c.DOB.Year)<<16 | uint64(c.DOB.Month)<<8 | uint64(c.DOB.Day)
	return mix(maphash.Bytes(f.seed, c.Name), d)
}

// probed notes the claims of a question that disagreed and returns by how much they are more than anybody mistypes: by
// whomever of the fleet, because who tries names on one person may do so from several desks. Thirty-two marks stand for
// the claims tried; when half of them are set, every further question counts, and twice.
func (f *fleet) probed(q *verify.Query, s *verify.Subject, epoch int64) uint32 {
	c := &q.Claims
	more := uint64(c.Sex)
	for _, b := range c.Facility {
		more = more<<8 | uint64(b)
	}
	bit := uint64(1) << (mix(f.claimed(q), more) >> 59)
	who := binary.LittleEndian.Uint64(s[:8])
	cell := &f.probes[who%tableSize]
	tag := who>>40<<40 | uint64(epoch)&0xff<<32
	for {
		old := cell.Load()
		tried := uint64(0)
		if old>>32<<32 == tag {
			tried = old & 0xffffffff
		}
		switch n := bits.OnesCount64(tried); {
		case n >= 16:
			return 2
		case tried&bit != 0:
			return 0
		case cell.CompareAndSwap(old, tag|tried|bit):
			if n < probesFree {
				return 0
			}
			return 1
		}
	}
}
