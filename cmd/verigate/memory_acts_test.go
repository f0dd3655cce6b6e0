package main

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/verigate/verigate/cache"
)

func TestACheckRefusesWhatItCannotCheck(t *testing.T) {
	n := &node{memory: new(memory)}
	many := strings.Repeat(`{"kind":"id","value":"001080000000"},`, checkMost)
	for _, c := range []struct{ name, body, want string }{
		{"nothing", `{}`, "together they must be 1 to 10000"},
		{"too many", `{"keys":[` + many + `{"kind":"id","value":"001080000000"}]}`, "together they must be 1 to 10000"},
		{"fewer than none", `{"sample":-1}`, "together"},
		{"no JSON", `keys=001080000000`, "reading the body"},
		{"an unknown member", `{"key":"001080000000"}`, "reading the body"},
		{"another kind", `{"keys":[{"kind":"passport","value":"001080000000"}]}`, "keys[0]: not an identifier"},
		{"malformed", `{"keys":[{"kind":"id","value":"001080000000"},{"kind":"id","value":"00108"}]}`, "keys[1]: not an identifier"},
		{"the 17-character card, which nobody can look up by", `{"keys":[{"kind":"card","value":"GD401001080000000"}]}`, "keys[0]: not an identifier"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := n.keysToCheck(httptest.NewRequest("POST", "/cache/check", strings.NewReader(c.body)))
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "00108") {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	keys, err := n.keysToCheck(httptest.NewRequest("POST", "/cache/check", strings.NewReader(`{"keys":[{"kind":"code","value":"0000000001"}]}`)))
	if err != nil || len(keys) != 1 {
		t.Errorf("a good one gives %d keys, %v", len(keys), err)
	}
}

func TestACheckThatFindsSomethingFails(t *testing.T) {
	sound := cache.Findings{Asked: 2, Local: cache.Level{Held: 2, Agree: 1, Behind: 1}}
	for _, c := range []struct {
		name string
		harm func(*cache.Findings)
		want string
	}{
		{"sound", func(*cache.Findings) {}, ""},
		{"some could not be asked", func(f *cache.Findings) { f.Unanswered = 1 }, ""},
		{"nobody could be asked", func(f *cache.Findings) { f.Unanswered = 2 }, "could not be asked"},
		{"denied", func(f *cache.Findings) { f.Filter.Denies = 1 }, "1 violation"},
		{"overtaken and damaged", func(f *cache.Findings) { f.Local.Overtaken, f.Shared.Differs = 2, 3 }, "5 violations"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, format := range []string{"text", "json"} {
				found := sound
				c.harm(&found)
				err := (&cacheCheckCmd{Format: format}).judge(&found)
				if got := fmt.Sprint(err); (err == nil) != (c.want == "") || !strings.Contains(got, c.want) {
					t.Errorf("%s: got %v, want %q", format, err, c.want)
				}
			}
		})
	}
}

func TestACheckReadsItsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "asked")
	text := `{"id":"001080000000","name":"Nguyễn Văn Mẫu"}` + "\n" + `{"code":"0000000001","card":"GD4010000000001"}` + "\n"
	for _, c := range []struct {
		text  string
		want  int // identifiers; -1: refused
		unfit int
	}{{text, 3, 0}, {"", 0, 0}, {text + `{"id":"00108000000O","card":"GD401"}` + "\n", 3, 2}, {text + "001080000000\n", -1, 0}} {
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		keys, unfit, err := (&cacheCheckCmd{File: path}).keys()
		switch {
		case c.want < 0 && (err == nil || !strings.Contains(err.Error(), "line 3") || strings.Contains(err.Error(), "00108")):
			t.Errorf("a bad line gives %v", err)
		case c.want >= 0 && (err != nil || len(keys) != c.want || unfit != c.unfit):
			t.Errorf("got %d identifiers and %d unfit, %v, want %d and %d", len(keys), unfit, err, c.want, c.unfit)
		}
	}
}
