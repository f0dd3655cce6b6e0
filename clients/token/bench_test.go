package token_test

import (
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/verigate/verigate/verify"
)

// BenchmarkCheckCached is what a token costs every request but its first.
func BenchmarkCheckCached(b *testing.B) {
	f := newFixture(b)
	text := f.take(b, verify.TokenRequest{})
	at := now()
	b.ReportAllocs()
	b.ReportMetric(float64(len(text)), "bytes/token")
	for b.Loop() {
		if _, refusal := f.Check(at, text, nil); refusal != verify.RefusalNone {
			b.Fatal(refusal.Code())
		}
	}
}

// BenchmarkCheckFirst is what it costs its first request: a signature. Tokens are refused for their scopes in the end,
// which the cache does not remember.
func BenchmarkCheckFirst(b *testing.B) {
	f := newFixture(b)
	text := f.forge(b, jwt.SigningMethodEdDSA, f.signing, func(_, c map[string]any) { c["scope"] = "admin" })
	at := now()
	b.ReportAllocs()
	for b.Loop() {
		if _, refusal := f.Check(at, text, nil); refusal != verify.RefusalTokenRevoked {
			b.Fatal(refusal.Code())
		}
	}
}

// BenchmarkCheckInvented is what a token costs that somebody made up, who read the published keys: no signature.
func BenchmarkCheckInvented(b *testing.B) {
	f := newFixture(b)
	text := f.forge(b, jwt.SigningMethodEdDSA, f.signing, func(h, _ map[string]any) { delete(h, "tag") })
	at := now()
	b.ReportAllocs()
	for b.Loop() {
		if _, refusal := f.Check(at, text, nil); refusal != verify.RefusalKeyUnknown {
			b.Fatal(refusal.Code())
		}
	}
}

// BenchmarkIssue is a token for an API key.
func BenchmarkIssue(b *testing.B) {
	f := newFixture(b)
	b.ReportAllocs()
	for b.Loop() {
		f.take(b, verify.TokenRequest{})
	}
}

// BenchmarkClientAssertion is reading a signed request.
func BenchmarkClientAssertion(b *testing.B) {
	f := newFixture(b)
	req := verify.TokenRequest{Assertion: sign(b, jwt.SigningMethodEdDSA, f.private, "desk", statement())}
	b.ReportAllocs()
	for b.Loop() {
		if _, refusal := f.Client(now(), &req); refusal != verify.RefusalNone {
			b.Fatal(refusal.Code())
		}
	}
}
