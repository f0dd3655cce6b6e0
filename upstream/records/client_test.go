package records_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/upstream"
	"github.com/verigate/verigate/upstream/records"
	"github.com/verigate/verigate/verify"
)

// The client library ends its idle-connection sweeper only at its next tick, seconds after Close.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*HostClient).connsCleaner"))
}

const person = `{"status":"record","version":12,"as_of":"2026-11-21T01:02:03.004Z","record":{"id":"001080000000","code":"0000000001",` +
	`"name":"Nguyễn Văn Mẫu","dob":"1980-02","sex":"male","address":"Xã Mẫu","office":"Bảo hiểm xã hội mẫu","cards":[{"number":"GD4010000000001",` +
	`"valid_from":"2026-01-01","valid_to":"2026-12-31","status":"recalled","status_from":"2026-05-01","facility":"01000","facility_name":"Trạm mẫu",` +
	`"benefit":4,"area":"K2","five_years_from":"2020-01-01"}],"former":[{"kind":"id","value":"001080000001","until":"2024-05-01"}]}}`

func mustKey(t testing.TB, kind identity.Kind, value string) identity.Key {
	t.Helper()
	k, ok := identity.NewKey(kind, value)
	if !ok {
		t.Fatalf("bad test key of kind %v", kind)
	}
	return k
}

func newClient(t *testing.T, url string, change func(*upstream.Endpoint, *records.Config)) *records.Client {
	t.Helper()
	var e upstream.Endpoint
	var cfg records.Config
	config.Defaults(&e)
	e.URL = url
	if change != nil {
		change(&e, &cfg)
	}
	c, err := records.New(e, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func fetch(c *records.Client, keys ...identity.Key) ([]verify.Held, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	l := &verify.Lookup{Keys: keys, Held: make([]verify.Held, len(keys))}
	err := c.Fetch(ctx, l)
	return l.Held, err
}

func TestFetchPutsTheQuestionAndReadsTheAnswers(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("sesame\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	id, absent, soldier := mustKey(t, identity.KindID, "001080000000"), mustKey(t, identity.KindCode, "0000000002"), mustKey(t, identity.KindCard, "QN5970000000003")
	var asked, auth string
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		asked, auth = r.Method+" "+r.URL.Path+" "+string(b), r.Header.Get("Authorization")
		body := `{"watermark":{},"answers":[` + person + `,{"status":"absent","version":17,"as_of":"2026-11-21T01:02:03Z"},` +
			`{"status":"elsewhere","holder":"defence","version":1,"as_of":"2026-11-21T01:02:03Z"}]}`
		sum := sha256.Sum256([]byte(body))
		w.Header().Set("Content-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(sum[:])+":")
		_, _ = io.WriteString(w, body)
	})
	c := newClient(t, url, func(_ *upstream.Endpoint, cfg *records.Config) { cfg.TokenFile = config.SecretFile(token) })
	out, err := fetch(c, id, absent, soldier)
	if err != nil {
		t.Fatal(err)
	}
	if want := `POST /records {"keys":[{"kind":"id","value":"001080000000"},{"kind":"code","value":"0000000002"},{"kind":"card","value":"QN5970000000003"}]}`; asked != want || auth != "Bearer sesame" {
		t.Errorf("asked %s\nwith %q", asked, auth)
	}
	var r verify.Record
	if err := r.Decode(out[0].Record); err != nil {
		t.Fatal(err)
	}
	card := r.Cards[0]
	if string(r.Name) != "Nguyễn Văn Mẫu" || r.DOB != (identity.Date{Year: 1980, Month: 2}) || r.Sex != identity.Male || r.ID != id ||
		card.Status != verify.StatusRecalled || card.StatusFrom.String() != "2026-05-01" || card.Area != 2 || card.Facility.String() != "01000" ||
		string(card.FacilityName) != "Trạm mẫu" || len(r.Former) != 1 {
		t.Errorf("record = %+v", r)
	}
	if out[0].Version != 12 || out[1].State != verify.StateAbsent || out[1].Version != 17 || out[2].State != verify.StateElsewhere || out[2].Holder != verify.HolderDefence {
		t.Errorf("held = %+v", out)
	}
}

func TestADoubtfulReplyIsTrouble(t *testing.T) {
	reply := func(answers string) string { return `{"answers":[` + answers + `]}` }
	change := func(from, to string) string { return reply(strings.Replace(person, from, to, 1)) }
	tests := []struct {
		name, body string
		status     int
		header     string
		want       verify.Trouble
	}{
		{"status 500", "", 500, "", verify.TroubleRefused},
		{"status 401", "", 401, "", verify.TroubleRefused},
		{"empty", "", 200, "", verify.TroubleGarbled},
		{"truncated", reply(person)[:300], 200, "", verify.TroubleGarbled},
		{"not utf-8", change("Nguyễn", "Nguy\xff"), 200, "", verify.TroubleGarbled},
		{"wrong digest", reply(person), 200, "sha-256=:" + base64.StdEncoding.EncodeToString(make([]byte, 32)) + ":", verify.TroubleGarbled},
		{"odd digest", reply(person), 200, "sha-256=:", verify.TroubleGarbled},
		{"no answers", reply(""), 200, "", verify.TroubleGarbled},
		{"two answers to one key", reply(person + "," + person), 200, "", verify.TroubleGarbled},
		{"unknown status", change(`"status":"record"`, `"status":"maybe"`), 200, "", verify.TroubleGarbled},
		{"no record", reply(`{"status":"record","as_of":"2026-11-21T01:02:03Z"}`), 200, "", verify.TroubleGarbled},
		{"no as_of", reply(`{"status":"absent","version":1}`), 200, "", verify.TroubleGarbled},
		{"another person", change("001080000000", "001080000009"), 200, "", verify.TroubleGarbled},
		{"short id", change("001080000000", "00108000000"), 200, "", verify.TroubleGarbled},
		{"unknown holder", reply(`{"status":"elsewhere","holder":"moon","as_of":"2026-11-21T01:02:03Z"}`), 200, "", verify.TroubleGarbled},
		{"unknown sex", change(`"male"`, `"m"`), 200, "", verify.TroubleGarbled},
		{"unknown card status", change(`"recalled"`, `"lost"`), 200, "", verify.TroubleGarbled},
		{"unknown area", change(`"K2"`, `"K9"`), 200, "", verify.TroubleGarbled},
		{"bad date", change(`"1980-02"`, `"1980-13"`), 200, "", verify.TroubleGarbled},
		{"no valid_from", change(`"valid_from":"2026-01-01",`, ""), 200, "", verify.TroubleGarbled},
		{"bad facility", change(`"01000"`, `"0100"`), 200, "", verify.TroubleGarbled},
		{"bad card number", change("GD4010000000001", "GD401000000001"), 200, "", verify.TroubleGarbled},
		{"name too long", change("Nguyễn", strings.Repeat("N", verify.MaxText)), 200, "", verify.TroubleGarbled},
		{"too long", reply(person) + strings.Repeat(" ", 70_000), 200, "", verify.TroubleGarbled},
	}
	id := mustKey(t, identity.KindID, "001080000000")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				if tt.header != "" {
					w.Header().Set("Content-Digest", tt.header)
				}
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			})
			_, err := fetch(newClient(t, url, func(e *upstream.Endpoint, _ *records.Config) { e.MaxReply = 64 << 10 }), id)
			var f *upstream.Failure
			if !errors.As(err, &f) || f.Trouble != tt.want {
				t.Errorf("err = %v, want trouble %v", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "Nguy") {
				t.Errorf("the error quotes the reply: %v", err)
			}
		})
	}
}

