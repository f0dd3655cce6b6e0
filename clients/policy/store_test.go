package policy_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/verigate/verigate/clients/policy"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/internal/metric"
	"github.com/verigate/verigate/verify"
)

// change is what the store tells of a changed file.
type change struct {
	version string
	err     error
}

const narrow = head + "  - callers: [clinic]\n    purposes: [treatment]\n    calls: [lookup]\n"

func replace(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// open opens a store on a file and returns what it tells of changes.
func open(t *testing.T, text string) (*policy.Store, *metric.Set, string, chan change) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "policy.yaml")
	replace(t, path, text)
	told, set := make(chan change, 10), new(metric.Set)
	s, err := policy.Open(policy.Config{File: path, Poll: config.Duration(time.Millisecond)},
		policy.Deps{Metrics: set, Changed: func(v string, err error) { told <- change{v, err} }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s, set, path, told
}

func refused(set *metric.Set) bool {
	for _, i := range set.Instruments() {
		if i.Name == "verigate_policy_refused" {
			return i.Gauge() == 1
		}
	}
	return false
}

// TestReload: a changed file is in force; a broken one is refused whole, told everywhere, and changes nothing.
func TestReload(t *testing.T) {
	s, set, path, told := open(t, narrow)
	first := s.Entitlements()
	if e := first.Of(verify.CallerClinic, verify.PurposeTreatment, verify.CallLookup); !e.Allowed() || e.Found != 0 {
		t.Fatalf("the file is not in force: %+v", e)
	}
	replace(t, path, narrow+"    found: [card]\n  - callers: [clinic]\n    purposes: [cure]\n    calls: [lookup]\n")
	c := <-told
	if c.err == nil || !strings.Contains(c.err.Error(), "policy.yaml:8: ") || c.version != first.Version {
		t.Errorf("told %+v of a broken file", c)
	}
	if s.Entitlements() != first || !strings.Contains(s.Status().Error, "cure") || !refused(set) {
		t.Errorf("a broken file changed the policy, or is not to be seen: %+v", s.Status())
	}
	replace(t, path, narrow+"    found: [card]\n")
	if c = <-told; c.err != nil || c.version == first.Version {
		t.Errorf("told %+v of a sound file", c)
	}
	if e := s.Entitlements().Of(verify.CallerClinic, verify.PurposeTreatment, verify.CallLookup); e.Found != verify.PartCard || s.Status().Error != "" || refused(set) {
		t.Errorf("%+v, status %+v", e, s.Status())
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if c = <-told; c.err == nil || s.Entitlements().Of(verify.CallerClinic, verify.PurposeTreatment, verify.CallLookup).Found != verify.PartCard {
		t.Errorf("told %+v of a file that is gone", c)
	}
}

// TestWithoutAFile: one machine needs nothing.
func TestWithoutAFile(t *testing.T) {
	s, err := policy.Open(policy.Config{Poll: config.Duration(time.Second)}, policy.Deps{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.Status().File != "built in" || s.Entitlements().Version != policy.BuiltIn().Version {
		t.Errorf("status %+v", s.Status())
	}
}

// TestAtTheStart: what is wrong with the file is told with the configuration, and nothing starts on it.
func TestAtTheStart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "policy.yaml")
	cfg := policy.Config{File: path, Poll: config.Duration(time.Second)}
	for _, text := range []string{"", "format: 1\n", strings.Repeat("#", 2<<20)} {
		if text != "" {
			replace(t, path, text)
		}
		err := cfg.Validate()
		if err == nil || !strings.HasPrefix(err.Error(), "file "+path+": ") {
			t.Errorf("%.20q: %v", text, err)
		}
		if s, err := policy.Open(cfg, policy.Deps{}); err == nil {
			s.Close()
			t.Errorf("%.20q: opened", text)
		}
	}
	if err := new(policy.Config).Validate(); err != nil {
		t.Error(err)
	}
}
