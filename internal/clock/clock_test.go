package clock_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/verigate/verigate/internal/clock"
)

// TestSleepCounts walks through what a machine's two clocks can do; a step says by how much each moves on.
func TestSleepCounts(t *testing.T) {
	type step struct{ wall, mono, slept time.Duration }
	for _, c := range []struct {
		name  string
		steps []step
	}{
		{"awake", []step{{time.Second, time.Second, 0}, {time.Hour, time.Hour, 0}}},
		{"suspended for an hour", []step{{time.Second, time.Second, 0}, {time.Hour + time.Second, time.Second, time.Hour}, {time.Second, time.Second, time.Hour}}},
		{"twice", []step{{time.Hour, 0, time.Hour}, {time.Minute, 0, time.Hour + time.Minute}}},
		{"a clock that is kept right", []step{{time.Second + 100*time.Millisecond, time.Second, 0}, {time.Second - 100*time.Millisecond, time.Second, 0}}},
		{"a clock that drifts", []step{{time.Second + 200*time.Millisecond, time.Second, 0}, {time.Second + 200*time.Millisecond, time.Second, 400 * time.Millisecond}}},
		{"set back", []step{{-3 * time.Hour, time.Second, 0}, {time.Second, time.Second, 0}, {time.Hour, 0, time.Hour}}},
		{"set for the first time", []step{{56 * 365 * 24 * time.Hour, time.Second, 0}, {time.Second, time.Second, 0}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			wall, mono := time.Unix(1_700_000_000, 0), time.Duration(0)
			count := clock.Sleeps(wall)
			for i, s := range c.steps {
				wall, mono = wall.Add(s.wall), mono+s.mono
				if got := time.Duration(count(wall.UnixNano(), int64(mono))); got != s.slept {
					t.Fatalf("step %d: slept %s, want %s", i, got, s.slept)
				}
			}
		})
	}
}

// A goroutine that read the clocks before the machine slept and goes on afterwards must not undo what others found.
func TestAnOldReadingChangesNothing(t *testing.T) {
	wall := time.Unix(1_700_000_000, 0)
	count := clock.Sleeps(wall)
	at := func(wallAfter, monoAfter time.Duration) time.Duration {
		return time.Duration(count(wall.Add(wallAfter).UnixNano(), int64(monoAfter)))
	}
	at(time.Hour+time.Second, time.Second)
	at(500*time.Millisecond, 500*time.Millisecond)
	if got := at(time.Hour+2*time.Second, 2*time.Second); got != time.Hour {
		t.Errorf("slept %s, want 1h", got)
	}
}

func TestSystemFollowsABubble(t *testing.T) {
	before := clock.System()
	synctest.Test(t, func(t *testing.T) {
		a := clock.System()
		<-time.After(time.Hour)
		if passed := clock.System().Since(a); passed != time.Hour {
			t.Errorf("%s passed in the bubble, want 1h", passed)
		}
	})
	if passed := clock.System().Since(before); passed > time.Minute || passed < 0 {
		t.Errorf("%s passed outside", passed)
	}
}

func TestReadingAllocatesNothing(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { clock.System() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkSystem(b *testing.B) {
	for b.Loop() {
		clock.System()
	}
}
