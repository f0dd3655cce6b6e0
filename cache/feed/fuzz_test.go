package feed

import (
	"strings"
	"testing"
)

func FuzzLine(f *testing.F) {
	f.Add(`{"token":"t","version":1,"op":"upsert","keys":[{"kind":"id","value":"001080000000"}],"at":"2026-11-21T01:02:03Z"}`)
	f.Add(`{"token":"t","version":18446744073709551615,"op":"remove","keys":[{"kind":"card","value":"GD401001080000000"},{"kind":"code","value":"0000000001"}]}`)
	f.Add(`{"token":"t","watermark":{"version":7,"at":"2026-11-21T01:02:03.000001Z"}}`)
	f.Add(`{"token":"t","watermark":null,"version":null}`)
	f.Add(`[]`)
	f.Fuzz(func(t *testing.T, text string) {
		l, err := parse([]byte(text))
		if err != nil {
			if len(err.Error()) > 100 {
				t.Fatalf("an error quotes the line: %v", err)
			}
			return
		}
		if l.token == "" || (l.mark == nil) != (len(l.keys) > 0) || l.mark != nil && l.mark.At.IsZero() {
			t.Fatalf("got %+v", l)
		}
		for _, k := range l.keys {
			if !strings.Contains(text, `"`) || k.IsZero() || !wellFormed(k) {
				t.Fatalf("a key came out of nothing")
			}
		}
	})
}
