package token_test

import (
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/verigate/verigate/cache/cachetest"
	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/clients/token"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/verify"
)

// A signed request is good once for all nodes together; without Redis each node still refuses what it has seen itself.
func TestNodesShareWhatTheySaw(t *testing.T) {
	r := cachetest.Redis(t)
	f := newFixture(t)
	var shared clients.RedisConfig
	config.Defaults(&shared)
	shared.URL = "redis://" + r.Addr
	node := func() *token.Service {
		var cfg token.Config
		config.Defaults(&cfg)
		cfg.Issuer, cfg.SigningKeys = issuer, f.files
		s, err := token.Open(cfg, token.Deps{Directory: f.dir, Redis: &shared})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		return s
	}
	a, b := node(), node()
	use := func(s *token.Service, assertion []byte) verify.Refusal {
		req := verify.TokenRequest{Assertion: assertion}
		c, refusal := s.Client(now(), &req)
		if refusal == verify.RefusalNone {
			_, refusal = s.Issue(now(), c, &req)
		}
		return refusal
	}
	first := sign(t, jwt.SigningMethodEdDSA, f.private, "desk", statement())
	if got := use(a, first); got != verify.RefusalNone {
		t.Errorf("the first use: %q", got.Code())
	}
	if got := use(b, first); got != verify.RefusalReplayed {
		t.Errorf("at another node: %q", got.Code())
	}
	if got := use(node(), first); got != verify.RefusalReplayed {
		t.Errorf("after a restart: %q", got.Code())
	}
	r.Kill()
	second := sign(t, jwt.SigningMethodEdDSA, f.private, "desk", statement())
	for i, want := range []verify.Refusal{verify.RefusalNone, verify.RefusalReplayed} {
		if got := use(a, second); got != want {
			t.Errorf("without Redis, use %d: %q, want %q", i+1, got.Code(), want.Code())
		}
	}
}
