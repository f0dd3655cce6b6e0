package v1_test

import (
	"flag"
	"os"
	"strconv"
	"strings"
	"testing"

	v1 "github.com/verigate/verigate/gateway/v1"
)

var update = flag.Bool("update", false, "write the table of problems anew")

const (
	errorsPage = "../../docs/errors.md"
	tableStart = "<!-- table of problems: go test ./gateway/v1 -run ErrorsPage -update -->\n"
	tableEnd   = "<!-- end of table -->\n"
)

// TestErrorsPage holds docs/errors.md to the table that problems are made from.
func TestErrorsPage(t *testing.T) {
	page, err := os.ReadFile(errorsPage)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(page), tableStart)
	_, after, ok2 := strings.Cut(rest, tableEnd)
	if !ok || !ok2 {
		t.Fatal("the marks of the table are gone")
	}
	want := before + tableStart + table() + tableEnd + after
	if *update {
		if err := os.WriteFile(errorsPage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(page) != want {
		t.Error("docs/errors.md is not what the table says; write it with -update")
	}
}

func table() string {
	var b strings.Builder
	b.WriteString("\n| code | status | side | again? | what is wrong | what to do | tiếng Việt |\n|---|---|---|---|---|---|---|\n")
	for i, m := range v1.Meanings() {
		if i > 0 && m.Code == v1.Meanings()[i-1].Code && m.Status == v1.Meanings()[i-1].Status {
			continue // rate_limited has two causes
		}
		again := "no"
		if m.Retryable {
			again = "yes"
		}
		b.WriteString("| `" + strings.Join([]string{
			m.Code + "`", strconv.Itoa(m.Status), string(m.Side), again, m.Title[v1.English], escape(m.Fix[v1.English]),
			m.Title[v1.Vietnamese] + ". " + escape(m.Fix[v1.Vietnamese]),
		}, " | ") + " |\n")
	}
	b.WriteString("\n")
	return b.String()
}

// escape keeps what looks like markup in a cell from being read as such.
func escape(s string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", ">", "&gt;").Replace(s)
}
