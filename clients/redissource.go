package clients

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/verigate/verigate/internal/metric"
	"github.com/verigate/verigate/internal/replace"
)

// copyName is the copy's file in [Config].Data.
const copyName = "directory"

// confirmEvery is how often the copy's time is set to when it was last found to be what is in Redis.
const confirmEvery = 10 * time.Second

// redisSource watches the directory in Redis and keeps a copy of it on disk, sealed as it came, so that a node starts
// while Redis is away. Numbers only rise: an older directory in Redis, or none, is what a failover to a replica that
// lagged, a restore or an attacker leaves. It is refused, and the node puts back what it has.
type redisSource struct {
	store    *RedisStore
	copy     string
	alone    time.Duration
	log      *slog.Logger
	restored *metric.Counter

	told      string    // the number beside the directory that was read last
	inForce   uint64    // 0: none yet
	confirmed time.Time // of the copy, on disk
}

func newRedisSource(cfg *Config, secrets *Secrets, deps *Deps) (*redisSource, error) {
	store, err := OpenRedis(cfg.Redis, secrets)
	if err != nil {
		return nil, err
	}
	s := &redisSource{
		store: store, copy: filepath.Join(cfg.Data, copyName), alone: cfg.Redis.Alone.Std(), log: deps.Log,
		restored: deps.Metrics.Counter("verigate_clients_directory_restored_total", "Times a node put its directory back into Redis, which had an older one or none."),
	}
	if e, _, err := s.readCopy(); err == nil {
		s.store.learn(e.Version)
	}
	return s, nil
}

// next implements source.
func (s *redisSource) next(ctx context.Context) (*edition, error) {
	number, err := s.store.number(ctx)
	if err != nil {
		return nil, err
	}
	if number == s.told && number != "" {
		s.confirm(number)
		return nil, nil
	}
	s.told = "" // until the directory itself was looked at
	number, e, err := s.store.fetch(ctx)
	if _, away := errors.AsType[*awayError](err); away {
		return nil, err
	}
	if _, older := errors.AsType[*olderError](err); older || errors.Is(err, ErrNoDirectory) {
		s.restore(ctx, number, err)
		return nil, err
	}
	s.told = number
	if err != nil {
		return nil, err
	}
	out := &edition{version: strconv.FormatUint(e.Version, 10), number: e.Version}
	if e.Version != s.inForce {
		out.text, out.sealed = e.Text, e.seal(s.store.secrets)
	}
	return out, nil
}

// restore puts the copy back into Redis unless the copy is older than what is known. The next look finds it there.
func (s *redisSource) restore(ctx context.Context, number string, reason error) {
	e, raw, err := s.readCopy()
	if err != nil || e.Version < s.store.known.Load() {
		return
	}
	if done, err := s.store.put(ctx, number, e.Version, raw); err != nil || !done {
		return
	}
	s.restored.Inc()
	s.log.Warn("caller directory put back into Redis", "version", e.Version, "reason", reason)
}

// keep implements source: what is in force is kept on disk.
func (s *redisSource) keep(e *edition) error {
	s.inForce = e.number
	s.store.learn(e.number)
	if e.sealed == nil {
		return nil
	}
	s.confirmed = time.Now()
	return replace.File(s.copy, e.sealed)
}

// confirm notes on disk that the copy is still what is in Redis.
func (s *redisSource) confirm(number string) {
	now := time.Now()
	if now.Sub(s.confirmed) < confirmEvery || number != strconv.FormatUint(s.inForce, 10) {
		return
	}
	s.confirmed = now
	_ = os.Chtimes(s.copy, now, now) // a time that stays older is on the safe side
}

func (s *redisSource) readCopy() (*envelope, []byte, error) {
	raw, err := os.ReadFile(s.copy)
	if err != nil {
		return nil, nil, err
	}
	e, err := openEnvelope(s.store.secrets, raw)
	if err != nil {
		return nil, nil, fmt.Errorf("the copy %s is refused: %w", s.copy, err)
	}
	return e, raw, nil
}

// fallback implements source: it is how a node starts while Redis is away, or has nothing sound.
func (s *redisSource) fallback(reason error) (*edition, time.Time, error) {
	info, err := os.Stat(s.copy)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, time.Time{}, fmt.Errorf("%w; there is no copy in %s either", reason, s.copy)
	}
	if err != nil {
		return nil, time.Time{}, errors.Join(reason, err)
	}
	if age := time.Since(info.ModTime()); age > s.alone {
		return nil, time.Time{}, fmt.Errorf("%w; and the copy %s was last confirmed %s ago, longer than redis.alone allows (%s)", reason, s.copy, age.Round(time.Second), s.alone)
	}
	e, _, err := s.readCopy()
	if err != nil {
		return nil, time.Time{}, errors.Join(reason, err)
	}
	s.log.Warn("starting with the copy of the caller directory", "file", s.copy, "confirmed", info.ModTime(), "reason", reason)
	return &edition{version: strconv.FormatUint(e.Version, 10), text: e.Text, number: e.Version}, info.ModTime(), nil
}

func (s *redisSource) name() string { return "redis" }

func (s *redisSource) changes(*Secrets) Store { return s.store }

func (s *redisSource) close() error { return s.store.Close() }
