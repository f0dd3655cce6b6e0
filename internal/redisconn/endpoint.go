package redisconn

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/verigate/verigate/config"
)

// Endpoint says where Redis is and how one gets in. It is inlined into the settings of a room that uses Redis; without
// URL and Addresses that room does without.
type Endpoint struct {
	URL              string            `yaml:"url" help:"One Redis server: redis://[user@]host:port/db, or rediss:// for TLS. Empty together with addresses: none."`
	Addresses        []string          `yaml:"addresses" help:"host:port of the Sentinels (with sentinel_master) or of some Cluster nodes, instead of url."`
	SentinelMaster   string            `yaml:"sentinel_master" help:"Name of the master that the Sentinels watch."`
	Username         string            `yaml:"username" help:"Name of the Redis user."`
	PasswordFile     config.SecretFile `yaml:"password_file" help:"File with the Redis password."`
	SentinelPassword config.SecretFile `yaml:"sentinel_password_file" help:"File with the Sentinels' password."`
	DB               int               `yaml:"db" min:"0" help:"Database number behind Sentinel; a single server's is in its url, a Cluster has none."`
	TLS              bool              `yaml:"tls" help:"Speak TLS to the addresses."`
	CAFile           string            `yaml:"ca_file" help:"PEM file with the authorities that sign Redis's certificate; empty: the system's."`
}

// Enabled tells whether there is a Redis at all.
func (e *Endpoint) Enabled() bool { return e.URL != "" || len(e.Addresses) > 0 }

// Validate implements config.Validator.
func (e *Endpoint) Validate() error {
	switch {
	case e.URL != "" && len(e.Addresses) > 0:
		return errors.New("addresses: give either url or addresses")
	case e.SentinelMaster != "" && len(e.Addresses) == 0:
		return errors.New("sentinel_master: needs the Sentinels' addresses")
	}
	return nil
}

// Probe implements config.Prober. Password files are looked at by [config.Check] already.
func (e *Endpoint) Probe() error {
	if !e.Enabled() {
		return nil
	}
	var o redis.UniversalOptions
	_, err := config.Authorities(e.CAFile)
	faults := []error{config.Fault("ca_file", e.CAFile, "put the certificate of Redis's authority there, in PEM", err)}
	if e.URL != "" {
		faults = append(faults, e.single(&o))
	}
	return errors.Join(faults...)
}

// Limits bound a client. All of them are needed.
type Limits struct {
	Timeout     time.Duration // longest wait for one answer, and for a free connection
	DialTimeout time.Duration
	Connections int // most to one server
}

// Client makes a client: behind Sentinel with a master's name, a Cluster with addresses alone, else one server. It fails
// for a URL or a file that cannot be used, and does not connect. The caller closes it.
func (e *Endpoint) Client(limits Limits) (redis.UniversalClient, error) {
	quietOnce.Do(func() { redis.SetLogger(quiet{}) })
	o := &redis.UniversalOptions{
		Addrs: e.Addresses, MasterName: e.SentinelMaster, IsClusterMode: e.SentinelMaster == "" && len(e.Addresses) > 0,
		Username: e.Username, DB: e.DB,
	}
	if err := e.secrets(o); err != nil {
		return nil, err
	}
	if e.URL != "" {
		if err := e.single(o); err != nil {
			return nil, err
		}
	}
	limits.apply(o)
	return redis.NewUniversalClient(o), nil
}

// apply turns off what would make a sick Redis sicker or a request slower: retries, long timeouts, the library's habit
// of ignoring deadlines.
func (l Limits) apply(o *redis.UniversalOptions) {
	o.ContextTimeoutEnabled = true
	o.ReadTimeout, o.WriteTimeout, o.DialTimeout = l.Timeout, l.Timeout, l.DialTimeout
	o.MaxRetries, o.DialerRetries, o.DialerRetryTimeout = -1, 1, time.Millisecond
	o.PoolSize, o.PoolTimeout = l.Connections, l.Timeout
	o.PipelinePoolSize = -1 // everything here is a pipeline: one pool
	o.MinIdleConns = min(2, l.Connections)
	o.DisableIdentity = true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

func (e *Endpoint) secrets(o *redis.UniversalOptions) error {
	for _, s := range []struct {
		setting string
		file    config.SecretFile
		to      *string
	}{{"password_file", e.PasswordFile, &o.Password}, {"sentinel_password_file", e.SentinelPassword, &o.SentinelPassword}} {
		if !s.file.Set() {
			continue
		}
		b, err := s.file.Read()
		if err != nil {
			return fmt.Errorf("reading %s: %w", s.setting, err)
		}
		*s.to = string(b)
	}
	if !e.TLS && e.CAFile == "" {
		return nil
	}
	o.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	var err error
	if o.TLSConfig.RootCAs, err = config.Authorities(e.CAFile); err != nil {
		return fmt.Errorf("reading ca_file %s: %w", e.CAFile, err)
	}
	return nil
}

// single takes a server's address from its URL. The URL's text is not in the error: it may hold a password.
func (e *Endpoint) single(o *redis.UniversalOptions) error {
	u, err := redis.ParseURL(e.URL)
	if err != nil {
		return errors.New("url: is not of the form redis://[user@]host:port/db or rediss://")
	}
	o.Addrs, o.DB = []string{u.Addr}, u.DB
	if u.Username != "" {
		o.Username = u.Username
	}
	if u.Password != "" && o.Password == "" {
		o.Password = u.Password
	}
	if u.TLSConfig != nil {
		if o.TLSConfig != nil {
			u.TLSConfig.RootCAs = o.TLSConfig.RootCAs
		}
		o.TLSConfig = u.TLSConfig
	}
	return nil
}

// quiet silences the library, which prints a line for every connection that fails: failures are counted by those who
// see them. The library has one logger for the process, so it is set once.
type quiet struct{}

var quietOnce sync.Once

// Printf drops the line.
func (quiet) Printf(context.Context, string, ...any) {}
