package audit_test

import (
	"context"
	"testing"

	"github.com/verigate/verigate/audit"
	"github.com/verigate/verigate/verify"
)

func mustVerify(t testing.TB, cfg audit.VerifyConfig) *audit.Report {
	t.Helper()
	r, err := audit.Verify(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestVerifySound(t *testing.T) {
	cfg := settings(t, func(c *audit.Config) { c.SegmentSize = 1 << 20 })
	for run := range 3 {
		l := open(t, cfg)
		for i := range 10_000 {
			if err := l.Record(context.Background(), []verify.Decision{decision(byte(i))}); err != nil {
				t.Fatal(err)
			}
		}
		r := mustVerify(t, audit.VerifyConfig{Dir: cfg.Dir})
		if !r.Sound() || r.Decisions != uint64(10_000*(run+1)) {
			t.Errorf("while it is written: %+v", r)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		r = mustVerify(t, audit.VerifyConfig{Dir: cfg.Dir})
		if !r.Sound() || len(r.Notes) > 0 || r.Decisions != uint64(10_000*(run+1)) {
			t.Errorf("after closing: %+v", r)
		}
	}
}
