package v1_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	v1 "github.com/verigate/verigate/gateway/v1"
	"github.com/verigate/verigate/verify"
)

func TestScanReadsEveryMember(t *testing.T) {
	const body = ` {"id":"1","code":"2","card":"3","qr":"4","name":"Nguy\u1ec5n \"\ud83d\ude00\"","dob":"5","sex":"6",` +
		"\n\t" + `"facility":"7","on":"8","purpose":"9","staff":{"id":"10","name":"\/\b\f\n\r\t\\"}} `
	var r v1.Request
	if p := r.Scan([]byte(body)); p.Refused() {
		t.Fatalf("refused: %+v", p)
	}
	want := []string{"", "1", "2", "3", "4", `Nguyễn "😀"`, "5", "6", "7", "8", "9", "", "10", "/\b\f\n\r\t\\"}
	for f := v1.FieldID; int(f) < len(want); f++ {
		if text, ok := r.Text(f); !ok || string(text) != want[f] {
			t.Errorf("%s = %q, %v; want %q", f, text, ok, want[f])
		}
	}
}

func TestScanTreatsNullAsLeftOut(t *testing.T) {
	var r v1.Request
	if p := r.Scan([]byte(`{"id":"1","name":null,"staff":null}`)); p.Refused() {
		t.Fatalf("refused: %+v", p)
	}
	for _, f := range []v1.Field{v1.FieldName, v1.FieldStaff, v1.FieldStaffID, v1.FieldDOB} {
		if _, ok := r.Text(f); ok {
			t.Errorf("%s counts as given", f)
		}
	}
}

func TestScanRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		body  string
		code  string
		field string
	}{
		"empty":               {"", "body_malformed", ""},
		"not an object":       {`["id"]`, "body_malformed", ""},
		"cut off":             {`{"id":"1"`, "body_malformed", ""},
		"something behind":    {`{"id":"1"}{}`, "body_malformed", ""},
		"NUL behind":          {"{\"id\":\"1\"}\x00", "body_malformed", ""},
		"no colon":            {`{"id" "1"}`, "body_malformed", ""},
		"trailing comma":      {`{"id":"1",}`, "body_malformed", ""},
		"byte order mark":     {"\xef\xbb\xbf" + `{"id":"1"}`, "body_malformed", ""},
		"single quotes":       {`{'id':'1'}`, "body_malformed", ""},
		"number":              {`{"id":1080000000}`, "body_malformed", "id"},
		"bool":                {`{"name":true}`, "body_malformed", "name"},
		"half a null":         {`{"name":nul}`, "body_malformed", "name"},
		"list":                {`{"dob":[]}`, "body_malformed", "dob"},
		"twice":               {`{"id":"1","id":"1"}`, "body_malformed", "id"},
		"twice, once null":    {`{"id":null,"id":"1"}`, "body_malformed", "id"},
		"twice by escape":     {`{"id":"1","\u0069d":"1"}`, "body_malformed", "id"},
		"raw control":         {"{\"name\":\"a\nb\"}", "body_malformed", "name"},
		"raw control, escape": {"{\"name\":\"\\u0041\x01\"}", "body_malformed", "name"},
		"bad escape":          {`{"name":"\x41"}`, "body_malformed", "name"},
		"high escape":         {"{\"name\":\"\\\xff\"}", "body_malformed", "name"},
		"short escape":        {`{"name":"\u00"}`, "body_malformed", "name"},
		"high half":           {`{"name":"\ud83d"}`, "body_malformed", "name"},
		"low half":            {`{"name":"\ude00"}`, "body_malformed", "name"},
		"two high halves":     {`{"name":"\ud83d\ud83d"}`, "body_malformed", "name"},
		"not UTF-8":           {"{\"name\":\"\xff\"}", "body_malformed", "name"},
		"not UTF-8, escape":   {"{\"name\":\"\\n\xc3\"}", "body_malformed", "name"},
		"staff is text":       {`{"staff":"1"}`, "body_malformed", "staff"},
		"staff in staff":      {`{"staff":{"staff":{}}}`, "field_unknown", "staff.staff"},
		"staff's number":      {`{"staff":{"id":1}}`, "body_malformed", "staff.id"},
		"deep":                {`{"x":` + strings.Repeat(`{"x":`, 100_000), "field_unknown", "x"},
		"unknown":             {`{"birthday":"1"}`, "field_unknown", "birthday"},
		"other letter case":   {`{"ID":"1"}`, "field_unknown", ""},
		"camel case":          {`{"idNumber":"1"}`, "field_unknown", "idNumber"},
		"a card for a key":    {`{"gd4010000000001":"1"}`, "field_unknown", ""},
		"a name for a key":    {`{"Nguyễn Văn Mẫu":"1"}`, "field_unknown", ""},
		"long key":            {`{"` + strings.Repeat("a", 33) + `":"1"}`, "field_unknown", ""},
		"markup for a key":    {`{"<b>":"1"}`, "field_unknown", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var r v1.Request
			p := r.Scan([]byte(c.body))
			if !p.Refused() || p.Meaning().Code != c.code || p.Field != c.field {
				t.Errorf("got %q %q, want %q %q", p.Meaning().Code, p.Field, c.code, c.field)
			}
		})
	}
}

