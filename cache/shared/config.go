package shared

import (
	"errors"

	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/internal/redisconn"
)

// Config says where Redis is and how long it is waited for. Without URL and Addresses there is no shared cache.
type Config struct {
	redisconn.Endpoint `yaml:",inline"`
	KeyFile            config.SecretFile `yaml:"key_file" help:"File with the secret that seals the values, the same on every node."`
	Prefix             string            `yaml:"prefix" default:"verigate:r1:" help:"What every key begins with."`
	Timeout            config.Duration   `yaml:"timeout" default:"20ms" min:"1ms" max:"2s" help:"How long a request waits for Redis; slower is a miss."`
	WriteTimeout       config.Duration   `yaml:"write_timeout" default:"250ms" min:"1ms" max:"5s" help:"How long the background waits for Redis."`
	DialTimeout        config.Duration   `yaml:"dial_timeout" default:"250ms" min:"1ms" max:"5s" help:"How long connecting may take."`
	Connections        int               `yaml:"connections" default:"32" min:"1" max:"4096" help:"Most connections to one Redis server."`
	FillQueue          int               `yaml:"fill_queue" default:"8192" min:"1" help:"Records waiting to be written; more are dropped and counted."`
	InvalidationQueue  int               `yaml:"invalidation_queue" default:"65536" min:"1" help:"Changes waiting to be written; more are dropped and counted."`
	BreakerFailures    int               `yaml:"breaker_failures" default:"5" min:"1" help:"Failures in a row after which Redis is left alone."`
	BreakerPause       config.Duration   `yaml:"breaker_pause" default:"1s" min:"10ms" help:"For how long it is left alone before one trial."`
}

// Validate implements config.Validator.
func (c *Config) Validate() error {
	if err := c.Endpoint.Validate(); err != nil {
		return err
	}
	if c.Enabled() && !c.KeyFile.Set() {
		return errors.New("key_file: is needed, because nothing is stored in Redis unsealed")
	}
	return nil
}

// Probe implements config.Prober.
func (c *Config) Probe() error {
	if !c.Enabled() {
		return nil
	}
	secret, err := c.KeyFile.Read()
	if err == nil {
		_, err = newSealer(secret)
	}
	return errors.Join(c.Endpoint.Probe(), config.Fault("key_file", string(c.KeyFile), "make one with openssl rand -hex 32, the same on every node", err))
}

func (c *Config) limits() redisconn.Limits {
	return redisconn.Limits{
		Timeout: max(c.Timeout.Std(), c.WriteTimeout.Std()), DialTimeout: c.DialTimeout.Std(), Connections: c.Connections,
	}
}
