package identity_test

import (
	"strings"
	"testing"

	"github.com/verigate/verigate/identity"
)

func BenchmarkParse(b *testing.B) {
	var p identity.Payload
	benchmarks := []struct {
		name  string
		raw   string
		parse func([]byte) identity.Fault
	}{
		{"id", "001080000000", func(raw []byte) identity.Fault { _, f := identity.ParseID(raw); return f }},
		{"card", "GD-4-01-00-000-00001", func(raw []byte) identity.Fault { _, f := identity.ParseCard(raw); return f }},
		{"dob", "1980-02-01", func(raw []byte) identity.Fault { _, f := identity.ParseDOB(raw, today); return f }},
		{"portal_dob", "01/02/1980", func(raw []byte) identity.Fault { _, f := identity.ParsePortalDOB(raw, today); return f }},
		{"name", sampleName, identity.CheckName},
		{"qr_chip", chipEleven, func(raw []byte) identity.Fault { return identity.ParseQR(raw, today, &p) }},
		{"qr_paper", paperLong, func(raw []byte) identity.Fault { return identity.ParseQR(raw, today, &p) }},
		{"qr_mangled", strings.ReplaceAll(paperLong, "|", "/"), func(raw []byte) identity.Fault { return identity.ParseQR(raw, today, &p) }},
	}
	for _, bb := range benchmarks {
		b.Run(bb.name, func(b *testing.B) {
			raw := []byte(bb.raw)
			b.ReportAllocs()
			for b.Loop() {
				if f := bb.parse(raw); f != identity.FaultNone {
					b.Fatal(f)
				}
			}
		})
	}
}