func TestTransportTroubles(t *testing.T) {
	id := mustKey(t, identity.KindID, "001080000000")
	release := make(chan struct{})
	hang := serve(t, func(http.ResponseWriter, *http.Request) { <-release })
	t.Cleanup(func() { close(release) }) // before the server's own clean-up, which waits for its handlers
	closed := httptest.NewServer(nil)
	closed.Close()
	tests := []struct {
		name, url string
		want      verify.Trouble
	}{
		{"hangs", hang, verify.TroubleTimeout},
		{"nobody there", closed.URL, verify.TroubleNetwork},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newClient(t, tt.url, nil)
			ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
			defer cancel()
			err := c.Fetch(ctx, &verify.Lookup{Keys: []identity.Key{id}, Held: make([]verify.Held, 1)})
			var f *upstream.Failure
			if !errors.As(err, &f) || f.Trouble != tt.want {
				t.Errorf("err = %v, want trouble %v", err, tt.want)
			}
		})
	}
}

func TestBadSettingsAreNamed(t *testing.T) {
	tests := []struct {
		name   string
		change func(*upstream.Endpoint, *records.Config)
		want   string
	}{
		{"no scheme", func(e *upstream.Endpoint, _ *records.Config) { e.URL = "registry:8081" }, "registry.url"},
		{"token missing", func(_ *upstream.Endpoint, c *records.Config) { c.TokenFile = "/does/not/exist" }, "registry.token_file"},
		{"ca missing", func(e *upstream.Endpoint, _ *records.Config) { e.CAFile = "/does/not/exist" }, "registry.ca_file"},
		{"half a pair", func(e *upstream.Endpoint, _ *records.Config) { e.CertFile = "/does/not/exist" }, "registry.key_file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, cfg := upstream.Endpoint{URL: "http://127.0.0.1:1"}, records.Config{}
			tt.change(&e, &cfg)
			if _, err := records.New(e, cfg); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("err = %v, want one naming %s", err, tt.want)
			}
		})
	}
}
