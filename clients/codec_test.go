package clients_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/verigate/verigate/clients"
)

const header = `{"verigate_clients":1}` + "\n"

// entry is a sound line with one key changed: old text → new text.
func entry(replace ...string) string {
	s := `{"id":"clinic-1","kind":"clinic","facility":"01000","status":"active","scopes":["lookup"],"purposes":["treatment"],` +
		`"accounts":[{"username":"01000_BV","password":"` + strings.Repeat("ab", 32) + `"}],` +
		`"keys":[{"id":"k3yid0ab","sha256":"` + strings.Repeat("cd", 32) + `","created":"2026-11-21T05:00:00Z"}]}`
	return strings.NewReplacer(replace...).Replace(s) + "\n"
}

func TestDecodeRefuses(t *testing.T) {
	second := func(replace ...string) string {
		return entry(append([]string{"clinic-1", "clinic-2"}, replace...)...)
	}
	cases := []struct{ name, file, want string }{
		{"empty", "", "line 1: the file is empty"},
		{"no header", entry(), "line 1: not a directory file of this version"},
		{"cut off", header + entry()[:50], "line 2: the object is cut off"},
		{"two objects in a line", header + strings.TrimSpace(entry()) + "{}\n", "line 2: more than one object"},
		{"an array", header + "[1]\n", "line 2: "},
		{"unknown key", header + entry(`"kind"`, `"colour":"red","kind"`), `line 2: unknown field "colour"`},
		{"repeated key", header + entry(`"kind"`, `"status":"revoked","kind"`), "line 2: status: given twice"},
		{"repeated key in other case", header + entry(`"kind"`, `"Status":"revoked","kind"`), "line 2: status: given twice"},
		{"repeated key deep inside", header + entry(`"username"`, `"epoch":1,"epoch":2,"username"`), "line 2: epoch: given twice"},
		{"id in capitals", header + entry("clinic-1", "CLINIC"), `id "CLINIC": must be`},
		{"no id", header + entry("clinic-1", ""), `id "": must be`},
		{"kind", header + entry(`"kind":"clinic"`, `"kind":"bank"`), `kind "bank": must be one of clinic`},
		{"facility", header + entry("01000", "0100"), `facility "0100"`},
		{"status", header + entry(`"active"`, `"paused"`), `status "paused"`},
		{"scope", header + entry(`["lookup"]`, `["lookup","everything"]`), `scopes "everything"`},
		{"scope twice", header + entry(`["lookup"]`, `["lookup","lookup"]`), `scopes "lookup": given twice`},
		{"purpose", header + entry(`["treatment"]`, `["curiosity"]`), `purposes "curiosity"`},
		{"no purpose", header + entry(`["treatment"]`, `[]`), "purposes: need at least one"},
		{"negative limit", header + entry(`"scopes"`, `"limits":{"rate":-1},"scopes"`), "limits.rate -1"},
		{"limit as text", header + entry(`"scopes"`, `"limits":{"rate":"many"},"scopes"`), "limits.rate: cannot be a string"},
		{"policy", header + entry(`"scopes"`, `"policy":{"accept":["maybe"]},"scopes"`), `policy.accept "maybe"`},
		{"contact with a line end", header + entry(`"scopes"`, `"contact":"a\nb","scopes"`), "contact: must be"},
		{"user name", header + entry("01000_BV", "a b"), `username "a b"`},
		{"password", header + entry("abab", "zz"), "password of 01000_BV"},
		{"network", header + entry(`"username"`, `"networks":["10.0.0.1"],"username"`), `network "10.0.0.1"`},
		{"key id", header + entry("k3yid0ab", "k3"), `keys: id "k3"`},
		{"digest", header + entry("cdcd", "cd"), "sha256 of k3yid0ab"},
		{"officer", header + entry(`"keys"`, `"officers":[{"id":"1","name":"x"}],"keys"`), "officers[0]: id"},
		{"id twice", header + entry() + entry(), `line 3: id "clinic-1": given to two entries`},
		{"user name twice, case aside", header + entry() + second("01000_BV", "01000_bv"), "line 3: accounts: username"},
		{"key id twice", header + entry() + second("01000_BV", "x", "cdcd", "cdce"), "line 3: keys: id k3yid0ab"},
		{"digest twice", header + entry() + second("01000_BV", "x", "k3yid0ab", "k3yid0ac"), "line 3: keys: sha256"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := clients.Decode(strings.NewReader(c.file))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v\nwant it to say %s", err, c.want)
			}
		})
	}
}

func TestDecodeTellsEveryFault(t *testing.T) {
	_, err := clients.Decode(strings.NewReader(header + entry(`"active"`, `"x"`) + entry() + "\n" + entry("clinic-1", "c2", "01000_BV", "y") + "{\n"))
	for _, want := range []string{"line 2: status", "line 5: keys: id", "line 6: the object is cut off"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: does not say %q", err, want)
		}
	}
	var many strings.Builder
	many.WriteString(header)
	for range 100 {
		many.WriteString("{\n")
	}
	if _, err := clients.Decode(strings.NewReader(many.String())); err == nil || strings.Count(err.Error(), "\n") > 25 {
		t.Errorf("a hundred faults are told in %d lines", strings.Count(fmt.Sprint(err), "\n"))
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(header + entry()))
	f.Add([]byte(header + entry() + "\n\n" + entry("clinic-1", "c2", "01000_BV", "b", "k3yid0ab", "k3yid0ac", "cdcd", "cdce")))
	f.Add([]byte(header + entry(`"scopes"`, `"limits":{"rate":5},"policy":{"accept":["match"],"loose_iy":true},"scopes"`)))
	f.Add([]byte(header + `{"a":{"a":[{"a":1}]}}`))
	f.Add([]byte(header))
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := clients.Decode(bytes.NewReader(text))
		if err != nil {
			return
		}
		var first, second bytes.Buffer
		if err := file.Encode(&first); err != nil {
			t.Fatal(err)
		}
		again, err := clients.Decode(bytes.NewReader(first.Bytes()))
		if err != nil {
			t.Fatalf("what was written is refused: %v", err)
		}
		if err := again.Encode(&second); err != nil || first.String() != second.String() {
			t.Errorf("written again it differs (%v):\n%s\n%s", err, &first, &second)
		}
	})
}
