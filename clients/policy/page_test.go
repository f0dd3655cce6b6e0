package policy_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/verigate/verigate/clients/policy"
)

var update = flag.Bool("update", false, "write the generated parts of docs/policy.md anew")

const (
	page  = "../../docs/policy.md"
	start = "<!-- generated: go test ./clients/policy -run Page -update -->\n"
	end   = "<!-- end of generated part -->\n"
)

// TestPolicyPage holds docs/policy.md to the policy that is built in.
func TestPolicyPage(t *testing.T) {
	have, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(have), start)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("the marks of the generated part are gone")
	}
	var b strings.Builder
	policy.Table(&b, policy.BuiltIn())
	want := before + start + "\n" + b.String() + "\n" + end + after
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(have) != want {
		t.Error("docs/policy.md is not what the built-in policy says; write it with -update")
	}
}
