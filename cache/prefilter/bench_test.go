package prefilter_test

import (
	"flag"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/verigate/verigate/cache/prefilter"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

// people sizes the benchmarks: -prefilter.people 98700000 is the nation, and needs about 3 GB for one kind.
var people = flag.Uint64("prefilter.people", 1_000_000, "people in the prefilter benchmarks")

// oneKind is a nation's ID numbers, already rendered, so that a benchmark measures reading and not rendering.
func oneKind() (*stand, prefilter.BuildConfig) {
	return newStand(*people), prefilter.BuildConfig{Kinds: []identity.Kind{identity.KindID}}
}

func BenchmarkScreen(b *testing.B) {
	s, cfg := oneKind()
	g, err := prefilter.Build(b.Context(), s, cfg, nil)
	if err != nil {
		b.Fatal(err)
	}
	f := live(b, g)
	for name, off := range map[string]uint64{"maybe": 0, "no": 1} {
		b.Run(name, func(b *testing.B) {
			keys := make([]identity.Key, 1<<16) // random places: every test is a cold one once the filter is larger than the caches
			for i := range keys {
				keys[i] = key(b, identity.KindID, s.keys[identity.KindID](rand.Uint64N(*people))+off)
			}
			l := verify.Lookup{Now: verify.Instant{Mono: 1}, Keys: make([]identity.Key, 1), Held: make([]verify.Held, 1)}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				l.Keys[0], l.Held[0] = keys[i&(len(keys)-1)], verify.Held{}
				f.Screen(&l)
			}
		})
	}
}

func BenchmarkBuild(b *testing.B) {
	s, cfg := oneKind()
	s.rendered = true
	for b.Loop() {
		if _, err := prefilter.Build(b.Context(), s, cfg, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(*people), "ns/key")
}

func BenchmarkOpen(b *testing.B) {
	s, cfg := oneKind()
	g, err := prefilter.Build(b.Context(), s, cfg, nil)
	if err != nil {
		b.Fatal(err)
	}
	path := filepath.Join(b.TempDir(), "f")
	if err := g.Save(path); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(g.Info().Bytes))
	for b.Loop() {
		if _, err := prefilter.Open(path, prefilter.Expect{}); err != nil {
			b.Fatal(err)
		}
	}
}
