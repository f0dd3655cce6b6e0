package config_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/verigate/verigate/config"
)

func TestDurationText(t *testing.T) {
	for _, c := range []struct {
		in   string
		want time.Duration
		out  string
	}{
		{"250ms", 250 * time.Millisecond, "250ms"}, {"7d", 7 * 24 * time.Hour, "7d"}, {"24h", 24 * time.Hour, "1d"}, {"90m", 90 * time.Minute, "1h30m"},
		{"1h", time.Hour, "1h"}, {"60s", time.Minute, "1m"}, {"0s", 0, "0s"}, {"10m", 10 * time.Minute, "10m"}, {"20h", 20 * time.Hour, "20h"},
	} {
		var d config.Duration
		if err := d.UnmarshalText([]byte(c.in)); err != nil {
			t.Errorf("%s: %v", c.in, err)
		}
		if d.Std() != c.want || d.String() != c.out {
			t.Errorf("%s: got %v shown as %s, want %v shown as %s", c.in, d.Std(), d, c.want, c.out)
		}
	}
	for _, bad := range []string{"", "5", "d", "1.5d", "x", "99999999999d", "2000000000d"} {
		var d config.Duration
		if err := d.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q: got %s, want an error", bad, d)
		}
	}
}

func TestByteSizeText(t *testing.T) {
	for _, c := range []struct {
		in   string
		want int64
		out  string
	}{
		{"0", 0, "0"}, {"512", 512, "512"}, {"1B", 1, "1"}, {"64KiB", 65536, "64KiB"}, {"64 KiB", 65536, "64KiB"}, {"1024", 1024, "1KiB"},
		{"16MiB", 16 << 20, "16MiB"}, {"3GiB", 3 << 30, "3GiB"}, {"2TiB", 2 << 40, "2TiB"}, {"1536KiB", 1536 << 10, "1536KiB"},
	} {
		var b config.ByteSize
		if err := b.UnmarshalText([]byte(c.in)); err != nil {
			t.Errorf("%s: %v", c.in, err)
		}
		if b.Bytes() != c.want || b.String() != c.out {
			t.Errorf("%s: got %d shown as %s, want %d shown as %s", c.in, b.Bytes(), b, c.want, c.out)
		}
	}
	for _, bad := range []string{"", "KiB", "-1", "1.5GiB", "64KB", "64k", "9999999999TiB"} {
		var b config.ByteSize
		if err := b.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q: got %s, want an error", bad, b)
		}
	}
}

func TestSecretFileRead(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "key")
	for _, c := range []struct{ name, text, want, fault string }{
		{"plain", "s3cret", "s3cret", ""},
		{"one line end goes", "s3cret\n\n", "s3cret\n", ""},
		{"carriage return goes", "s3cret\r\n", "s3cret", ""},
		{"spaces stay", " s3cret ", " s3cret ", ""},
		{"empty", "\n", "", "file is empty"},
		{"too long", strings.Repeat("x", 64<<10+1), "", "longer than 64KiB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			write(t, path, c.text, 0o600)
			got, err := config.SecretFile(path).Read()
			if string(got) != c.want || (err == nil) != (c.fault == "") {
				t.Fatalf("got %q, %v; want %q, %q", got, err, c.want, c.fault)
			}
			if err != nil && (!strings.Contains(err.Error(), c.fault) || !strings.Contains(err.Error(), path)) {
				t.Errorf("got %v, want it to name %s and say %s", err, path, c.fault)
			}
		})
	}
	if _, err := config.SecretFile(dir).Read(); err == nil {
		t.Error("a folder was read")
	}
}

func TestSecretFileWarning(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	write(t, path, "x", 0o640)
	if w := config.SecretFile(path).Warning(); w != "" {
		t.Errorf("mode 0640: got %q", w)
	}
	write(t, path, "x", 0o644)
	if w := config.SecretFile(path).Warning(); !strings.Contains(w, path) || !strings.Contains(w, "0644") {
		t.Errorf("mode 0644: got %q", w)
	}
}

func TestWarningsNameTheSetting(t *testing.T) {
	tight, loose := filepath.Join(t.TempDir(), "tight"), filepath.Join(t.TempDir(), "loose")
	write(t, tight, "x", 0o600)
	write(t, loose, "x", 0o604)
	var c struct {
		Keys struct {
			One  config.SecretFile   `yaml:"one"`
			None config.SecretFile   `yaml:"none"`
			Many []config.SecretFile `yaml:"many"`
		} `yaml:"keys"`
	}
	c.Keys.One, c.Keys.Many = config.SecretFile(loose), []config.SecretFile{config.SecretFile(tight), config.SecretFile(loose)}
	got := config.Warnings(&c)
	if len(got) != 2 || !strings.HasPrefix(got[0], "keys.one: secret file "+loose) || !strings.HasPrefix(got[1], "keys.many: ") {
		t.Errorf("got %q", got)
	}
}
