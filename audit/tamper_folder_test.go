package audit_test

import (
	"bytes"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/verigate/verigate/audit"
)

// Files that are removed, exchanged, renamed or slipped in are found.
func TestForgedFolder(t *testing.T) {
	cfg := written(t, 4, 50)
	names := segmentsOf(t, cfg.Dir)
	file := func(name string) []byte { return readFile(t, filepath.Join(cfg.Dir, name)) }
	cut := func(name string, share int) []byte { b := file(name); return b[:len(b)*share/4] }
	cases := map[string]struct {
		files map[string][]byte
		named string
	}{
		"first segment removed":       {map[string][]byte{names[0]: nil}, names[0]},
		"middle segment removed":      {map[string][]byte{names[1]: nil}, names[1]},
		"last segment removed":        {map[string][]byte{names[3]: nil}, names[3]},
		"segments exchanged":          {map[string][]byte{names[1]: file(names[2]), names[2]: file(names[1])}, names[1]},
		"segment repeated":            {map[string][]byte{names[2]: file(names[1])}, names[2]},
		"segment added":               {map[string][]byte{"00000000000000000005.seg": file(names[3])}, "00000000000000000005.seg"},
		"segment of zeros":            {map[string][]byte{names[2]: make([]byte, 4096)}, names[2]},
		"seals removed":               {map[string][]byte{"seals": nil}, "seals"},
		"seals cut by one":            {map[string][]byte{"seals": cut("seals", 3)}, "seals"},
		"seals and last segment gone": {map[string][]byte{"seals": cut("seals", 3), names[3]: nil}, "checkpoints"},
		"checkpoints removed":         {map[string][]byte{"checkpoints": nil}, "checkpoints"},
		"checkpoints cut by two":      {map[string][]byte{"checkpoints": cut("checkpoints", 2)}, "checkpoints"},
		"newest checkpoint removed":   {map[string][]byte{"checkpoint": nil}, "checkpoint"},
		"newest checkpoint aged":      {map[string][]byte{"checkpoint": cut("checkpoints", 1)}, "checkpoint"},
		"LOG removed":                 {map[string][]byte{"LOG": nil}, "LOG"},
		"LOG of another log":          {map[string][]byte{"LOG": readFile(t, filepath.Join(written(t, 1, 1).Dir, "LOG"))}, "LOG"},
		"lock filled":                 {map[string][]byte{"lock": []byte("x")}, "lock"},
		"a file slipped in":           {map[string][]byte{"notes.txt": []byte("x")}, "notes.txt"},
		"a used file being prepared":  {map[string][]byte{"next.tmp": append(make([]byte, 4000), 7)}, "next.tmp"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			named(t, tampered(t, audit.VerifyConfig{Dir: cfg.Dir}, c.files), name, c.named)
		})
	}
	if r := mustVerify(t, audit.VerifyConfig{Dir: cfg.Dir}); !r.Sound() {
		t.Errorf("put back: %v", r.Findings)
	}
}

// What is done to any file of a longer log names that file.
func TestForgedFolderAnywhere(t *testing.T) {
	cfg := written(t, 8, 5)
	names := segmentsOf(t, cfg.Dir)
	file := func(name string) []byte { return readFile(t, filepath.Join(cfg.Dir, name)) }
	ways := map[string]func(name, other string) map[string][]byte{
		"removed": func(name, _ string) map[string][]byte { return map[string][]byte{name: nil} },
		"emptied": func(name, _ string) map[string][]byte { return map[string][]byte{name: {}} },
		"exchanged": func(name, other string) map[string][]byte {
			return map[string][]byte{name: file(other), other: file(name)}
		},
		"replaced": func(name, other string) map[string][]byte { return map[string][]byte{name: file(other)} },
		"shortened": func(name, _ string) map[string][]byte {
			b := file(name)
			return map[string][]byte{name: b[:rand.IntN(len(b))]}
		},
		"grown": func(name, _ string) map[string][]byte {
			return map[string][]byte{name: append(file(name), bytes.Repeat([]byte{7}, 1+rand.IntN(4096))...)}
		},
		"renamed": func(name, _ string) map[string][]byte { return map[string][]byte{name: nil, name + ".old": file(name)} },
	}
	for what, do := range ways {
		t.Run(what, func(t *testing.T) {
			for range *places {
				i := rand.IntN(len(names))
				j := (i + 1 + rand.IntN(len(names)-1)) % len(names)
				named(t, tampered(t, audit.VerifyConfig{Dir: cfg.Dir}, do(names[i], names[j])), what, names[i])
			}
		})
	}
}
