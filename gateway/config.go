package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/gateway/portal"
	"github.com/verigate/verigate/internal/metric"
	"github.com/verigate/verigate/verify"
)

// Config is what an operator sets of the public edge.
type Config struct {
	ReadTimeout         config.Duration `yaml:"read_timeout" default:"5s" min:"100ms" max:"1m" help:"How long a request may take to arrive, header and body together."`
	WriteTimeout        config.Duration `yaml:"write_timeout" default:"5s" min:"100ms" max:"1m" help:"How long writing an answer, or a chunk of a streamed one, may take."`
	IdleTimeout         config.Duration `yaml:"idle_timeout" default:"60s" min:"1s" max:"1h" help:"How long a connection may stay open between requests."`
	MaxBody             config.ByteSize `yaml:"max_body" default:"64KiB" min:"4KiB" max:"1MiB" help:"Largest body of a request that is not streamed."`
	MaxHeader           config.ByteSize `yaml:"max_header" default:"8KiB" min:"4KiB" max:"64KiB" help:"Largest request header; every open connection holds a buffer of this size."`
	MaxConnections      int             `yaml:"max_connections" default:"20000" min:"1" help:"Connections served at once per listener."`
	MaxConnectionsPerIP int             `yaml:"max_connections_per_ip" default:"0" min:"0" help:"Connections served at once from one address; 0 means no limit of its own."`
	TrustedProxies      []string        `yaml:"trusted_proxies" help:"Networks (CIDR) of proxies in front whose X-Forwarded-For is believed when log-ins and unknown credentials are slowed and recorded by address; everybody else's is ignored."`
	MaxInFlight         int             `yaml:"max_in_flight" default:"4096" min:"1" help:"Requests under way at once; more wait for queue_wait."`
	MaxQueue            int             `yaml:"max_queue" default:"8192" min:"0" help:"Requests that may wait for a place; more are told overloaded at once."`
	QueueWait           config.Duration `yaml:"queue_wait" default:"250ms" min:"0s" max:"10s" help:"How long a request waits for a place before it is told overloaded."`
	Deadline            config.Duration `yaml:"deadline" default:"3s" min:"10ms" max:"1m" help:"How long a native request may wait for the registry."`
	RetryAfter          config.Duration `yaml:"retry_after" default:"2s" min:"1s" max:"10m" help:"What Retry-After says when the registry or the gateway cannot answer."`
	MaxDelay            config.Duration `yaml:"max_delay" default:"2s" min:"0s" max:"30s" help:"The longest that a slowed caller's answer is held back."`
	Lanes               LanesConfig     `yaml:"lanes"`
	Stream              StreamConfig    `yaml:"stream"`
	Portal              PortalConfig    `yaml:"portal"`
}

// LanesConfig is who goes first when not everybody can: clinics' lookups, then other lookups and single verifications,
// then batches.
type LanesConfig struct {
	ClinicReserve       float64 `yaml:"clinic_reserve" default:"0.25" min:"0" max:"0.9" help:"Share of max_in_flight that only clinics' lookups may take."`
	RegistrationReserve float64 `yaml:"registration_reserve" default:"0.25" min:"0" max:"0.9" help:"Share of max_in_flight that batches leave to single verifications, beside the clinics' share."`
	BatchShare          float64 `yaml:"batch_share" default:"0.2" min:"0.01" max:"1" help:"Share of one processor that batches may use while anybody else asks; while nobody does they may use all."`
}

// Validate holds the shares to leaving something for everybody.
func (c *LanesConfig) Validate() error {
	if c.ClinicReserve+c.RegistrationReserve > 0.95 {
		return fmt.Errorf("clinic_reserve %v: together with registration_reserve %v must not be above 0.95", c.ClinicReserve, c.RegistrationReserve)
	}
	return nil
}

// spare returns how many of n slots each lane leaves for those before it.
func (c *LanesConfig) spare(n int) (s [verify.Lanes]int64) {
	s[verify.LaneRegistration] = int64(c.ClinicReserve * float64(n))
	s[verify.LaneBatch] = s[verify.LaneRegistration] + int64(c.RegistrationReserve*float64(n))
	return s
}

// StreamConfig is about streamed verifications.
type StreamConfig struct {
	MaxLine     config.ByteSize `yaml:"max_line" default:"8KiB" min:"1KiB" max:"64KiB" help:"Longest line of a stream; a longer one gets an error line."`
	Chunk       int             `yaml:"chunk" default:"500" min:"1" max:"500" help:"Lines that are looked up together."`
	IdleTimeout config.Duration `yaml:"idle_timeout" default:"30s" min:"1s" max:"10m" help:"How long a stream may pause before it is ended."`
	MaxStreams  int             `yaml:"max_streams" default:"64" min:"1" help:"Streams under way at once."`
}

