package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/verigate/verigate/config"
)

type sample struct {
	Listen string           `yaml:"listen" default:"127.0.0.1:8080" required:"true" help:"Where callers connect."`
	Cache  cacheSample      `yaml:"cache"`
	Peers  []peerSample     `yaml:"peers"`
	Tiers  map[string]limit `yaml:"tiers"`
	TLS    *tlsSample       `yaml:"tls"`
	Shared `yaml:",inline"`
	Made   func()
}

type Shared struct {
	Modes []string `yaml:"modes" default:"a,b" oneof:"a b c" help:"Which modes are on."`
	Ratio float64  `yaml:"ratio" default:"0.5" min:"0" max:"1" help:"A share."`
}

// Validate has a promoted name, so a struct it is inlined into has these rules too, and only once.
func (s *Shared) Validate() error {
	if s.Ratio == 0.25 {
		return errors.New("ratio 0.25: must be another number")
	}
	return nil
}

type cacheSample struct {
	Size    config.ByteSize   `yaml:"size" default:"64MiB" min:"1KiB" help:"How much is kept | how."`
	Timeout config.Duration   `yaml:"timeout" default:"250ms" min:"1ms" max:"1m" help:"How long a call may take."`
	Std     time.Duration     `yaml:"std" default:"2s" help:"A plain duration."`
	On      bool              `yaml:"on" default:"true" help:"Whether it is used."`
	Key     config.SecretFile `yaml:"key" help:"Where the key is."`
	Workers uint8             `yaml:"workers" default:"4" help:"How many work."`
}

func (c *cacheSample) Validate() error {
	var faults []error
	if c.Std.Abs() < c.Timeout.Std() {
		faults = append(faults, errors.New("std: must not be below timeout"))
	}
	if c.Workers == 13 {
		faults = append(faults, errors.New("workers 13: must be another number"))
	}
	return errors.Join(faults...)
}

type peerSample struct {
	Name string `yaml:"name" required:"true" help:"Its name."`
	Code string `yaml:"code" help:"Its code."`
	Rate int    `yaml:"rate" default:"10" min:"1" help:"Requests in a second."`
}

type limit struct {
	Burst int `yaml:"burst" default:"3" min:"1" help:"How many at once."`
}

type tlsSample struct {
	Min string `yaml:"min" default:"1.3" help:"Lowest version."`
}

func parse(t *testing.T, src string, env ...string) (sample, []string) {
	t.Helper()
	var s sample
	err := config.Parse("v.yaml", []byte(src), env, &s)
	if err == nil {
		return s, nil
	}
	return s, strings.Split(err.Error(), "\n")
}

func TestParseFillsDefaults(t *testing.T) {
	s, faults := parse(t, "")
	if faults != nil {
		t.Fatal(faults)
	}
	want := sample{Listen: "127.0.0.1:8080", Shared: Shared{Modes: []string{"a", "b"}, Ratio: .5},
		Cache: cacheSample{Size: 64 << 20, Timeout: config.Duration(250 * time.Millisecond), Std: 2 * time.Second, On: true, Workers: 4}}
	if !reflect.DeepEqual(s, want) {
		t.Errorf("got %+v\nwant %+v", s, want)
	}
}

func TestParseReadsEveryShape(t *testing.T) {
	s, faults := parse(t, `
# a comment
listen: ":0"
modes: [c]
cache:
  size: 16KiB
  timeout: 1s
  on: false
peers:
  - name: north
    code: 01000
  - {name: south, rate: 1_000}
tiers:
  gold: {burst: 9}
  plain:
tls: {}
`)
	if faults != nil {
		t.Fatal(faults)
	}
	want := sample{Listen: ":0", Shared: Shared{Modes: []string{"c"}, Ratio: .5},
		Cache: cacheSample{Size: 16 << 10, Timeout: config.Duration(time.Second), Std: 2 * time.Second, Workers: 4},
		Peers: []peerSample{{"north", "01000", 10}, {"south", "", 1000}},
		Tiers: map[string]limit{"gold": {9}, "plain": {3}}, TLS: &tlsSample{"1.3"}}
	if !reflect.DeepEqual(s, want) {
		t.Errorf("got %+v\nwant %+v", s, want)
	}
}

func TestParseListsEveryFaultAtOnce(t *testing.T) {
	_, faults := parse(t, `listen: ""
cashe:
  size: 1
cache:
  sise: 3
  size: 64KB
  timeout: 2h
  on: yes
  std: 1ms
  workers: 300
  key: /nonexistent/key
modes: [a, z]
ratio: NaN
peers:
  - rate: 0
tiers: 5
`, "VERIGATE_CACHE_WORKERS=x", "VERIGATE_CACHE_WORKS=1", "VERIGATE_SERVICE_HOST=10.0.0.1", "VERIGATE_PORT=tcp://10.0.0.1:80",
		"VERIGATE_PORT_8080_TCP_ADDR=10.0.0.1", "HOME=/")
	want := []string{
		"v.yaml:2: cashe: unknown key, did you mean cache?",
		"v.yaml:5: cache.sise: unknown key, did you mean size?",
		`v.yaml:6: cache.size: "64KB" is not a size such as 512, 64KiB, 16MiB or 1GiB`,
		`v.yaml:8: cache.on: "yes" is neither true nor false`,
		`v.yaml:10: cache.workers: "300" is not a whole number from zero that fits`,
		"v.yaml:16: tiers: a section with keys is needed here",
		`environment VERIGATE_CACHE_WORKERS: "x" is not a whole number from zero that fits`,
		"environment VERIGATE_CACHE_WORKS: no such setting",
		"listen: must be set",
		"cache.timeout 2h: must be at most 1m",
		"cache.key /nonexistent/key: no such file or directory; put it there, or correct the setting",
		"cache.std: must not be below timeout",
		"peers[0].name: must be set",
		"peers[0].rate 0: must be at least 1",
		`modes "z": must be one of a, b, c`,
		"ratio NaN: must be at least 0",
	}
	if !slices.Equal(faults, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(faults, "\n"), strings.Join(want, "\n"))
	}
}

