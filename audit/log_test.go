package audit_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/verigate/verigate/audit"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/internal/clock"
	"github.com/verigate/verigate/verify"
)

func settings(t testing.TB, change ...func(*audit.Config)) audit.Config {
	t.Helper()
	root := t.TempDir()
	cfg := audit.Config{Dir: filepath.Join(root, "audit"), Keys: filepath.Join(root, "keys")}
	if err := audit.EnsureKeys(cfg.Keys); err != nil {
		t.Fatal(err)
	}
	for _, c := range change {
		c(&cfg)
	}
	config.Defaults(&cfg)
	return cfg
}

func open(t testing.TB, cfg audit.Config) *audit.Log {
	t.Helper()
	l, err := audit.Open(cfg, audit.Deps{Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

var caller = &verify.Caller{ID: "clinic-01000", KeyID: "k3yid0ab", Kind: verify.CallerClinic, Facility: identity.Facility{'0', '1', '0', '0', '0'}}

func decision(n byte) verify.Decision {
	return verify.Decision{
		At: clock.System(), RequestID: verify.RequestID{1, 2, 3, n}, Caller: caller, Call: verify.CallLookup, Purpose: verify.PurposeTreatment,
		Kind: identity.KindID, Subject: verify.Subject{9, 8, n}, Outcome: verify.OutcomeMatch, Code: "000", Source: verify.SourceLocal, Version: 7,
	}
}

func BenchmarkRecord(b *testing.B) {
	for _, durability := range []string{"process", "disk"} {
		b.Run(durability, func(b *testing.B) {
			l := open(b, settings(b, func(c *audit.Config) { c.Durability = durability }))
			b.ReportAllocs()
			b.SetParallelism(32)
			b.RunParallel(func(p *testing.PB) {
				ds := []verify.Decision{decision(1)}
				for p.Next() {
					if err := l.Record(context.Background(), ds); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

func itoa(n int) string { return strconv.Itoa(n) }

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
