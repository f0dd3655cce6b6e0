package portal_test

import (
	"os"
	"strings"
	"testing"

	"github.com/verigate/verigate/verify"
)

// TestEveryCodeIsDocumented holds the pages that hospitals read to the table that codes and sentences come from.
func TestEveryCodeIsDocumented(t *testing.T) {
	pages := map[string]string{}
	for _, name := range []string{"errors.md", "his-integration.md", "his-integration.vi.md"} {
		b, err := os.ReadFile("../../docs/" + name)
		if err != nil {
			t.Fatal(err)
		}
		pages[name] = string(b)
	}
	for s := verify.Status000; s <= verify.Status500; s++ {
		for name, page := range pages {
			if !strings.Contains(page, "`"+s.Code()+"`") && !inRange(s) {
				t.Errorf("%s does not speak of %s", name, s.Code())
			}
		}
		if s != verify.StatusOther && !strings.Contains(pages["errors.md"], "| `"+s.Code()+"` | "+s.Vietnamese()+" |") {
			t.Errorf("errors.md has not the sentence of %s: %s", s.Code(), s.Vietnamese())
		}
	}
}

// inRange tells whether the guides speak of a code as one of 120–124.
func inRange(s verify.PortalStatus) bool { return s > verify.Status120 && s < verify.Status124 }
