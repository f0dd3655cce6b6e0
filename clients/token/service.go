package token

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/internal/metric"
	"github.com/verigate/verigate/internal/watched"
	"github.com/verigate/verigate/verify"
)

// The paths that the metadata names.
const (
	TokenPath = "/oauth/token" //nolint:gosec // a path, not a credential
	KeysPath  = "/oauth/jwks"
)

// Deps are what access tokens work with. Directory is required; the others may be nil.
type Deps struct {
	Directory *clients.Directory
	Redis     *clients.RedisConfig // where nodes remember signed requests together; nil: each by itself
	Log       *slog.Logger
	Metrics   *metric.Set
}

// Service issues and checks access tokens. It is safe for concurrent use; [Service.Close] stops its watching.
type Service struct {
	cfg      Config
	deps     Deps
	keys     atomic.Pointer[keySet]
	fault    atomic.Pointer[string] // why the signing keys as they are now were refused
	cache    *cache
	replays  *replays
	shared   *shared     // nil: this node is alone
	tokens   *jwt.Parser // of our own tokens
	asserted *jwt.Parser // of callers' assertions
	metadata []byte
	count    counters
	stop     context.CancelFunc
	done     chan struct{}
}

type counters struct {
	issued, verified, refreshed, refused, replayed, reloads, reloadRefused *metric.Counter
}

// Open reads the signing keys and begins to watch their files. The issuer must be set by now.
func Open(cfg Config, deps Deps) (*Service, error) {
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Issuer == "" {
		return nil, fmt.Errorf("opening access tokens: issuer is empty")
	}
	files := make([]string, 0, len(cfg.SigningKeys))
	for _, f := range cfg.SigningKeys {
		files = append(files, string(f))
	}
	changes := watched.Together(files...)
	keys, err := readKeySet(cfg.SigningKeys)
	if err != nil {
		return nil, fmt.Errorf("opening access tokens: %w", err)
	}
	life := cfg.AssertionLife.Std() + 2*leeway // as long as an assertion could be shown again
	s := &Service{cfg: cfg, deps: deps, cache: newCache(cfg.MaxCached), replays: newReplays(life), done: make(chan struct{})}
	if deps.Redis != nil && deps.Redis.Enabled() {
		if s.shared, err = newShared(deps.Redis, life, deps.Metrics); err != nil {
			return nil, fmt.Errorf("opening access tokens: %w", err)
		}
	}
	s.keys.Store(keys)
	s.tokens = jwt.NewParser(jwt.WithValidMethods([]string{"EdDSA"}), jwt.WithIssuer(cfg.Issuer), jwt.WithAudience(cfg.Issuer),
		jwt.WithExpirationRequired(), jwt.WithStrictDecoding())
	s.asserted = jwt.NewParser(jwt.WithValidMethods(assertionMethods), jwt.WithAudience(cfg.Issuer, cfg.Issuer+TokenPath),
		jwt.WithExpirationRequired(), jwt.WithLeeway(leeway), jwt.WithStrictDecoding())
	if s.metadata, err = metadata(cfg.Issuer); err != nil {
		return nil, fmt.Errorf("opening access tokens: %w", err)
	}
	s.register(deps.Metrics)
	var ctx context.Context
	ctx, s.stop = context.WithCancel(context.Background())
	go func() {
		defer close(s.done)
		changes.Run(ctx, cfg.Poll.Std(), s.reload)
	}()
	return s, nil
}

// Close stops watching the signing keys and leaves Redis; tokens keep being issued and known.
func (s *Service) Close() {
	s.stop()
	<-s.done
	if s.shared != nil {
		_ = s.shared.client.Close() // nothing is lost with it
	}
}

// reload puts changed signing keys in force, all of them or none.
func (s *Service) reload() {
	keys, err := readKeySet(s.cfg.SigningKeys)
	if err != nil {
		why := err.Error()
		s.fault.Store(&why)
		s.count.reloadRefused.Inc()
		s.deps.Log.Error("signing keys refused, the previous ones stay in force", "reason", err)
		return
	}
	s.keys.Store(keys)
	s.fault.Store(nil)
	s.count.reloads.Inc()
	s.deps.Log.Info("signing keys loaded", "signing", keys.signing.id, "keys", len(keys.byID))
}

// Status is what /status tells of access tokens.
type Status struct {
	Issuer  string  `json:"issuer"`
	Signing string  `json:"signing"` // kid of the key that signs
	Keys    int     `json:"keys"`    // accepted and published
	Life    float64 `json:"life_s"`
	Cached  int     `json:"cached"` // checked tokens that are remembered
	Error   *string `json:"error,omitempty"`
}

// Status tells which keys are in force and whether newer ones were refused.
func (s *Service) Status() Status {
	k := s.keys.Load()
	return Status{Issuer: s.cfg.Issuer, Signing: k.signing.id, Keys: len(k.byID), Life: s.cfg.Life.Std().Seconds(), Cached: s.cache.size(), Error: s.fault.Load()}
}

// Keys returns the public keys as a JWK set (RFC 7517). It must not be changed.
func (s *Service) Keys() []byte { return s.keys.Load().jwks }

// Metadata returns the authorization server's metadata (RFC 8414). It must not be changed.
func (s *Service) Metadata() []byte { return s.metadata }

func metadata(issuer string) ([]byte, error) {
	return json.Marshal(struct {
		Issuer     string   `json:"issuer"`
		Token      string   `json:"token_endpoint"`
		Keys       string   `json:"jwks_uri"`
		Scopes     []string `json:"scopes_supported"`
		Responses  []string `json:"response_types_supported"` // required, and empty without an authorization endpoint
		Grants     []string `json:"grant_types_supported"`
		Methods    []string `json:"token_endpoint_auth_methods_supported"`
		Algorithms []string `json:"token_endpoint_auth_signing_alg_values_supported"`
		Bound      bool     `json:"tls_client_certificate_bound_access_tokens"`
	}{
		issuer, issuer + TokenPath, issuer + KeysPath, verify.ScopeNames[:], []string{}, []string{"client_credentials"},
		[]string{"client_secret_basic", "private_key_jwt", "tls_client_auth"}, assertionMethods, true,
	})
}

func (s *Service) register(set *metric.Set) {
	c := &s.count
	c.issued = set.Counter("verigate_tokens_issued_total", "Access tokens issued.")
	check := func(result string) *metric.Counter {
		return set.Counter("verigate_tokens_checks_total", "Access tokens that the cache did not know, by what became of them: verified by signature, refreshed after a change or a minute, refused.", "result", result)
	}
	c.verified, c.refreshed, c.refused = check("verified"), check("refreshed"), check("refused")
	c.replayed = set.Counter("verigate_tokens_replays_total", "Signed requests for a token that were shown a second time.")
	reload := func(result string) *metric.Counter {
		return set.Counter("verigate_tokens_reloads_total", "Changed signing keys by what became of them.", "result", result)
	}
	c.reloads, c.reloadRefused = reload("loaded"), reload("refused")
	set.Gauge("verigate_tokens_keys_refused", "1 while the signing keys' files are newer than what is in force because they were refused.", func() float64 {
		if s.fault.Load() != nil {
			return 1
		}
		return 0
	})
}

// leeway is how far a caller's clock may be off.
const leeway = 30 * time.Second
