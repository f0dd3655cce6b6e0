package local_test

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/verigate/verigate/cache/cachetest"
	"github.com/verigate/verigate/cache/local"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/verify"
)

// filled returns a cache that holds entries of 400 bytes, and their subjects.
func filled(b *testing.B, entries int) (*local.Cache, []verify.Subject) {
	b.Helper()
	c := open(b, config.ByteSize(entries)*700+1<<20, 1000)
	subjects := make([]verify.Subject, entries)
	record := make([]byte, 400)
	for i := range subjects {
		subjects[i] = cachetest.Subject(uint64(i))
		l := verify.Lookup{Subjects: subjects[i : i+1], Held: []verify.Held{{State: verify.StatePresent, Source: verify.SourceRegistry, Version: 1, Record: record}}}
		c.Remember(&l)
	}
	if n := c.Status().Entries; n < int64(entries)*99/100 {
		b.Fatalf("%d of %d entries are held", n, entries)
	}
	return c, subjects
}

func BenchmarkRecall(b *testing.B) {
	for name, entries := range map[string]int{"hot": 1000, "cold": 1_000_000} {
		b.Run(name, func(b *testing.B) {
			c, subjects := filled(b, entries)
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				r := rand.New(rand.NewPCG(1, rand.Uint64()))
				l := verify.Lookup{Subjects: make([]verify.Subject, 1), Held: make([]verify.Held, 1)}
				for pb.Next() {
					l.Subjects[0], l.Held[0] = subjects[r.IntN(entries)], verify.Held{}
					c.Recall(&l)
				}
			})
		})
	}
}

func BenchmarkRemember(b *testing.B) {
	c, subjects := filled(b, 1_000_000)
	record := make([]byte, 400)
	b.ReportAllocs()
	b.ResetTimer()
	var mu sync.Mutex
	version := uint64(2)
	b.RunParallel(func(pb *testing.PB) {
		mu.Lock()
		version++
		v := version
		mu.Unlock()
		r := rand.New(rand.NewPCG(1, v))
		l := verify.Lookup{Subjects: make([]verify.Subject, 1), Held: make([]verify.Held, 1)}
		for pb.Next() {
			v += 8
			l.Subjects[0] = subjects[r.IntN(len(subjects))]
			l.Held[0] = verify.Held{State: verify.StatePresent, Source: verify.SourceRegistry, Version: v, Record: record}
			c.Remember(&l)
		}
	})
}

// BenchmarkCollection is what one garbage collection costs while a million records are held.
func BenchmarkCollection(b *testing.B) {
	c, _ := filled(b, 1_000_000)
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.HeapInuse)/1e6, "heap-MB")
	b.ReportMetric(float64(m.HeapObjects), "objects")
	for b.Loop() {
		runtime.GC()
	}
	runtime.KeepAlive(c)
	b.ReportMetric(float64(b.Elapsed()/time.Duration(b.N))/1e6, "ms/GC")
}
