package clients_test

import (
	"strings"
	"testing"

	"github.com/verigate/verigate/clients"
)

// A key given twice is found however it is written; the same word elsewhere is none.
func TestRepeatedKeys(t *testing.T) {
	for entry, want := range map[string]string{
		`{"id":"a","kind":"clinic","status":"active","scopes":[],"purposes":["test"],"ID":"b"}`:                                              "id: given twice",
		`{"id":"a","kind":"clinic","status":"active","scopes":[],"purposes":["test"],"i\u0064":"b"}`:                                         "id: given twice",
		`{"id":"a","kind":"clinic","status":"active","scopes":[],"purposes":["test"],"limits":{"rate":1,"rate" :2}}`:                         "rate: given twice",
		`{"id":"a","kind":"clinic","status":"active","name":"\"id\":\\","contact":"id","scopes":[],"purposes":["test"],"limits":{"rate":1}}`: "",
	} {
		_, err := clients.Decode(strings.NewReader("{\"verigate_clients\":1}\n" + entry + "\n"))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", entry, err, want)
		}
	}
}
