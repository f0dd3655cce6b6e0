package config_test

import (
	"strings"
	"testing"

	"github.com/verigate/verigate/config"
)

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"", "listen: a\ncache: {size: 1KiB}", "peers:\n- name: a\n- {}", "a: &x [*x]", "tiers: {a: {burst: 1}}",
		"cache:\n  <<: 1", "? [a]\n: b", "--- |\n x\n...\n---\n", "!!map {}", "modes: {a: b}", "tls:\n  min: >-\n    1.2", "[]: {}", "{}: 1", "? a"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, src string) {
		var s sample
		err := config.Parse("v.yaml", []byte(src), nil, &s)
		if err != nil {
			for line := range strings.SplitSeq(err.Error(), "\n") {
				if strings.TrimSpace(line) == "" {
					t.Errorf("an empty fault line in %q", err)
				}
			}
			return
		}
		if err := config.Check(&s); err != nil {
			t.Errorf("accepted, then refused: %v", err)
		}
	})
}