func TestParseRefusesWhatItCannotHold(t *testing.T) {
	for _, c := range []struct{ name, src, want string }{
		{"not YAML", "a: [", "v.yaml:1: "},
		{"tab", "cache:\n\tsize: 1", "v.yaml:2: found a tab; indent with spaces"},
		{"duplicate key", "listen: a\nlisten: b", "v.yaml:2: mapping key \"listen\" already defined"},
		{"list at top", "- a", "v.yaml:1: a section with keys is needed here"},
		{"two documents", "listen: a\n---\nlisten: b", "v.yaml:3: only one YAML document is read"},
		{"alias", "listen: &x a\n", "v.yaml:1: listen: anchors, aliases and tags are not read"},
		{"merge", "cache:\n  <<: {size: 1}", "v.yaml:2: cache.<<: unknown key"},
		{"section for a value", "listen: {a: 1}", "v.yaml:1: listen: one value is needed here"},
		{"value for a section", "cache: 5", "v.yaml:1: cache: a section with keys is needed here"},
		{"text for a list of sections", "peers: 5", "v.yaml:1: peers: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, faults := parse(t, c.src)
			if len(faults) == 0 || !strings.HasPrefix(faults[0], c.want) {
				t.Errorf("got %q, want it to begin %q", faults, c.want)
			}
		})
	}
}

func TestInlinedRulesAreHeldOnce(t *testing.T) {
	type named struct {
		First  Shared `yaml:",inline"`
		Second limit  `yaml:",inline"`
	}
	type section struct {
		Inner named `yaml:"inner"`
	}
	err := config.Parse("v.yaml", []byte("inner: {ratio: 0.25}"), nil, new(section))
	if err == nil || err.Error() != "inner.ratio 0.25: must be another number" {
		t.Errorf("named: got %v", err)
	}
	if _, faults := parse(t, "ratio: 0.25"); !slices.Equal(faults, []string{"ratio 0.25: must be another number"}) {
		t.Errorf("embedded: got %q", faults)
	}
}

func TestEnvironmentOverridesFile(t *testing.T) {
	s, faults := parse(t, "cache: {timeout: 1s}\nlisten: a", "VERIGATE_CACHE_TIMEOUT=2s", "VERIGATE_MODES=a, c", "VERIGATE_LISTEN=b=c")
	if faults != nil {
		t.Fatal(faults)
	}
	if s.Cache.Timeout.Std() != 2*time.Second || !slices.Equal(s.Modes, []string{"a", "c"}) || s.Listen != "b=c" {
		t.Errorf("got %+v", s)
	}
}

func TestLoadNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "verigate.yaml")
	var s sample
	if err := config.Load(path, nil, &s); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("missing file: got %v", err)
	}
	write(t, path, "listn: a", 0o600)
	if err := config.Load(path, nil, &s); err == nil || !strings.HasPrefix(err.Error(), path+":1: listn: unknown key") {
		t.Errorf("unknown key: got %v", err)
	}
	write(t, path, strings.Repeat("#", 2<<20), 0o600)
	if err := config.Load(path, nil, &s); err == nil || !strings.Contains(err.Error(), "longer than 1MiB") {
		t.Errorf("large file: got %v", err)
	}
	if err := config.Load("", nil, &s); err != nil {
		t.Errorf("no file: got %v", err)
	}
}

func TestDescribeAndMarkdown(t *testing.T) {
	rows := config.Describe(sample{})
	var paths []string
	for _, r := range rows {
		paths = append(paths, r.Path)
	}
	want := []string{"listen", "cache.size", "cache.timeout", "cache.std", "cache.on", "cache.key", "cache.workers", "peers[].name",
		"peers[].code", "peers[].rate", "tiers.<name>.burst", "tls.min", "modes", "ratio"}
	if !slices.Equal(paths, want) {
		t.Errorf("paths: got %q, want %q", paths, want)
	}
	if got, want := rows[2], (config.Row{Path: "cache.timeout", Type: "duration", Default: "250ms", Range: "1ms to 1m",
		Help: "How long a call may take."}); got != want {
		t.Errorf("row: got %+v, want %+v", got, want)
	}
	page := config.Markdown(rows)
	for _, line := range []string{"## general\n", "## cache\n", "## peers\n",
		"| `cache.size` | size | `64MiB` | at least 1KiB | How much is kept \\| how. |\n",
		"| `modes` | list of text | `a,b` | one of: a, b, c | Which modes are on. |\n"} {
		if !strings.Contains(page, line) {
			t.Errorf("page lacks %q:\n%s", line, page)
		}
	}
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // past the umask
		t.Fatal(err)
	}
}
