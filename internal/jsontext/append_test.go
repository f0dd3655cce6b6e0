package jsontext_test

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/verigate/verigate/internal/jsontext"
)

func TestAppendString(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", `""`},
		{"Nguyễn Văn Mẫu", `"Nguyễn Văn Mẫu"`},
		{"a<b>&/c", `"a<b>&/c"`},
		{"\"\\", `"\"\\"`},
		{"\n\r\t\x00\x1f", `"\n\r\t\u0000\u001f"`},
		{"\xff", `"` + string(utf8.RuneError) + `"`},
		{"😀\u2028", "\"😀\u2028\""},
	} {
		if got := string(jsontext.AppendString(nil, c.in)); got != c.want {
			t.Errorf("AppendString(%q) = %s, want %s", c.in, got, c.want)
		}
		if got := string(jsontext.AppendString(nil, []byte(c.in))); got != c.want {
			t.Errorf("AppendString(bytes %q) = %s, want %s", c.in, got, c.want)
		}
	}
}

func FuzzAppendString(f *testing.F) {
	f.Add("Nguyễn \"Mẫu\"\\\n\x00")
	f.Add("\xed\xa0\x80\xff")
	f.Fuzz(func(t *testing.T, s string) {
		var back string
		if err := json.Unmarshal(jsontext.AppendString(nil, s), &back); err != nil {
			t.Fatalf("not JSON: %v", err)
		}
		want, _ := json.Marshal(s)
		var through string
		if err := json.Unmarshal(want, &through); err != nil || back != through {
			t.Fatalf("got %q, encoding/json gives %q (%v)", back, through, err)
		}
	})
}

func TestEscape(t *testing.T) {
	for in, want := range map[string]string{
		`\n`: "\n", `\"x`: `"`, `\\`: `\`, `\/`: "/", `\u1ec5`: "ễ", `\u1EC5`: "ễ", `\ud83d\ude00`: "😀", `\u0000`: "\x00",
		`\`: "-", `\x`: "-", `\'`: "-", `\u12`: "-", `\u12g4`: "-", `\ud83d`: "-", `\ud83dx`: "-", `\ud83d\n`: "-", `\ude00\ud83d`: "-", `\ud83d\ud83d`: "-",
	} {
		r, next, ok := jsontext.Escape([]byte(in), 0)
		if ok != (want != "-") || (ok && (string(r) != want || next > len(in))) {
			t.Errorf("%s: %q, %d, %v", in, r, next, ok)
		}
	}
}
