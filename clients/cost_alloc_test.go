//go:build !race

package clients_test

import (
	"runtime"
	"testing"

	"github.com/verigate/verigate/verify"
)

// TestRightsDoNotAllocate: credential, limits, policy and budget together, once everybody has asked before.
func TestRightsDoNotAllocate(t *testing.T) {
	r := newRights(t)
	i := 0
	for range r.asks {
		r.request(i, asTheyCome)
		i++
	}
	if n := testing.AllocsPerRun(5000, func() {
		if refusal := r.request(i, asTheyCome); refusal != verify.RefusalNone {
			t.Fatal(refusal.Code())
		}
		i++
	}); n != 0 {
		t.Errorf("%v allocations a request", n)
	}
}

// TestMemoryOfEverybody holds the figure of docs/callers.md: what 13,000 callers with a key and an account each take.
func TestMemoryOfEverybody(t *testing.T) {
	before := heapInUse()
	d, keys := thousands(t, everybody)
	each := (heapInUse() - before) / everybody
	t.Logf("%d bytes a caller, %.1f MiB together", each, float64(each*everybody)/(1<<20))
	if each > 6000 {
		t.Errorf("%d bytes a caller", each)
	}
	if d.Status().Callers != everybody {
		t.Errorf("%d callers", d.Status().Callers)
	}
	runtime.KeepAlive(d)
	runtime.KeepAlive(keys)
}

func heapInUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
