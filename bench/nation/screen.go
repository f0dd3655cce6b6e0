//go:build linux

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"github.com/verigate/verigate/cache/prefilter"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

// processorTime is what this thread has had of a processor: waiting for one does not count.
func processorTime() time.Duration {
	var t unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t) // cannot fail for one's own thread
	return time.Duration(t.Nano())
}

// rounds is how often every identifier is asked about.
const rounds = 5

// screen asks about one identifier after the other, each somewhere else in the filter, so that nothing it needs is in
// the processor's caches.
func screen(_ context.Context, o *options, r *result) error {
	g, err := prefilter.Open(o.file("nation.vgf"), prefilter.Expect{})
	if err != nil {
		return err
	}
	var cfg prefilter.Config
	config.Defaults(&cfg)
	f := prefilter.New(cfg, prefilter.Deps{})
	f.Swap(g)
	_, version := f.Position()
	f.Resume(version)
	f.SetWatermark(version, time.Unix(1, 0), 0)

	dice := rand.New(rand.NewPCG(1, 2))
	keys := make([]identity.Key, 0, 1<<20)
	for len(keys) < cap(keys) { // men born in 1980 to 1989 in any province: some are somebody's
		n := (1+dice.Uint64N(96))*1_000_000_000 + (80+dice.Uint64N(10))*1_000_000 + dice.Uint64N(1_000_000)
		if k, ok := identity.UnpackKey(identity.KindID, n); ok {
			keys = append(keys, k)
		}
	}
	l := verify.Lookup{Now: verify.Instant{Mono: 1}, Keys: make([]identity.Key, 1), Held: make([]verify.Held, 1)}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	denied := 0
	for range rounds { // the best one counts: what else runs on the machine only makes it slower
		started := processorTime()
		denied = 0
		for _, k := range keys {
			l.Keys[0], l.Held[0] = k, verify.Held{}
			f.Screen(&l)
			if l.Held[0].State == verify.StateAbsent {
				denied++
			}
		}
		if took := float64(processorTime()-started) / float64(len(keys)); r.ScreenNanos == 0 || took < r.ScreenNanos {
			r.ScreenNanos = took
		}
	}
	runtime.ReadMemStats(&after)
	r.ScreenAllocs = float64(after.Mallocs-before.Mallocs) / float64(rounds*len(keys))
	if denied == 0 || denied == len(keys) {
		return fmt.Errorf("%d of %d made-up numbers are denied: this measures nothing", denied, len(keys))
	}
	return nil
}
