package registry_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/verigate/verigate/registry"
)

// FuzzParseKeys holds the hand-written decoder against encoding/json: whatever it takes, the other reads the same way.
func FuzzParseKeys(f *testing.F) {
	one := `{"kind":"id","value":"001080000000"}`
	for _, seed := range []string{
		`{"keys":[` + one + `]}`,
		`{"keys":[{"kind":"code","value":"0000000001"},{"value":"GD4010000000001","kind":"card"},{"kind":"card","value":"GD401001080000000"}]}`,
		" {\t\"keys\" :\r\n[ " + one + " , " + one + " ] } ",
		`{"keys":[]}`, `{"keys":[{}]}`, `{"keys":[` + one + `,]}`, `{"keys":null}`, `{}`, `[]`, ``, `{`, `{"keys":[{"kind":"id","value":"\u0030"}]}`,
		`{"keys":[{"kind":"id","kind":"id","value":"001080000000"}]}`,
		`{"keys":[` + one + `]}{"keys":[]}`,
		"{\"keys\":[{\"kind\":\"id\",\"value\":\"00108000000\xff\"}]}",
		`{"keys":[` + strings.Repeat(one+",", 499) + one + `]}`,
		`{"keys":[` + strings.Repeat(one+",", 500) + one + `]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		before := bytes.Clone(body)
		keys, err := registry.ParseKeys(body)
		if !bytes.Equal(body, before) {
			t.Fatal("the body was changed")
		}
		if err != nil {
			return
		}
		var want struct{ Keys []keyed }
		if err := json.Unmarshal(body, &want); err != nil {
			t.Fatalf("took what is no JSON: %v", err)
		}
		if len(want.Keys) != len(keys) || len(keys) == 0 || len(keys) > 500 {
			t.Fatalf("%d keys, encoding/json has %d", len(keys), len(want.Keys))
		}
		for i, k := range keys {
			if k.Kind().String() != want.Keys[i].Kind || k.Value() != want.Keys[i].Value {
				t.Fatalf("key %d is read differently", i)
			}
		}
	})
}
