package gateway_test

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"
	"time"

	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/gateway/secure/securetest"
)

func sha256Of(b []byte) [32]byte { return sha256.Sum256(b) }

// reload puts text into a file of HTTPS and waits until it is in force.
func (s *site) reload(t *testing.T, path string, text []byte) {
	t.Helper()
	securetest.Write(t, path, text)
	if err := <-s.reloaded; err != nil {
		t.Fatal(err)
	}
}

// sameConnection sends a question and tells whether it went over a connection that was open before.
func (s *site) sameConnection(t *testing.T, c *http.Client, key string) (reply, bool) {
	t.Helper()
	var reused bool
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { reused = i.Reused }})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.https+"/v1/verify", strings.NewReader(goodQuestion))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	return reply{res.StatusCode, res.Header, string(b)}, reused
}

// A certificate that is revoked counts no more on a connection that lives on, which is then closed; a new one is not
// opened. Others are not disturbed.
func TestRevokedAfterTheHandshake(t *testing.T) {
	s := newSite(t)
	alice, carol, none := s.client(t, &s.alice), s.client(t, &s.carol), s.client(t, nil)
	for name, c := range map[string]*http.Client{s.keys["bound"]: alice, "": carol, s.keys["plain"]: none} {
		if got, _ := s.sameConnection(t, c, name); got.status != 200 {
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
	s.reload(t, s.cfg.ClientCRLFile, s.ca.CRL(t, time.Now(), 24*time.Hour, s.alice))

	got, same := s.sameConnection(t, alice, s.keys["bound"])
	if !same || got.status != 401 || !strings.Contains(got.body, `"code":"certificate_revoked"`) {
		t.Errorf("the revoked one: same connection %v, %d %s", same, got.status, got.body)
	}
	if logged := s.last(t, 0); logged != "- certificate_revoked" {
		t.Errorf("the log has %q", logged)
	}
	if _, err := alice.Get(s.https + "/openapi.yaml"); err == nil || !strings.Contains(err.Error(), "tls: ") {
		t.Errorf("a new connection with it: %v", err)
	}
	for name, c := range map[string]*http.Client{"": carol, s.keys["plain"]: none} {
		if got, same := s.sameConnection(t, c, name); got.status != 200 || !same {
			t.Errorf("another caller: same connection %v, %d %s", same, got.status, got.body)
		}
	}
}

// An authority that is taken off the list takes its certificates with it; one that is added brings its own.
func TestAuthoritiesChange(t *testing.T) {
	s := newSite(t)
	carol := s.client(t, &s.carol)
	if got, _ := s.sameConnection(t, carol, ""); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	other := securetest.New(t, "Other")
	bob := other.Client(t, "bob", time.Hour)
	appendFile(t, s.cfg.ClientCAFile, other.PEM())
	if err := <-s.reloaded; err != nil {
		t.Fatal(err)
	}
	if got, same := s.sameConnection(t, carol, ""); got.status != 200 || !same {
		t.Errorf("after another was added: same connection %v, %d %s", same, got.status, got.body)
	}
	if got, _ := s.sameConnection(t, s.client(t, &bob), s.keys["plain"]); got.status != 200 {
		t.Errorf("the new authority's client: %d %s", got.status, got.body)
	}
	securetest.Write(t, s.cfg.ClientCRLFile, other.CRL(t, time.Now(), time.Hour))
	s.reload(t, s.cfg.ClientCAFile, other.PEM())
	if got, _ := s.sameConnection(t, carol, ""); got.status != 401 || !strings.Contains(got.body, "certificate_revoked") {
		t.Errorf("after its own was taken off: %d %s", got.status, got.body)
	}
}

// A stream that lives on ends when what it began with does, the lines that follow being told why.
func TestStreamsEndWithTheirCredential(t *testing.T) {
	for name, c := range map[string]struct {
		cert func(*site) *securetest.Pair
		key  string
		end  func(*testing.T, *site)
		want string
	}{
		"certificate revoked": {func(s *site) *securetest.Pair { return &s.alice }, "bound", func(t *testing.T, s *site) {
			s.reload(t, s.cfg.ClientCRLFile, s.ca.CRL(t, time.Now(), time.Hour, s.alice))
		}, "certificate_revoked"},
		"key revoked": {func(*site) *securetest.Pair { return nil }, "plain", func(t *testing.T, s *site) {
			s.update(t, func(f *clients.File) { _ = f.Find("plain").RevokeKey(time.Now(), s.ids["plain"]) })
			<-s.changed
		}, "key_revoked"},
		"caller suspended": {func(*site) *securetest.Pair { return nil }, "plain", func(t *testing.T, s *site) {
			s.update(t, func(f *clients.File) { f.Find("plain").Status = clients.StatusSuspended })
			<-s.changed
		}, "caller_suspended"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			in, out := io.Pipe()
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.https+"/v1/verify", in)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/x-ndjson")
			req.Header.Set("Authorization", "Bearer "+s.keys[c.key])
			go func() { _, _ = io.WriteString(out, goodQuestion+"\n") }()
			res, err := s.client(t, c.cert(s)).Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			lines := bufio.NewScanner(res.Body)
			next := func() (l line) {
				if !lines.Scan() {
					t.Fatalf("the stream ended: %v", lines.Err())
				}
				if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
					t.Fatal(err)
				}
				return l
			}
			if l := next(); l.Outcome != "match" {
				t.Fatalf("at first: %+v", l)
			}
			c.end(t, s)
			_, _ = io.WriteString(out, goodQuestion+"\n")
			if l := next(); l.Code != c.want {
				t.Errorf("then: %+v, want %s", l, c.want)
			}
			_ = out.Close()
			if lines.Scan() {
				t.Errorf("and more: %s", lines.Text())
			}
		})
	}
}
