package audit_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/verigate/verigate/audit"
	"github.com/verigate/verigate/config"
)

// aged makes a log of three runs on three days and opens it again on a later day.
func aged(t *testing.T, later time.Duration, change func(*audit.Config)) (cfg audit.Config, l *audit.Log) {
	t.Helper()
	cfg = settings(t, quick)
	var clock clockAt
	for day := range 3 {
		clock.put(noon.Add(time.Duration(day) * 24 * time.Hour))
		l, err := audit.Open(cfg, audit.Deps{Clock: clock.now})
		if err != nil {
			t.Fatal(err)
		}
		fill(t, l, 200)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	change(&cfg)
	clock.put(noon.Add(later))
	l, err := audit.Open(cfg, audit.Deps{Clock: clock.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return cfg, l
}

func has(dir, name string) bool {
	_, err := os.Stat(filepath.Join(dir, name))
	return err == nil
}

// Old segments are compressed; everything in them is found, verified and covered as before.
func TestCompression(t *testing.T) {
	cfg, l := aged(t, 49*time.Hour, func(c *audit.Config) { c.Compress = config.Duration(24 * time.Hour) })
	const first, second, third = "00000000000000000001.seg", "00000000000000000002.seg", "00000000000000000003.seg"
	eventually(t, "compression", func() bool { return has(cfg.Dir, second+".zst") && !has(cfg.Dir, second) })
	if !has(cfg.Dir, first+".zst") || has(cfg.Dir, first) || !has(cfg.Dir, third) {
		t.Fatal("not the two oldest were compressed")
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	r := mustVerify(t, audit.VerifyConfig{Dir: cfg.Dir})
	if !r.Sound() || len(r.Notes) > 0 || r.Decisions != 600 {
		t.Fatalf("%d decisions; %v %v", r.Decisions, r.Findings, r.Notes)
	}
	if found, problems := find(t, cfg.Dir, audit.Filter{}); len(found) != 600 || len(problems) > 0 {
		t.Errorf("found %d, %v", len(found), problems)
	}
	name := first + ".zst"
	whole := readFile(t, filepath.Join(cfg.Dir, name))
	for range *places {
		b := bytes.Clone(whole)
		at := rand.IntN(len(b))
		b[at] ^= byte(1 + rand.IntN(255))
		named(t, tampered(t, audit.VerifyConfig{Dir: cfg.Dir}, map[string][]byte{name: b}), fmt.Sprintf("byte %d", at), name)
	}
	for what, b := range map[string][]byte{"cut": whole[:len(whole)/2], "grown": append(bytes.Clone(whole), 0), "emptied": {}} {
		named(t, tampered(t, audit.VerifyConfig{Dir: cfg.Dir}, map[string][]byte{name: b}), what, name)
	}
	if r := tampered(t, audit.VerifyConfig{Dir: cfg.Dir}, map[string][]byte{name: nil}); r.Sound() {
		t.Error("a compressed segment was removed and not missed")
	}
}

// A crash while compressing leaves both forms; the next pass settles it.
func TestInterruptedCompression(t *testing.T) {
	cfg, l := aged(t, 24*time.Hour, func(*audit.Config) {})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(cfg.Dir, "00000000000000000001.seg.zst"), "half")
	write(t, filepath.Join(cfg.Dir, "00000000000000000002.seg.zst.tmp"), "half")
	if r := mustVerify(t, audit.VerifyConfig{Dir: cfg.Dir}); !r.Sound() || len(r.Notes) != 2 {
		t.Errorf("%v %v", r.Findings, r.Notes)
	}
	var clock clockAt
	clock.put(noon.Add(100 * time.Hour))
	cfg.Compress = config.Duration(time.Hour)
	l, err := audit.Open(cfg, audit.Deps{Clock: clock.now})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "compression", func() bool { return !has(cfg.Dir, "00000000000000000003.seg") })
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if r := mustVerify(t, audit.VerifyConfig{Dir: cfg.Dir}); !r.Sound() || len(r.Notes) != 0 || r.Decisions != 600 {
		t.Errorf("%d decisions; %v %v", r.Decisions, r.Findings, r.Notes)
	}
}

// What is older than the horizon is removed, which the log says; what is missing inside the horizon is missing.
func TestRetention(t *testing.T) {
	cfg, l := aged(t, 54*time.Hour, func(c *audit.Config) { c.Retain = config.Duration(24 * time.Hour) })
	eventually(t, "removal", func() bool { return !has(cfg.Dir, "00000000000000000002.seg") })
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	r := mustVerify(t, audit.VerifyConfig{Dir: cfg.Dir})
	if !r.Sound() || len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "2 segments up to 2 were removed by retention") || r.Decisions != 200 {
		t.Fatalf("%d decisions; %v %v", r.Decisions, r.Findings, r.Notes)
	}
	named(t, tampered(t, audit.VerifyConfig{Dir: cfg.Dir}, map[string][]byte{"00000000000000000003.seg": nil}), "the third removed by hand", "00000000000000000003.seg")
	l = open(t, cfg)
	fill(t, l, 1)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if r := mustVerify(t, audit.VerifyConfig{Dir: cfg.Dir}); !r.Sound() {
		t.Errorf("gone on with: %v", r.Findings)
	}
}
