package shared

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/verigate/verigate/config"
)

// Config says where Redis is and how long it is waited for. Without URL and Addresses there is no shared cache.
type Config struct {
	URL               string            `yaml:"url" help:"One Redis server: redis://[user@]host:port/db, or rediss:// for TLS. Empty together with addresses: no shared cache."`
	Addresses         []string          `yaml:"addresses" help:"host:port of the Sentinels (with sentinel_master) or of some Cluster nodes, instead of url."`
	SentinelMaster    string            `yaml:"sentinel_master" help:"Name of the master that the Sentinels watch."`
	Username          string            `yaml:"username" help:"Name of the Redis user."`
	PasswordFile      config.SecretFile `yaml:"password_file" help:"File with the Redis password."`
	SentinelPassword  config.SecretFile `yaml:"sentinel_password_file" help:"File with the Sentinels' password."`
	DB                int               `yaml:"db" min:"0" help:"Database number behind Sentinel; a single server's is in its url, a Cluster has none."`
	TLS               bool              `yaml:"tls" help:"Speak TLS to the addresses."`
	CAFile            string            `yaml:"ca_file" help:"PEM file with the authorities that sign Redis's certificate; empty: the system's."`
	KeyFile           config.SecretFile `yaml:"key_file" help:"File with the secret that seals the values, the same on every node."`
	Prefix            string            `yaml:"prefix" default:"verigate:r1:" help:"What every key begins with."`
	Timeout           config.Duration   `yaml:"timeout" default:"20ms" min:"1ms" max:"2s" help:"How long a request waits for Redis; slower is a miss."`
	WriteTimeout      config.Duration   `yaml:"write_timeout" default:"250ms" min:"1ms" max:"5s" help:"How long the background waits for Redis."`
	DialTimeout       config.Duration   `yaml:"dial_timeout" default:"250ms" min:"1ms" max:"5s" help:"How long connecting may take."`
	Connections       int               `yaml:"connections" default:"32" min:"1" max:"4096" help:"Most connections to one Redis server."`
	FillQueue         int               `yaml:"fill_queue" default:"8192" min:"1" help:"Records waiting to be written; more are dropped and counted."`
	InvalidationQueue int               `yaml:"invalidation_queue" default:"65536" min:"1" help:"Changes waiting to be written; more are dropped and counted."`
	BreakerFailures   int               `yaml:"breaker_failures" default:"5" min:"1" help:"Failures in a row after which Redis is left alone."`
	BreakerPause      config.Duration   `yaml:"breaker_pause" default:"1s" min:"10ms" help:"For how long it is left alone before one trial."`
}

// Enabled tells whether there is a shared cache at all.
func (c *Config) Enabled() bool { return c.URL != "" || len(c.Addresses) > 0 }

// Validate implements config.Validator.
func (c *Config) Validate() error {
	switch {
	case c.URL != "" && len(c.Addresses) > 0:
		return errors.New("addresses: give either url or addresses")
	case c.SentinelMaster != "" && len(c.Addresses) == 0:
		return errors.New("sentinel_master: needs the Sentinels' addresses")
	case c.Enabled() && !c.KeyFile.Set():
		return errors.New("key_file: is needed, because nothing is stored in Redis unsealed")
	}
	return nil
}

// client makes the client: behind Sentinel with a master's name, a Cluster with addresses alone, else one server.
func (c *Config) client() (redis.UniversalClient, error) {
	o := &redis.UniversalOptions{
		Addrs: c.Addresses, MasterName: c.SentinelMaster, IsClusterMode: c.SentinelMaster == "" && len(c.Addresses) > 0,
		Username: c.Username, DB: c.DB,
	}
	if err := c.secrets(o); err != nil {
		return nil, err
	}
	if c.URL != "" {
		if err := c.single(o); err != nil {
			return nil, err
		}
	}
	c.limits(o)
	return redis.NewUniversalClient(o), nil
}

// limits turns off what would make a sick Redis sicker or a request slower: retries, long timeouts, the library's habit
// of ignoring deadlines.
func (c *Config) limits(o *redis.UniversalOptions) {
	longest := max(c.Timeout.Std(), c.WriteTimeout.Std())
	o.ContextTimeoutEnabled = true
	o.ReadTimeout, o.WriteTimeout, o.DialTimeout = longest, longest, c.DialTimeout.Std()
	o.MaxRetries, o.DialerRetries, o.DialerRetryTimeout = -1, 1, time.Millisecond
	o.PoolSize, o.PoolTimeout = c.Connections, longest
	o.PipelinePoolSize = -1 // everything here is a pipeline: one pool
	o.MinIdleConns = min(2, c.Connections)
	o.DisableIdentity = true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

func (c *Config) secrets(o *redis.UniversalOptions) error {
	for _, s := range []struct {
		setting string
		file    config.SecretFile
		to      *string
	}{{"password_file", c.PasswordFile, &o.Password}, {"sentinel_password_file", c.SentinelPassword, &o.SentinelPassword}} {
		if !s.file.Set() {
			continue
		}
		b, err := s.file.Read()
		if err != nil {
			return fmt.Errorf("reading %s: %w", s.setting, err)
		}
		*s.to = string(b)
	}
	if !c.TLS && c.CAFile == "" {
		return nil
	}
	o.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CAFile == "" {
		return nil
	}
	pem, err := os.ReadFile(c.CAFile)
	if err != nil {
		return fmt.Errorf("reading ca_file: %w", err)
	}
	o.TLSConfig.RootCAs = x509.NewCertPool()
	if !o.TLSConfig.RootCAs.AppendCertsFromPEM(pem) {
		return fmt.Errorf("reading ca_file: %s holds no PEM certificate", c.CAFile)
	}
	return nil
}

// single takes a server's address from its URL. The URL's text is not in the error: it may hold a password.
func (c *Config) single(o *redis.UniversalOptions) error {
	u, err := redis.ParseURL(c.URL)
	if err != nil {
		return errors.New("reading url: it is not of the form redis://[user@]host:port/db or rediss://")
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
