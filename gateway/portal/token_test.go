package portal_test

import (
	"bytes"
	"encoding/base64"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/verigate/verigate/gateway/portal"
	"github.com/verigate/verigate/verify"
)

var (
	keyA = []byte("0123456789abcdef")
	keyB = []byte("fedcba9876543210")
	noon = verify.Instant{Wall: time.Date(2026, 11, 21, 5, 0, 0, 0, time.UTC).UnixNano()}
)

func tokens(tb testing.TB, keys ...[]byte) *portal.Tokens {
	tb.Helper()
	t, err := portal.NewTokens(keys, 24*time.Hour, time.Hour)
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

func later(d time.Duration) verify.Instant { return verify.Instant{Wall: noon.Wall + int64(d)} }

func issue(tb testing.TB, ts *portal.Tokens, name string) (token, id string) {
	tb.Helper()
	b, tid, ok := ts.Append(nil, noon, []byte(name), 7, portal.TokenID{1, 2, 3})
	if !ok {
		tb.Fatal("not issued")
	}
	return string(b), string(tid.AppendTo(nil))
}

func TestTokenShape(t *testing.T) {
	token, id := issue(t, tokens(t, keyA), "00000_BV")
	if !regexp.MustCompile(`^[A-Za-z0-9_-]{20,100}$`).MatchString(token) {
		t.Errorf("token %s", token)
	}
	if id != "01020300-0000-4000-8000-000000000000" {
		t.Errorf("id_token %s", id)
	}
	for _, name := range []string{"", strings.Repeat("x", 33)} {
		if _, _, ok := tokens(t, keyA).Append(nil, noon, []byte(name), 7, portal.TokenID{}); ok {
			t.Errorf("a token for %q", name)
		}
	}
}

func TestTokenLife(t *testing.T) {
	ts := tokens(t, keyA)
	token, id := issue(t, ts, "00000_BV")
	for name, c := range map[string]struct {
		at        time.Duration
		token, id string
		want      bool
	}{
		"at once":                 {0, token, id, true},
		"id_token in capitals":    {0, token, strings.ToUpper(id), true},
		"a day later":             {24 * time.Hour, token, id, true},
		"in its grace":            {25*time.Hour - time.Second, token, id, true},
		"after its grace":         {25*time.Hour + time.Second, token, id, false},
		"a clock a little behind": {-9 * time.Minute, token, id, true},
		"a clock far behind":      {-time.Hour, token, id, false},
		"no id_token":             {0, token, "", false},
		"another's id_token":      {0, token, "01020300-0000-4000-8000-000000000001", false},
		"no token":                {0, "", id, false},
		"cut off":                 {0, token[:len(token)-1], id, false},
		"a letter changed":        {0, token[:30] + flip(token[30]) + token[31:], id, false},
		"padded":                  {0, token + "==", id, false},
		"too long":                {0, token + strings.Repeat("A", 100), id, false},
		"the national portal's":   {0, base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", 44) + ":00000_BV:638000000000000000")), id, false},
		"not base64":              {0, "Nguyễn", id, false},
		"signed by a stranger":    {0, first(issue(t, tokens(t, keyB), "00000_BV")), id, false},
		"of the key before":       {0, first(issue(t, tokens(t, keyB, keyA), "00000_BV")), id, false},
	} {
		t.Run(name, func(t *testing.T) {
			var out portal.Token
			if got := ts.Check(later(c.at), []byte(c.token), []byte(c.id), &out) == verify.RefusalNone; got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
			if c.want && (string(out.Username()) != "00000_BV" || out.Epoch != 7 || out.Issued != noon.Wall/1e9) {
				t.Errorf("the token says %s, %d, %d", out.Username(), out.Epoch, out.Issued)
			}
		})
	}
}

func first(a, _ string) string { return a }

func flip(c byte) string {
	if c == 'A' {
		return "B"
	}
	return "A"
}

func TestTokenKeysCanBeChangedInTwoSteps(t *testing.T) {
	before, both, after := tokens(t, keyA), tokens(t, keyB, keyA), tokens(t, keyB)
	old, oldID := issue(t, before, "00000_BV")
	fresh, freshID := issue(t, both, "00000_BV")
	var out portal.Token
	for name, c := range map[string]struct {
		ts        *portal.Tokens
		token, id string
		want      bool
	}{
		"old while both": {both, old, oldID, true}, "fresh while both": {both, fresh, freshID, true},
		"old after": {after, old, oldID, false}, "fresh after": {after, fresh, freshID, true},
	} {
		if got := c.ts.Check(noon, []byte(c.token), []byte(c.id), &out) == verify.RefusalNone; got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestLoginAnswers(t *testing.T) {
	got := string(portal.AppendLogin(nil, []byte("AbC"), portal.TokenID{0xab}, []byte("00000_BV"), time.Date(2026, 1, 31, 3, 51, 20, 104718700, time.UTC)))
	want := `{"maKetQua":"200","APIKey":{"access_token":"AbC","id_token":"ab000000-0000-0000-0000-000000000000","token_type":"Bearer","username":"00000_BV","expires_in":"2026-01-31T03:51:20.1047187Z"}}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := string(portal.AppendNoLogin(nil, "401")); got != `{"maKetQua":"401","APIKey":null}` {
		t.Errorf("got %s", got)
	}
}

// FuzzToken feeds tokens; none but our own may pass, and none may crash.
func FuzzToken(f *testing.F) {
	ts := tokens(f, keyA)
	token, id := issue(f, ts, "00000_BV")
	f.Add(token, id)
	f.Add(token[:len(token)-2], id)
	f.Add("", "")
	f.Add(strings.Repeat("A", 99), "00000000-0000-0000-0000-000000000000")
	f.Fuzz(func(t *testing.T, tok, idToken string) {
		var out portal.Token
		if ts.Check(noon, []byte(tok), []byte(idToken), &out) == verify.RefusalNone && (tok != token || !bytes.EqualFold([]byte(idToken), []byte(id))) {
			t.Fatalf("%q %q passes", tok, idToken)
		}
	})
}
