//go:build !race

package gateway_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/valyala/fasthttp"

	"github.com/verigate/verigate/gateway"
	"github.com/verigate/verigate/gateway/secure/securetest"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/resolve"
	"github.com/verigate/verigate/verify"
)

// recaller has one person in memory, under every identifier.
type recaller struct{ record []byte }

func (r recaller) Recall(_ context.Context, l *verify.Lookup) {
	for i := range l.Held {
		l.Held[i] = verify.Held{State: verify.StatePresent, Source: verify.SourceLocal, Version: 1, AsOf: 1_800_000_000e9, MaxAge: 900e9, Record: r.record}
	}
}

// hot makes a server whose every lookup is answered from memory: a card in force, and a newer one.
func hot(tb testing.TB, w *world) *gateway.Server {
	tb.Helper()
	rec := sample()
	next := rec.Cards[0]
	next.Number, next.From, next.To = key(identity.KindCard, "GD4010000000002"), date(2027, 1, 1), date(2027, 12, 31)
	rec.Cards = append(rec.Cards, next)
	cfg, deps := testConfig(), testDeps(w)
	deps.Recorder = quiet{}
	deps.Resolver = resolve.New(resolve.Deps{Hasher: deps.Hasher, Policy: deps.Policy, Recaller: recaller{encode(rec)}, Recorder: deps.Recorder})
	s, err := gateway.New(cfg, deps)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func TestHotPathDoesNotAllocate(t *testing.T) {
	w := newWorld()
	s := hot(t, w)
	base := start(t, w, nil)
	sess := login(t, base)
	for name, c := range map[string]struct {
		rc   *fasthttp.RequestCtx
		want string
	}{
		"lookup": {request("/v1/lookup", "Bearer "+clinicKey, "application/json",
			`{"id":"001080000000","name":"Nguy\u1ec5n Văn Mẫu","dob":"1980-02-01","purpose":"treatment","staff":{"id":"001199000000","name":"T"}}`), `"outcome":"match"`},
		"lookup by qr": {request("/v1/lookup", "Bearer "+clinicKey, "application/json",
			`{"qr":"001080000000||Nguyễn Văn Mẫu|01021980|Nam|Xã Mẫu|01012022"}`), `"successor":{`},
		"verify": {request("/v1/verify", "Bearer "+agencyKey, "application/json", `{"card":"GD4010000000001","name":"Nguyễn Văn Mẫu","sex":"male"}`), `"sex":"match"`},
		"portal": {request("/api/egw/KQNhanLichSuKCB2019"+sess.query(), "", jsonType,
			`{"maThe":"GD4010000000001","hoTen":"Nguyễn Văn Mẫu","ngaySinh":"01/02/1980"}`), `"maKetQua":"004"`},
		"portal 2024": {request("/api/egw/KQNhanLichSuKCB2024"+sess.query(), "", formType,
			`maThe=GD4010000000001&hoTen=Nguy%E1%BB%85n+V%C4%83n+M%E1%BA%ABu&ngaySinh=1980&hoTenCb=Tr%E1%BA%A7n+Th%E1%BB%8B+Th%E1%BB%AD&cccdCb=001199000000`), `"maTheMoi":"GD4010000000002"`},
	} {
		t.Run(name, func(t *testing.T) {
			run := func() {
				s.Handle(c.rc)
				if code := c.rc.Response.StatusCode(); code != 200 || !bytes.Contains(c.rc.Response.Body(), []byte(c.want)) {
					t.Fatalf("status %d: %s", code, c.rc.Response.Body())
				}
			}
			run()
			if n := testing.AllocsPerRun(200, run); n > 0 {
				t.Errorf("%v allocations per request", n)
			}
		})
	}
}

// TestCredentialsDoNotAllocate is the same with the real directory: by key, by access token, over mutual TLS.
func TestCredentialsDoNotAllocate(t *testing.T) {
	s := newSite(t)
	deps := testDeps(s.w)
	deps.Recorder, deps.Callers, deps.Limits, deps.Tokens = quiet{}, s.dir, unlimited{}, s.tokens
	deps.Resolver = resolve.New(resolve.Deps{Hasher: deps.Hasher, Policy: deps.Policy, Recaller: recaller{encode(sample())}, Recorder: deps.Recorder})
	srv, err := gateway.New(testConfig(), deps)
	if err != nil {
		t.Fatal(err)
	}
	by := func(bearer string, cert *securetest.Pair) *fasthttp.RequestCtx {
		rc := request("/v1/verify", "", "application/json", goodQuestion)
		if cert != nil {
			gateway.Connected(rc, s.files, cert.Leaf)
		}
		rc.Request.Header.Del("Authorization")
		if bearer != "" {
			rc.Request.Header.Set("Authorization", "Bearer "+bearer)
		}
		return rc
	}
	bound := s.forge(t, s.signing, map[string]any{"cnf": map[string]any{"x5t#S256": thumbprint(s.bob)}})
	for name, rc := range map[string]*fasthttp.RequestCtx{
		"key":                    by(s.keys["plain"], nil),
		"token":                  by(s.forge(t, s.signing, nil), nil),
		"key with certificate":   by(s.keys["bound"], &s.alice),
		"token with certificate": by(bound, &s.bob),
		"certificate alone":      by("", &s.carol),
	} {
		t.Run(name, func(t *testing.T) {
			run := func() {
				srv.Handle(rc)
				if code := rc.Response.StatusCode(); code != 200 {
					t.Fatalf("status %d: %s", code, rc.Response.Body())
				}
			}
			run()
			if n := testing.AllocsPerRun(200, run); n > 0 {
				t.Errorf("%v allocations per request", n)
			}
		})
	}
}

// unlimited lets everybody in.
type unlimited struct{ gateway.Limits }

func (unlimited) Admit(verify.Instant, *verify.Caller, int) verify.Verdict { return verify.Verdict{} }
func (unlimited) Release(*verify.Caller)                                   {}

func BenchmarkLookup(b *testing.B) {
	s := hot(b, newWorld())
	rc := request("/v1/lookup", "Bearer "+clinicKey, "application/json", `{"id":"001080000000","name":"Nguyễn Văn Mẫu","dob":"1980-02-01"}`)
	b.ReportAllocs()
	for b.Loop() {
		s.Handle(rc)
	}
}
