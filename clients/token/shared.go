package token

import (
	"context"
	"encoding/hex"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/internal/metric"
	"github.com/verigate/verigate/internal/redisconn"
)

// shared remembers signed requests in Redis, for all nodes and over restarts. It fails open: what Redis cannot tell is
// left to this node's own memory, and counted.
type shared struct {
	client redis.UniversalClient
	prefix string
	life   time.Duration
	after  atomic.Int64 // Mono before which a Redis that failed is not asked again
	alone  *metric.Counter
}

const (
	sharedTimeout = 200 * time.Millisecond // only requests for tokens wait for it
	sharedPause   = time.Second
)

func newShared(cfg *clients.RedisConfig, life time.Duration, set *metric.Set) (*shared, error) {
	client, err := cfg.Client(redisconn.Limits{Timeout: sharedTimeout, DialTimeout: sharedTimeout, Connections: 4})
	if err != nil {
		return nil, fmt.Errorf("reaching Redis: %w", err)
	}
	return &shared{client: client, prefix: cfg.Prefix + "jti:", life: life, alone: set.Counter("verigate_tokens_unshared_total",
		"Signed requests for a token that only this node remembers, because Redis could not be asked.")}, nil
}

// take remembers a signed request and tells whether no node has seen it before.
func (s *shared) take(now int64, key [16]byte) bool {
	if now < s.after.Load() {
		s.alone.Inc()
		return true
	}
	ctx, cancel := context.WithTimeout(context.Background(), sharedTimeout)
	defer cancel()
	fresh, err := s.client.SetNX(ctx, s.prefix+hex.EncodeToString(key[:]), "", s.life).Result()
	if err != nil {
		s.after.Store(now + int64(sharedPause))
		s.alone.Inc()
		return true
	}
	return fresh
}
