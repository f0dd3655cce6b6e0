package local_test

import (
	"bytes"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/verigate/verigate/cache/cachetest"
	"github.com/verigate/verigate/cache/local"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/internal/clock"
	"github.com/verigate/verigate/verify"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const keep = config.Duration(4 * time.Hour)

func open(t testing.TB, size config.ByteSize, tombstones int) *local.Cache {
	t.Helper()
	c, err := local.New(local.Config{Size: size, Tombstones: tombstones}, local.Deps{Keep: keep})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// store is a local cache under the contract; it has no background.
type store struct{ *local.Cache }

func (s store) Invalidate(subjects []verify.Subject, version uint64) {
	s.Cache.Invalidate(s.Now(), subjects, version)
}
func (store) Settle()             {}
func (store) Now() verify.Instant { return clock.System() }

func TestContract(t *testing.T) {
	cachetest.Contract(t, func(t *testing.T) cachetest.Store { return store{open(t, 4<<20, 1000)} })
}

func lookup(now int64, subjects ...uint64) *verify.Lookup {
	l := &verify.Lookup{Now: verify.Instant{Mono: now}, Keys: make([]identity.Key, len(subjects)), Held: make([]verify.Held, len(subjects))}
	for _, n := range subjects {
		l.Subjects = append(l.Subjects, cachetest.Subject(n))
	}
	return l
}

func fill(c *local.Cache, n uint64, batch bool) {
	l := lookup(1, n)
	l.Batch = batch
	l.Held[0] = verify.Held{State: verify.StatePresent, Source: verify.SourceRegistry, Version: 1, Learned: 1, Record: cachetest.Record(n, 1, 400)}
	c.Remember(l)
}

func known(c *local.Cache, n uint64, batch bool) bool {
	l := lookup(1, n)
	l.Batch = batch
	c.Recall(l)
	return l.Held[0].State == verify.StatePresent && bytes.Equal(l.Held[0].Record, cachetest.Record(n, 1, 400))
}

func TestMemoryStaysWithinItsBound(t *testing.T) {
	c := open(t, 4<<20, 1000)
	for n := range uint64(100_000) { // 46 MB
		fill(c, n, false)
	}
	st := c.Status()
	if st.Bytes > st.Size || st.Size > 4<<20 || st.Bytes < st.Size*8/10 {
		t.Errorf("%d bytes are held of %d", st.Bytes, st.Size)
	}
	if st.Entries*456 > st.Bytes {
		t.Errorf("%d entries in %d bytes", st.Entries, st.Bytes)
	}
}

// found counts how many of the subjects are still known.
func found(c *local.Cache, from, to uint64, batch bool) (n int) {
	for i := from; i < to; i++ {
		if known(c, i, batch) {
			n++
		}
	}
	return n
}

func TestBulkWorkDisplacesNothing(t *testing.T) {
	c := open(t, 4<<20, 1000) // room for about 9000
	const patients, rows = 5000, 50_000
	for n := range uint64(patients) {
		fill(c, n, false)
		known(c, n, false)
	}
	for n := range uint64(rows) {
		known(c, 1_000_000+n, true)
		fill(c, 1_000_000+n, true)
	}
	if got := found(c, 0, patients, true); got != patients {
		t.Errorf("%d of %d are left after bulk work", got, patients)
	}
}

// clinicHits lets clinics ask about patients who come again and again, some more often than others, with so many rows of
// bulk work between two of their questions, and returns the share of the clinics' questions that memory answers.
func clinicHits(c *local.Cache, rowsBetween int) float64 {
	const patients, questions = 10_000, 20_000
	r := rand.New(rand.NewPCG(7, 7))
	who := rand.NewZipf(r, 1.1, 8, patients-1)
	hits, row := 0, uint64(1_000_000)
	for q := range questions {
		for range rowsBetween {
			if row++; !known(c, row, true) {
				fill(c, row, true)
			}
		}
		if p := who.Uint64(); !known(c, p, false) {
			fill(c, p, false)
		} else if q >= questions/2 { // once it is warm
			hits++
		}
	}
	return float64(hits) / (questions / 2)
}

// A national file that runs through beside the clinics costs them nothing to speak of.
func TestBulkWorkLeavesClinicsTheirHits(t *testing.T) {
	alone := clinicHits(open(t, 2<<20, 1000), 0)
	beside := clinicHits(open(t, 2<<20, 1000), 4)
	t.Logf("of the clinics' questions %.2f %% are answered from memory, %.2f %% with four rows of bulk work to each", 100*alone, 100*beside)
	if beside < alone-0.01 || alone < 0.5 {
		t.Errorf("%.4f of the clinics' questions are answered from memory, %.4f beside bulk work", alone, beside)
	}
}

func TestOneOffQuestionsDoNotSweepOutPatients(t *testing.T) {
	c := open(t, 4<<20, 1000) // room for about 9000
	const patients = 5000
	r := rand.New(rand.NewPCG(1, 1))
	for n := range uint64(patients) {
		fill(c, n, false)
	}
	for n := range uint64(40_000) { // somebody asks about each number once
		fill(c, 1_000_000+n, false)
		if p := r.Uint64N(patients); !known(c, p, false) {
			fill(c, p, false)
		}
	}
	if got := found(c, 0, patients, true); got < patients*95/100 {
		t.Errorf("%d of %d patients are left after a scan", got, patients)
	}
}

func TestTooLargeIsNotKept(t *testing.T) {
	c := open(t, 1<<20, 1000)
	l := lookup(1, 1)
	l.Held[0] = verify.Held{State: verify.StatePresent, Source: verify.SourceRegistry, Version: 1, Record: make([]byte, 1<<19)}
	c.Remember(l)
	if st := c.Status(); st.Entries != 0 || st.TooLarge != 1 {
		t.Errorf("status is %+v", st)
	}
}

func TestRecordsOfEverySizeGoThrough(t *testing.T) {
	c := open(t, 1<<20, 1000)
	r := rand.New(rand.NewPCG(3, 4))
	sizes := make(map[uint64]int)
	for i := range 60_000 {
		n := r.Uint64N(3000)
		size := r.IntN(2000)
		if r.IntN(50) == 0 {
			size = r.IntN(50_000)
		}
		version := uint64(i + 1)
		l := lookup(1, n)
		l.Batch = r.IntN(4) == 0
		l.Held[0] = verify.Held{State: verify.StatePresent, Source: verify.SourceRegistry, Version: version, Learned: 1, Record: cachetest.Record(n, version, size)}
		c.Remember(l)
		sizes[n] = size
		m := r.Uint64N(3000)
		l = lookup(1, m)
		l.Batch = r.IntN(4) == 0
		c.Recall(l)
		if h := l.Held[0]; h.State != verify.StateUnknown && (len(h.Record) != sizes[m] || !bytes.Equal(h.Record, cachetest.Record(m, h.Version, len(h.Record)))) {
			t.Fatalf("step %d: subject %d came back with %d bytes, want %d", i, m, len(h.Record), sizes[m])
		}
	}
	if st := c.Status(); st.Bytes > st.Size || st.Evictions == 0 {
		t.Errorf("status is %+v", st)
	}
}

// A change that is no longer remembered makes everything learned before it suspect.
func TestTombstonesThatHadToGo(t *testing.T) {
	c := open(t, 1<<20, 1000)
	learn := func(n uint64, learned int64) bool {
		l := lookup(learned, n)
		l.Held[0] = verify.Held{State: verify.StatePresent, Source: verify.SourceShared, Version: 5, Learned: learned, Record: []byte("x")}
		c.Remember(l)
		return l.Held[0].State == verify.StatePresent && known5(c, n)
	}
	for n := range uint64(1000) {
		c.Invalidate(verify.Instant{Mono: 10 + int64(n)}, []verify.Subject{cachetest.Subject(n)}, 6)
	}
	if !learn(2000, 5) {
		t.Error("something learned early is refused although every change is remembered")
	}
	c.Invalidate(verify.Instant{Mono: 5000}, []verify.Subject{cachetest.Subject(5000)}, 6)
	if learn(0, 9) || learn(2001, 9) {
		t.Error("something learned before a forgotten change is kept")
	}
	if !learn(0, 10) || !learn(2002, 10) {
		t.Error("something learned after the forgotten change is refused")
	}
	if learn(1, 10_000) {
		t.Error("a change that is still remembered is ignored")
	}
	c.Invalidate(verify.Instant{Mono: 6000 + int64(keep)}, []verify.Subject{cachetest.Subject(6000)}, 6)
	if got := c.Status().Tombstones; got != 1 || learn(2003, 9) || !learn(2004, 11) {
		t.Errorf("%d tombstones are left after their time", got)
	}
}

// A registry that was restored, or replaced, counts anew: what is learned from it counts, whatever was known before.
func TestVersionsOfAnotherHistoryAreNotCompared(t *testing.T) {
	const broke = 1000
	type step struct {
		learned int64 // 0: a change is delivered, at the time
		at      int64
		version uint64
		want    uint64 // version that is held afterwards; 0: nothing
	}
	for _, c := range []struct {
		name  string
		steps []step
	}{
		{"a lower version counts", []step{{10, 10, 90, 90}, {1010, 1010, 50, 50}, {1020, 1020, 51, 51}}},
		{"and so does the order of its own history", []step{{10, 10, 90, 90}, {1010, 1010, 50, 50}, {1020, 1020, 49, 50}}},
		{"a late answer of before does not", []step{{10, 10, 90, 90}, {1010, 1010, 50, 50}, {990, 1030, 95, 50}}},
		{"a late answer of before may replace one of before", []step{{10, 10, 90, 90}, {990, 1030, 95, 95}, {1040, 1040, 50, 50}}},
		{"a tombstone of before forbids nothing learned after", []step{{0, 10, 90, 0}, {1010, 1010, 50, 50}}},
		{"but what was learned before", []step{{0, 10, 90, 0}, {20, 1010, 50, 0}}},
		{"a change after forgets what was known before", []step{{10, 10, 90, 90}, {0, 1010, 50, 0}}},
		{"and forbids it", []step{{0, 1010, 50, 0}, {20, 1020, 90, 0}, {1015, 1020, 49, 0}, {1030, 1030, 50, 50}}},
		{"also where another change was before", []step{{0, 10, 90, 0}, {0, 1010, 50, 0}, {1020, 1020, 49, 0}, {1030, 1030, 50, 50}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cache, begun := open(t, 1<<20, 1000), false
			for i, s := range c.steps {
				if s.at >= broke && !begun {
					cache.Anew(verify.Instant{Mono: broke})
					begun = true
				}
				l := lookup(s.at, 1)
				if s.learned == 0 {
					cache.Invalidate(l.Now, l.Subjects, s.version)
				} else {
					l.Held[0] = verify.Held{State: verify.StatePresent, Source: verify.SourceRegistry, Version: s.version, Learned: s.learned, Record: []byte("x")}
					cache.Remember(l)
				}
				if h, _ := cache.Peek(&l.Subjects[0]); h.Version != s.want {
					t.Fatalf("step %d: version %d is held, want %d", i, h.Version, s.want)
				}
			}
		})
	}
}

func known5(c *local.Cache, n uint64) bool {
	h, ok := c.Peek(&lookup(1, n).Subjects[0])
	return ok && h.Version == 5
}

func TestOutdatedFromTheSharedCacheIsTakenBack(t *testing.T) {
	c := open(t, 1<<20, 1000)
	c.Invalidate(verify.Instant{Mono: 1}, []verify.Subject{cachetest.Subject(1)}, 6)
	for _, source := range []verify.Source{verify.SourceShared, verify.SourceRegistry} {
		l := lookup(2, 1)
		l.Held[0] = verify.Held{State: verify.StatePresent, Source: source, Version: 5, Record: []byte("x")}
		c.Remember(l)
		if back := l.Held[0].State == verify.StateUnknown; back != (source == verify.SourceShared) {
			t.Errorf("from %s: taken out of the lookup is %v", source, back)
		}
	}
}

func TestRaceOfEverything(t *testing.T) {
	c := open(t, 1<<20, 1000)
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 9))
			l := lookup(1, 0)
			for range 20_000 {
				n := r.Uint64N(5000)
				l.Subjects[0], l.Held[0] = cachetest.Subject(n), verify.Held{}
				switch r.IntN(10) {
				case 0:
					c.Invalidate(l.Now, l.Subjects, 1)
				case 1, 2, 3:
					fill(c, n, w == 0)
				case 4:
					c.Status()
				default:
					if c.Recall(l); l.Held[0].State == verify.StatePresent && !bytes.Equal(l.Held[0].Record, cachetest.Record(n, 1, 400)) {
						t.Error("somebody else's record")
						return
					}
				}
			}
		})
	}
	wg.Wait()
}