// FuzzScan holds the scanner to encoding/json: what one understands the other does, member by member.
func FuzzScan(f *testing.F) {
	for _, seed := range []string{
		`{"id":"001080000000","name":"Nguyễn Văn Mẫu","dob":"1980-02-01","sex":"male","facility":"01000","on":"2026-11-21","purpose":"treatment"}`,
		`{"qr":"001080000000||Nguy\u1ec5n|01021980|Nam|X|01012022","staff":{"id":"001199000000","name":null}}`,
		`{"name":"\ud83d\ude00\"\\\/"}`, `{"name":"\ud83d"}`, `{"a":{"b":[1,2,{}]}}`, `{"id":"1","id":"2"}`, `{}`, "{\"name\":\"\xff\"}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		want, ok := reference(body)
		var r v1.Request
		p := r.Scan(bytes.Clone(body))
		if p.Refused() == ok {
			t.Fatalf("scanner refuses: %+v, encoding/json understands: %v", p, ok)
		}
		if !ok {
			if p.Refusal != verify.RefusalBody && p.Refusal != verify.RefusalField {
				t.Fatalf("refused as %v", p.Refusal)
			}
			return
		}
		for field := v1.FieldID; field <= v1.FieldStaffName; field++ {
			text, given := r.Text(field)
			if field == v1.FieldStaff {
				continue
			}
			if w, has := want[field.String()]; has != given || w != string(text) {
				t.Fatalf("%s: got %q %v, want %q %v", field, text, given, w, has)
			}
		}
	})
}

var errShape = errors.New("not a question")

// reference reads a body with encoding/json's tokens and the rules of a question on top.
func reference(body []byte) (map[string]string, bool) {
	if !json.Valid(body) || !utf8.Valid(body) {
		return nil, false
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	out := map[string]string{}
	if err := object(dec, "", out); err != nil {
		return nil, false
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, false
	}
	return out, !halfPair(body)
}

func object(dec *json.Decoder, prefix string, out map[string]string) error {
	if tok, err := dec.Token(); err != nil || tok != json.Delim('{') {
		return errShape
	}
	seen := map[string]bool{}
	for dec.More() {
		tok, err := dec.Token()
		key, isText := tok.(string)
		if err != nil || !isText || !known(prefix+key) || seen[key] {
			return errShape
		}
		seen[key] = true
		if prefix+key == "staff" {
			var raw json.RawMessage
			if err := dec.Decode(&raw); err != nil {
				return err
			}
			if string(raw) == "null" {
				continue
			}
			if err := object(json.NewDecoder(bytes.NewReader(raw)), "staff.", out); err != nil {
				return err
			}
			continue
		}
		switch v, err := dec.Token(); v := v.(type) {
		case nil:
			if err != nil {
				return err
			}
		case string:
			out[prefix+key] = v
		default:
			return errShape
		}
	}
	_, err := dec.Token()
	return err
}

func known(key string) bool {
	for f := v1.FieldID; f <= v1.FieldStaffName; f++ {
		if f.String() == key {
			return true
		}
	}
	return false
}

// halfPair tells whether a string of valid JSON has an escape for half a surrogate pair, which encoding/json replaces
// and the scanner refuses.
func halfPair(body []byte) bool {
	for i := 0; i+6 <= len(body); {
		switch {
		case body[i] != '\\':
			i++
		case body[i+1] != 'u':
			i += 2
		default:
			hi := escapeAt(body, i)
			if hi >= 0xDC00 && hi <= 0xDFFF {
				return true
			}
			i += 6
			if hi < 0xD800 || hi > 0xDBFF {
				continue
			}
			if lo := escapeAt(body, i); lo < 0xDC00 || lo > 0xDFFF {
				return true
			}
			i += 6
		}
	}
	return false
}

func escapeAt(body []byte, i int) rune {
	if i+6 > len(body) || body[i] != '\\' || body[i+1] != 'u' {
		return -1
	}
	var r rune
	for _, c := range body[i+2 : i+6] {
		r = r<<4 | rune(strings.IndexByte("0123456789abcdef", c|0x20))
	}
	return r
}
