package sample_test

import (
	"os"
	"strings"
	"testing"

	"github.com/verigate/verigate/registry/sample"
)

func TestPageNamesEveryKind(t *testing.T) {
	page, err := os.ReadFile("../../docs/samples.md")
	if err != nil {
		t.Fatal(err)
	}
	kinds := append(sample.Mixes(), sample.Variants()...)
	for _, kind := range append(kinds, sample.Misses()...) {
		kind = strings.TrimSuffix(kind, "_unaccented")
		if !strings.Contains(string(page), "`"+kind+"`") && !strings.Contains(string(page), " "+kind+"`") {
			t.Errorf("docs/samples.md does not mention %q", kind)
		}
	}
}
