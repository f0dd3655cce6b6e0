//go:build !race

package resolve_test

import (
	"context"
	"testing"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/resolve"
	"github.com/verigate/verigate/verify"
)

type discard struct{}

func (discard) Record(context.Context, []verify.Decision) error { return nil }

func TestAHotLookupDoesNotAllocate(t *testing.T) {
	held := present(t, identity.Date{})
	r := resolve.New(resolve.Deps{Hasher: hasher, Policy: builtIn{}, Recorder: discard{}, Asker: step(func(*verify.Lookup) {}),
		Recaller: step(func(l *verify.Lookup) { l.Held[0] = held })})
	ctx := context.Background()
	query := newBatch(verify.CallLookup, 1).Items[0].Query
	caller := clinic()
	b := new(resolve.Batch)
	if n := testing.AllocsPerRun(1000, func() {
		b.Reset()
		b.Caller, b.Call, b.Purpose = caller, verify.CallLookup, verify.PurposeTreatment
		b.Add().Query = query
		r.Resolve(ctx, b)
	}); n != 0 {
		t.Errorf("%v allocations per lookup", n)
	}
	if b.Items[0].Answer.Outcome != verify.OutcomeMatch {
		t.Errorf("outcome %v", b.Items[0].Answer.Outcome)
	}
}

func BenchmarkResolveHot(b *testing.B) {
	held := present(b, identity.Date{})
	r := resolve.New(resolve.Deps{Hasher: hasher, Policy: builtIn{}, Recorder: discard{}, Asker: step(func(*verify.Lookup) {}),
		Recaller: step(func(l *verify.Lookup) { l.Held[0] = held })})
	ctx := context.Background()
	query := newBatch(verify.CallLookup, 1).Items[0].Query
	batch := new(resolve.Batch)
	caller := clinic()
	b.ReportAllocs()
	for b.Loop() {
		batch.Reset()
		batch.Caller, batch.Call, batch.Purpose = caller, verify.CallLookup, verify.PurposeTreatment
		batch.Add().Query = query
		r.Resolve(ctx, batch)
	}
}