// PortalConfig is about the national portal's contract.
type PortalConfig struct {
	Deadline    config.Duration     `yaml:"deadline" default:"7s" min:"10ms" max:"1m" help:"How long a portal lookup may wait for the registry; clients give up after 8 s."`
	TokenKeys   []config.SecretFile `yaml:"token_keys" help:"Files with the secrets that sign tokens, 16 bytes or more each: the first signs, all are accepted, so that a key can be changed in two steps."`
	TokenLife   config.Duration     `yaml:"token_life" default:"24h" min:"1m" max:"30d" help:"What expires_in promises."`
	TokenGrace  config.Duration     `yaml:"token_grace" default:"1h" min:"0s" max:"30d" help:"How long a token is still accepted after that."`
	OfficerRule bool                `yaml:"officer_rule" default:"true" help:"Whether KQNhanLichSuKCB2024 and Lskcb2025 must name a registered officer (054, 055)."`
	CORSOrigin  string              `yaml:"cors_origin" default:"*" help:"The origin that browser-side clients of the portal's calls may come from; empty switches CORS off."`
}

// Validate holds the settings to what their tags cannot say.
func (c *Config) Validate() error {
	var faults []error
	if c.MaxBody < c.Stream.MaxLine {
		faults = append(faults, fmt.Errorf("max_body %s: must not be below stream.max_line %s", c.MaxBody, c.Stream.MaxLine))
	}
	if _, err := c.proxies(); err != nil {
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// Probe implements config.Prober.
func (c *PortalConfig) Probe() error {
	if len(c.TokenKeys) == 0 {
		return errors.New("token_keys: name at least one file; make it with openssl rand -hex 32")
	}
	var faults []error
	for _, f := range c.TokenKeys {
		key, err := f.Read()
		if err == nil {
			_, err = portal.NewTokens([][]byte{key}, c.TokenLife.Std(), c.TokenGrace.Std())
		}
		faults = append(faults, config.Fault("token_keys", string(f), "make it with openssl rand -hex 32", err))
	}
	return errors.Join(faults...)
}

func (c *Config) proxies() ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, text := range c.TrustedProxies {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("trusted_proxies %q: must be a network such as 10.0.0.0/8: %w", text, err)
		}
		all = append(all, p.Masked())
	}
	return all, nil
}

// Deps are the collaborators of the edge. Tokens, Budget, Metrics, Tracer and Log may be nil; the others are required.
type Deps struct {
	Resolver Resolver
	Callers  Callers
	Accounts PortalAccounts
	Tokens   Tokens // nil: no access tokens, and no paths for them
	Limits   Limits
	Budget   Budget // nil: nobody is asked
	// Strangers slows addresses that show credentials nobody holds; nil: none is.
	Strangers Strangers
	Policy    Policy // the one the Resolver judges by
	Recorder  Recorder
	Hasher    *verify.SubjectHasher
	Clock     verify.Clock
	// TokenKeys are secrets for portal tokens in addition to those in Config, which come first.
	TokenKeys [][]byte

	Metrics *metric.Set
	Tracer  trace.Tracer
	Log     *slog.Logger
}

func (d *Deps) check() error {
	required := []struct {
		name    string
		missing bool
	}{
		{"Resolver", d.Resolver == nil}, {"Callers", d.Callers == nil}, {"Accounts", d.Accounts == nil},
		{"Limits", d.Limits == nil}, {"Policy", d.Policy == nil}, {"Recorder", d.Recorder == nil}, {"Hasher", d.Hasher == nil}, {"Clock", d.Clock == nil},
	}
	for _, r := range required {
		if r.missing {
			return errors.New("wiring the gateway: no " + r.name)
		}
	}
	if d.Budget == nil {
		d.Budget = noBudget{}
	}
	if d.Strangers == nil {
		d.Strangers = noStrangers{}
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	return nil
}

func (c *Config) tokenKeys(more [][]byte) ([][]byte, error) {
	var keys [][]byte
	for _, f := range c.Portal.TokenKeys {
		key, err := f.Read()
		if err != nil {
			return nil, fmt.Errorf("reading portal.token_keys: %w", err)
		}
		keys = append(keys, key)
	}
	return append(keys, more...), nil
}

// base is the context of every request that is not traced: fasthttp has none of its own worth the name.
func base() (context.Context, context.CancelFunc) { return context.WithCancel(context.Background()) }

func seconds(d time.Duration) int64 { return max(1, int64((d+time.Second-1)/time.Second)) }
