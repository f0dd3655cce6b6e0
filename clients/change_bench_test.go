package clients_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/verigate/verigate/cache/cachetest"
	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/internal/redisconn"
)

// country is a directory of 13,000 callers, with a key, an account and two officers each.
func country(tb testing.TB, s *clients.Secrets) *clients.File {
	tb.Helper()
	f := new(clients.File)
	for i := range 13_000 {
		n := clients.Newcomer{ID: fmt.Sprintf("clinic-%05d", i), Kind: "clinic", Name: fmt.Sprintf("Trạm y tế mẫu số %d", i), Portal: fmt.Sprintf("%05d_BV", i)}
		if _, err := f.AddNew(&n, s, time.Unix(1_790_000_000, 0)); err != nil {
			tb.Fatal(err)
		}
		e := f.Entries[i]
		for j := range 2 {
			if err := e.AddOfficer(s, fmt.Sprintf("0011800%05d", i*2+j), "Trần Thị Mẫu"); err != nil {
				tb.Fatal(err)
			}
		}
	}
	return f
}

// BenchmarkChange is one caller's limits changed among 13,000, in a file and in Redis.
func BenchmarkChange(b *testing.B) {
	secrets, err := clients.NewSecrets(bytes.Repeat([]byte("k"), 32))
	if err != nil {
		b.Fatal(err)
	}
	shared, err := clients.OpenRedis(clients.RedisConfig{
		Endpoint: redisconn.Endpoint{URL: "redis://" + cachetest.Redis(b).Addr}, Prefix: "test:", Timeout: config.Duration(5 * time.Second),
	}, secrets)
	if err != nil {
		b.Fatal(err)
	}
	defer shared.Close()
	all := country(b, secrets)
	for name, store := range map[string]clients.Store{"file": &clients.FileStore{Path: filepath.Join(b.TempDir(), "clients.ndjson")}, "redis": shared} {
		if err := store.Update(b.Context(), func(f *clients.File) error { f.Entries = all.Entries; return nil }); err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if err := store.Update(b.Context(), func(f *clients.File) error {
					f.Find("clinic-06500").Limits.Rate = int64(i%50 + 1)
					return nil
				}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkRead is what a node does with a directory of 13,000 that is new to it, the table of requests aside.
func BenchmarkRead(b *testing.B) {
	secrets, err := clients.NewSecrets(bytes.Repeat([]byte("k"), 32))
	if err != nil {
		b.Fatal(err)
	}
	var text bytes.Buffer
	if err := country(b, secrets).Encode(&text); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := clients.Decode(bytes.NewReader(text.Bytes())); err != nil {
			b.Fatal(err)
		}
	}
}
